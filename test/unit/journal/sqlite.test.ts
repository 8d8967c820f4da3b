import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { Chain } from '../../../src/journal/chain.ts'
import type { Journal, JournalRecord } from '../../../src/journal/journal.ts'
import { recordPages } from '../../../src/journal/sqlite-reader.ts'
import { selectBytes, selectRecords } from '../../../src/journal/sqlite-statements.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import { journalSuite } from '../../../src/testing/journal-suite.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { sqliteStore } from '../../support/journal-stores.ts'
import { runScript } from '../../support/script.ts'

const fresh = (): string => join(temporaryFolder(), 'journal.db')

function records(runId: string, count: number, content = 'text'): readonly JournalRecord[] {
  const chain = new Chain()
  return Array.from({ length: count }, (_, seq) =>
    chain.seal({
      type: 'execution-progress',
      callId: 'c',
      value: content,
      seq,
      runId,
      turn: 1,
      at: '2026-01-01T00:00:00.000Z',
    }),
  )
}

function intent(runId: string): JournalRecord {
  return new Chain().seal({
    type: 'execution-start',
    callId: 'c',
    tool: 't',
    argsDigest: 'sha256:0',
    idempotencyKey: 'k',
    seq: 0,
    runId,
    turn: 1,
    at: '2026-01-01T00:00:00.000Z',
  })
}

async function all(journal: Journal, runId: string): Promise<readonly JournalRecord[]> {
  const found: JournalRecord[] = []
  for await (const record of journal.read(runId)) found.push(record)
  return found
}

