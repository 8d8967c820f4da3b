import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { FolderWatch } from '../../../src/loading/folder-watch.ts'
import { temporaryFolder } from '../../support/folder.ts'

const slow = { timeout: 10_000 }

/** How often a change in one of the folders was noticed; of files only those of policies count. */
function follow(folders: readonly string[]): () => number {
  let changes = 0
  const watch = new FolderWatch({
    onChange: () => changes++,
    onLost: (error) => expect.unreachable(error.message),
    files: /\.yaml$/,
  })
  onTestFinished(() => watch.close())
  watch.follow(folders)
  return () => changes
}

describe('a folder that is followed with the one above it', () => {
  test.each([
    ['behind', (outer: string, inner: string) => [outer, inner]],
    ['before', (outer: string, inner: string) => [inner, outer]],
  ])('is waited for where it is missing, and named %s it', async (_, order) => {
    const outer = temporaryFolder()
    mkdirSync(join(outer, 'next'))
    const changes = follow(order(outer, join(outer, 'later')))
    renameSync(join(outer, 'next'), join(outer, 'later'))
    await vi.waitFor(() => expect(changes()).toBeGreaterThan(0), slow)
  })
})
