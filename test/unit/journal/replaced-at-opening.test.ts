import { renameSync, writeFileSync } from 'node:fs'
import type * as Files from 'node:fs/promises'
import { join } from 'node:path'
import type * as Sqlite from 'node:sqlite'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { sqliteHistory } from '../../../src/history/sqlite.ts'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import { conversation } from '../../../src/testing/journal-records.ts'
import { temporaryFolder } from '../../support/folder.ts'

const meanwhile = vi.hoisted(() => ({ happens: (_path: string): void => undefined }))

vi.mock('node:sqlite', async (load) => {
  const actual = await load<typeof Sqlite>()
  class DatabaseSync extends actual.DatabaseSync {
    constructor(path: string, options: Sqlite.DatabaseSyncOptions) {
      meanwhile.happens(path)
      super(path, options)
    }
  }
  return { ...actual, DatabaseSync }
})

vi.mock('node:fs/promises', async (load) => {
  const actual = await load<typeof Files>()
  const open: typeof Files.open = async (path, flags, mode) => {
    const handle = await actual.open(path, flags, mode)
    if (flags === 'a') meanwhile.happens(String(path))
    return handle
  }
  return { ...actual, open }
})

beforeEach(() => {
  meanwhile.happens = () => undefined
})

/** Moves a file away at the next opening, and lets another one begin in its place. */
function replaceOnce(path: string): void {
  meanwhile.happens = (opened) => {
    if (opened !== path) return
    meanwhile.happens = () => undefined
    renameSync(path, `${path}.1`)
    writeFileSync(path, '')
  }
}

describe('a file that is replaced while it is opened takes nothing', () => {
  test.each([
    ['a journal in SQLite', sqliteJournal, ''],
    ['a journal of lines', jsonlJournal, ''],
    ['the payloads of a journal of lines', jsonlJournal, '.payloads'],
  ])('as %s', async (_, open, suffix) => {
    const path = join(temporaryFolder(), 'journal')
    const journal = open(path)
    replaceOnce(`${path}${suffix}`)
    await expect(journal.append('run_a', 0, conversation('run_a'))).rejects.toMatchObject({
      code: 'bad-journal',
      message: expect.stringContaining('removed or replaced') as string,
    })
    await journal.close()
  })

  test('as conversations', async () => {
    const path = join(temporaryFolder(), 'chats.db')
    const store = sqliteHistory(path)
    replaceOnce(path)
    const message = { role: 'user', content: 'hello' } as const
    const entry = { message, at: '2026-01-01T00:00:00.000Z', runId: 'run_a' }
    await expect(store.append('a', 0, [entry])).rejects.toMatchObject({
      code: 'bad-history',
      message: expect.stringContaining('removed or replaced') as string,
    })
    await store.close()
  })
})
