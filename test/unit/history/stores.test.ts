import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { chdir, cwd } from 'node:process'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../../src/base/clock.ts'
import { diskHistory } from '../../../src/history/disk.ts'
import type { HistoryEntry } from '../../../src/history/entry.ts'
import { historyManager } from '../../../src/history/manager.ts'
import { memoryHistory } from '../../../src/history/memory.ts'
import { sqliteHistory } from '../../../src/history/sqlite.ts'
import type { HistoryStore } from '../../../src/history/store.ts'
import { historySuite, type HistoryBench } from '../../../src/testing/history-suite.ts'
import { temporaryFolder } from '../../support/folder.ts'

const drivers: Readonly<Record<string, () => HistoryBench>> = {
  memory: () => ({ open: () => memoryHistory(), isFleeting: true }),
  disk: () => {
    const folder = join(temporaryFolder(), 'conversations')
    return { open: () => diskHistory(folder) }
  },
  sqlite: () => {
    const path = join(temporaryFolder(), 'conversations.db')
    return { open: () => sqliteHistory(path) }
  },
}

const entry: HistoryEntry = {
  message: { role: 'user', content: 'hello' },
  at: '2026-01-01T00:00:00.000Z',
  runId: 'run_a',
}

describe.each(Object.entries(drivers))('S2-40 a %s store', (_, make) => {
  for (const { name, run } of historySuite(make)) test(name, run)
})

test('S2-40 a broken store is found by its suite', async () => {
  const broken = { ...memoryHistory(), read: async () => [] }
  const cases = historySuite(() => ({ open: () => broken, isFleeting: true }))
  const outcomes = await Promise.allSettled(cases.map(({ run }) => run()))
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(5)
})

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
}

/** A folder in which a process has died that was removing a conversation. */
function brokenOff() {
  const folder = temporaryFolder()
  const left = join(folder, '.removed-0123abcd')
  mkdirSync(left)
  writeFileSync(join(left, '00000000.json'), JSON.stringify({ key: 'b', entries: [entry] }))
  return { folder, left, store: diskHistory(folder) }
}

describe('S2-40 a folder of conversations', () => {
  test('has nothing of a name in a path, and is for its user alone', async () => {
    const outer = temporaryFolder()
    const folder = join(outer, 'kept')
    const store = diskHistory(folder)
    for (const name of ['../escaped', '/tmp/escaped', 'a\0b', 'x'.repeat(300)]) {
      await store.append(name, 0, [entry])
      await store.lease(name, 'holder', 1_000)
    }
    expect(readdirSync(outer)).toEqual(['kept'])
    const names = filesIn(folder)
    const known = /^(leases|(leases\/)?[0-9a-f]{64}(\/(00000000\.json|lease\.00000001))?)$/
    expect(names.filter((name) => !known.test(name))).toEqual([])
    for (const name of names) expect(statSync(join(folder, name)).mode & 0o077).toBe(0)
  })

  test('is refused where a file was altered, taken away or put in the place of another', async () => {
    const folder = temporaryFolder()
    const store = diskHistory(folder)
    for (const name of ['a', 'b']) for (const at of [0, 1]) await store.append(name, at, [entry])
    const [first, second] = filesIn(folder)
      .filter((name) => name.endsWith('00.json'))
      .map((name) => join(folder, name))
    const [one, other] = [readFileSync(first!, 'utf8'), readFileSync(second!, 'utf8')]
    for (const text of [other, '{}', '', one.slice(0, -3), '{"key":"a","entries":[null]}']) {
      writeFileSync(first!, text)
      const reads = await Promise.allSettled([store.read('a'), store.read('b')])
      const failed = reads.flatMap((read) => (read.status === 'rejected' ? [read.reason] : []))
      expect(failed).toMatchObject([{ code: 'bad-history' }])
    }
    writeFileSync(first!, one)
    await expect(Promise.all([store.read('a'), store.read('b')])).resolves.toHaveLength(2)
  })

  describe('where a removal was broken off', () => {
    test('keeps nothing of it once it is asked for again', async () => {
      const { folder, store } = brokenOff()
      expect(await store.remove('b')).toBe(false)
      expect(readdirSync(folder)).toEqual([])
    })

    test('keeps nothing of it once what is there is listed', async () => {
      const { folder, store } = brokenOff()
      await store.append('a', 0, [entry])
      const kept: unknown[] = []
      for await (const { key } of store.list()) kept.push(key)
      expect(kept).toEqual(['a'])
      expect(readdirSync(folder)).toHaveLength(1)
    })

    test('follows no link that stands in its place', async () => {
      const { folder, left, store } = brokenOff()
      const other = join(temporaryFolder(), 'other')
      mkdirSync(other)
      writeFileSync(join(other, 'kept'), '')
      rmSync(left, { recursive: true })
      symlinkSync(other, left)
      symlinkSync(other, join(folder, '.removed'))
      expect(await store.remove('b')).toBe(false)
      expect(readdirSync(other)).toEqual(['kept'])
      expect(readdirSync(folder)).toEqual(['.removed'])
    })
  })

  test('removes many at a time', async () => {
    const folder = temporaryFolder()
    const store = diskHistory(folder)
    const removals = Array.from({ length: 20 }, async (_, at) => {
      await store.append(`c${at}`, 0, [entry])
      return store.remove(`c${at}`)
    })
    expect(new Set(await Promise.all(removals))).toEqual(new Set([true]))
    expect(readdirSync(folder)).toEqual([])
  })

  test('lists what stands beside a damaged conversation, which can be removed', async () => {
    const folder = temporaryFolder()
    const store = diskHistory(folder)
    for (const name of ['a', 'b', 'c', 'd']) await store.append(name, 0, [entry])
    const [damaged] = filesIn(folder).filter((name) => name.endsWith('.json'))
    writeFileSync(join(folder, damaged!), '{}')
    const listed: string[] = []
    const listing = (async () => {
      for await (const { key } of store.list()) listed.push(key)
    })()
    await expect(listing).rejects.toMatchObject({ code: 'bad-history' })
    expect(listed).toHaveLength(3)
    const [key] = ['a', 'b', 'c', 'd'].filter((name) => !listed.includes(name))
    await expect(store.remove(key!, 1)).rejects.toMatchObject({ code: 'bad-history' })
    expect(await store.remove(key!)).toBe(true)
    expect(await store.remove(key!)).toBe(false)
    expect(await store.read(key!)).toEqual([])
  })

  test('takes nothing half written for a conversation', async () => {
    const folder = temporaryFolder()
    const store = diskHistory(folder)
    await store.append('a', 0, [entry])
    const place = join(folder, filesIn(folder)[0]!)
    writeFileSync(join(place, '.0123456789abcdef'), '{"key":"a","ent')
    expect(await store.read('a')).toEqual([entry])
    await store.append('a', 1, [entry])
    expect(await store.read('a')).toHaveLength(2)
  })
})