describe('SQLite journal', () => {
  for (const { name, run } of journalSuite(() => sqliteStore())) test(name, run)

  test('reads records that are larger than a page, each once and in order', async () => {
    const path = fresh()
    const writer = sqliteJournal(path)
    const chain = new Chain()
    const written = ['a', 'b'.repeat(2 ** 21), 'c', 'd'.repeat(2 ** 20), 'e'].map((value, seq) =>
      chain.seal({
        type: 'execution-progress',
        callId: 'c',
        value,
        seq,
        runId: 'run_a',
        turn: 1,
        at: '',
      }),
    )
    await writer.append('run_a', 0, written)
    const read = await all(writer, 'run_a')
    expect(read.map(({ seq, payload }) => [seq, payload])).toEqual(
      written.map(({ seq, payload }) => [seq, payload]),
    )
    await writer.close()
  })

  test('holds little more than 128 Ki characters of a run at a time', async () => {
    const path = fresh()
    const writer = sqliteJournal(path)
    await writer.append('run_a', 0, records('run_a', 600, 'p'.repeat(20_000)))
    await writer.close()
    using database = new DatabaseSync(path)
    const sizes: number[] = []
    const page = database.prepare(selectRecords(3))
    const bytes = (): StatementSync => database.prepare(selectBytes(3))
    for (const found of recordPages({ page, bytes }, 'run_a', 0)) {
      sizes.push(found.reduce((sum, { line, payload }) => sum + line.length + payload!.length, 0))
    }
    expect(sizes.length).toBeGreaterThan(80)
    expect(Math.max(...sizes)).toBeLessThan(2 ** 17 + 21_000)
  })

  test('gives back in another journal object what was written, also more than a page of it', async () => {
    const path = fresh()
    const written = records('run_a', 700)
    const writer = sqliteJournal(path)
    await writer.append('run_a', 0, written)
    const reader = sqliteJournal(path)
    expect((await all(reader, 'run_a')).map(({ line, payload }) => [line, payload])).toEqual(
      written.map(({ line, payload }) => [line, payload]),
    )
    await writer.close()
    expect(await all(reader, 'run_a')).toHaveLength(700)
    await reader.close()
  })

  test('shows a reader what is appended while it reads', async () => {
    const journal = sqliteJournal(fresh())
    const written = records('run_a', 600)
    await journal.append('run_a', 0, written.slice(0, 500))
    let seen = 0
    for await (const { seq } of journal.read('run_a')) {
      expect(seq).toBe(seen++)
      if (seen === 100) await journal.append('run_a', 500, written.slice(500))
    }
    expect(seen).toBe(600)
    await journal.close()
  })

  test('writes the appends of one tick in one transaction, and fails only the one that is late', async () => {
    const path = fresh()
    const journal = sqliteJournal(path)
    const outcomes = await Promise.allSettled([
      journal.append('run_a', 0, records('run_a', 1)),
      journal.append('run_b', 5, records('run_b', 1)),
      journal.append('run_c', 0, [intent('run_c')]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'journal-conflict' } })
    await journal.close()
    const ids: string[] = []
    for await (const id of sqliteJournal(path).list()) ids.push(id)
    expect(ids).toEqual(['run_a', 'run_c'])
  })

  test('can be written by two processes at once, each its own run', async () => {
    const path = fresh()
    const script = `
      import { Chain } from '${new URL('../../../src/journal/chain.ts', import.meta.url).href}'
      import { sqliteJournal } from '${new URL('../../../src/journal/sqlite.ts', import.meta.url).href}'
      const journal = sqliteJournal(process.argv[2])
      const runId = process.argv[3]
      const chain = new Chain()
      for (let seq = 0; seq < 200; seq++) {
        const event = { type: 'turn-start', seq, runId, turn: seq, at: '2026-01-01T00:00:00.000Z' }
        await journal.append(runId, seq, [chain.seal(event)])
      }
      await journal.close()`
    const ends = await Promise.all(
      ['run_a', 'run_b', 'run_c'].map((runId) => runScript(script, [path, runId])),
    )
    expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual(ends.map(() => [0, '']))
    const journal = sqliteJournal(path)
    for (const runId of ['run_a', 'run_b', 'run_c']) {
      expect(await all(journal, runId)).toHaveLength(200)
    }
    await journal.close()
  })

  test('is a file that only its owner reads', async () => {
    const path = fresh()
    const journal = sqliteJournal(path)
    await journal.append('run_a', 0, records('run_a', 1))
    for (const name of [path, `${path}-wal`]) expect(statSync(name).mode & 0o777).toBe(0o600)
    await journal.close()
  })

  test('does not make a file to read from', async () => {
    const path = fresh()
    const journal = sqliteJournal(path)
    expect(await all(journal, 'run_a')).toEqual([])
    await journal.close()
    expect(() => statSync(path)).toThrow('ENOENT')
  })

  test.each([
    ['a text', 'this is a text that is longer than sixteen bytes, as a database is'],
    ['a database of something else', undefined],
  ])('refuses %s and leaves it as it is', async (_, content) => {
    const path = fresh()
    if (content === undefined) {
      const other = new DatabaseSync(path)
      other.exec('CREATE TABLE things (a)')
      other.close()
    } else writeFileSync(path, content)
    const before = readFileSync(path)
    const journal = sqliteJournal(path)
    const refused = { code: 'bad-journal', message: expect.stringContaining('is no journal') }
    await expect(all(journal, 'run_a')).rejects.toMatchObject(refused)
    await expect(journal.append('run_a', 0, records('run_a', 1))).rejects.toMatchObject(refused)
    await journal.close()
    expect(readFileSync(path)).toEqual(before)
  })

  test('refuses a file of a later format', async () => {
    const path = fresh()
    const journal = sqliteJournal(path)
    await journal.append('run_a', 0, records('run_a', 1))
    await journal.close()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    await expect(all(sqliteJournal(path), 'run_a')).rejects.toMatchObject({
      code: 'bad-journal',
      message: expect.stringContaining('format 99'),
    })
  })

  test('says what stands in the way of its file, and what to do', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'file')
    writeFileSync(file, '')
    for (const [path, why] of [
      [folder, 'it is a folder'],
      [join(file, 'journal.db'), 'its path leads through a file'],
    ] as const) {
      const journal = sqliteJournal(path)
      const refused = {
        code: 'bad-journal',
        message: `journal \`${path}\` cannot be written: ${why}`,
        help: expect.stringMatching(/name/),
      }
      await expect(journal.append('run_a', 0, records('run_a', 1))).rejects.toMatchObject(refused)
      await expect(journal.counters!()).rejects.toMatchObject(refused)
    }
  })

  test('tells of a damaged file', async () => {
    const path = fresh()
    const journal = sqliteJournal(path)
    await journal.append('run_a', 0, records('run_a', 300))
    await journal.close()
    const bytes = readFileSync(path)
    bytes.fill(0xff, 4096 * 2)
    writeFileSync(path, bytes)
    await expect(all(sqliteJournal(path), 'run_a')).rejects.toMatchObject({ code: 'bad-journal' })
  })

  test('writes nothing of a transaction that finds the disk full, and goes on when there is space', async () => {
    const path = fresh()
    const script = `
      import { sqliteJournal } from '${new URL('../../../src/journal/sqlite.ts', import.meta.url).href}'
      import { Chain } from '${new URL('../../../src/journal/chain.ts', import.meta.url).href}'
      process.on('SIGXFSZ', () => {})
      const journal = sqliteJournal(process.argv[2])
      const chain = new Chain()
      const seal = (seq, value) => chain.seal({ type: 'execution-progress', callId: 'c', value, seq, runId: 'run_a', turn: 1, at: '2026-01-01T00:00:00.000Z' })
      await journal.append('run_a', 0, [seal(0, 'small')])
      const big = seal(1, 'x'.repeat(4_000_000))
      console.log(await journal.append('run_a', 1, [big]).then(() => 'written', (error) => error.code))
      let length = 0
      for await (const _ of journal.read('run_a')) length++
      console.log(length)
      await journal.close()`
    const { stdout, stderr } = await runScript(script, [path], { fileBlocks: 2000 })
    expect(stderr).toBe('')
    expect(stdout).toBe('bad-journal\n1\n')
    const journal = sqliteJournal(path)
    await journal.append('run_a', 1, records('run_a', 2).slice(1))
    expect(await all(journal, 'run_a')).toHaveLength(2)
    await journal.close()
  })
})
