import { appendFileSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { notePruned, readPruned } from '../../../src/cli/pruned-list.ts'
import { takeLock } from '../../../src/journal/lock.ts'
import { temporaryFolder } from '../../support/folder.ts'

const removing = (runId: string) => ({ erased: [], removed: [runId], unfinished: [] })

/** The path of a journal. */
function journalFile(): string {
  const path = join(temporaryFolder(), 'journal.db')
  writeFileSync(path, '')
  return path
}

describe('the list of what was pruned', () => {
  test('is whole where several prune at once', async () => {
    const path = journalFile()
    await Promise.all(['a', 'b', 'c'].map((run) => notePruned(path, removing(run), undefined)))
    const list = await readPruned(path)
    expect(list).toMatchObject({ entries: 3, isWhole: true })
    expect(list!.removed.toSorted()).toEqual(['a', 'b', 'c'])
    expect(readdirSync(join(path, '..')).toSorted()).toEqual(['journal.db', 'journal.db.pruned'])
  })

  test('stands beside the journal, by whatever link that is reached', async () => {
    const path = journalFile()
    const link = join(temporaryFolder(), 'link')
    symlinkSync(path, link)
    await notePruned(link, removing('a'), undefined)
    await notePruned(path, removing('b'), undefined)
    for (const named of [path, link]) {
      expect(await readPruned(named)).toMatchObject({ removed: ['a', 'b'], isWhole: true })
    }
  })

  test('goes on behind an entry of which a full disk took only a part', async () => {
    const path = journalFile()
    await notePruned(path, removing('a'), undefined)
    appendFileSync(`${path}.pruned`, '{"at":"2026-01-0')
    expect(await readPruned(path)).toMatchObject({ entries: 1, removed: ['a'], isWhole: true })
    await notePruned(path, removing('b'), undefined)
    expect(await readPruned(path)).toMatchObject({ removed: ['a', 'b'], isWhole: true })
  })
  test('is not one that stands beside a link, which would be passed over', async () => {
    const path = journalFile()
    const link = join(temporaryFolder(), 'link')
    symlinkSync(path, link)
    await notePruned(path, removing('a'), undefined)
    renameSync(`${path}.pruned`, `${link}.pruned`)
    const refused = {
      code: 'bad-file',
      help: expect.stringContaining(`\`${path}.pruned\``) as string,
    }
    await expect(readPruned(link)).rejects.toMatchObject(refused)
    await expect(notePruned(link, removing('b'), undefined)).rejects.toMatchObject(refused)
    renameSync(`${link}.pruned`, `${path}.pruned`)
    symlinkSync(`${path}.pruned`, `${link}.pruned`)
    symlinkSync(join(path, '..'), `${link}.folder`)
    for (const named of [link, join(`${link}.folder`, 'journal.db')]) {
      expect(await readPruned(named)).toMatchObject({ removed: ['a'] })
    }
  })

  test('waits for another process that adds to it, longer than for a journal', async () => {
    const path = journalFile()
    const unlock = await takeLock(`${path}.pruned.lock`)
    const noted = notePruned(path, removing('a'), undefined)
    await Promise.race([noted, setTimeout(500)])
    await unlock()
    await noted
    expect(await readPruned(path)).toMatchObject({ removed: ['a'] })
  })
})