test.each([
  ['removed', (path: string) => rmSync(path)],
  ['moved', (path: string) => renameSync(path, `${path}.1`)],
])('S2-40 a file of conversations that was %s takes nothing more', async (_, change) => {
  const path = join(temporaryFolder(), 'kept.db')
  const store = sqliteHistory(path)
  await store.append('a', 0, [entry])
  change(path)
  const error = {
    code: 'bad-history',
    message: expect.stringContaining('removed or replaced while it was in use') as string,
  }
  await expect(store.append('a', 1, [entry])).rejects.toMatchObject(error)
  await expect(store.lease('a', 'holder', 1_000)).rejects.toMatchObject(error)
  await store.close()
})

test('S2-40 a file of conversations stays where it is when the process goes to another folder', async () => {
  const before = cwd()
  const folder = temporaryFolder()
  chdir(folder)
  try {
    const store = sqliteHistory('kept.db')
    await store.append('a', 0, [entry])
    chdir(temporaryFolder())
    await store.append('a', 1, [entry])
    expect(await store.read('a')).toHaveLength(2)
    await store.close()
    expect(readdirSync('.')).toEqual([])
  } finally {
    chdir(before)
  }
})

test('S2-40 a file of something else is not used for conversations', async () => {
  const path = join(temporaryFolder(), 'other.db')
  writeFileSync(path, 'no database at all, but long enough to be looked at as one'.repeat(20))
  await expect(sqliteHistory(path).read('a')).rejects.toMatchObject({ code: 'bad-history' })
  const { DatabaseSync } = await import('node:sqlite')
  const database = join(temporaryFolder(), 'others.db')
  new DatabaseSync(database).exec('CREATE TABLE theirs (a)')
  await expect(sqliteHistory(database).append('a', 0, [entry])).rejects.toMatchObject({
    code: 'bad-history',
    message: expect.stringContaining('something else') as string,
  })
})

test('S2-40 nothing of a removed conversation is left in the files of SQLite', async () => {
  const folder = temporaryFolder()
  const store = sqliteHistory(join(folder, 'conversations.db'))
  const filesWithText = (): readonly string[] =>
    filesIn(folder).filter((name) => readFileSync(join(folder, name)).includes('hello'))
  await store.append('a', 0, [entry])
  expect(filesWithText()).not.toEqual([])
  expect(await store.remove('a')).toBe(true)
  expect(filesWithText()).toEqual([])
  await store.close()
})

test.each<[string, (options: { readonly clock: Clock }) => HistoryStore]>([
  ['memoryHistory', (options) => memoryHistory(options)],
  ['diskHistory', (options) => diskHistory(temporaryFolder(), options)],
  ['sqliteHistory', (options) => sqliteHistory(join(temporaryFolder(), 'kept.db'), options)],
  ['historyManager', (options) => historyManager(memoryHistory(), { ttlMs: 1_000, ...options })],
])('S2-40 %s refuses a clock that is none when it is given', (_, open) => {
  expect(() => open({ clock: {} as Clock })).toThrow(
    expect.objectContaining({ code: 'bad-option', message: '`clock` is not a clock' }),
  )
})
