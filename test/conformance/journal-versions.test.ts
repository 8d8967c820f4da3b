import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { Journal } from '../../src/journal/journal.ts'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import { sqliteJournal } from '../../src/journal/sqlite.ts'
import { verifyChain } from '../../src/report/verify.ts'
import { collect } from '../support/agent.ts'
import { temporaryFolder } from '../support/folder.ts'
import { root } from '../support/program.ts'
import { keptRun, keptSnapshots } from '../support/snapshots.ts'

const kept = keptSnapshots(1)
const runId = (JSON.parse(kept.records[0]!.line) as { runId: string }).runId
const folder = join(root, 'test/compat/journal')

/** Journals as released versions have written them, each with the run of the kept snapshots. */
const journals = [
  ['v1.db', sqliteJournal],
  ['v2.db', sqliteJournal],
  ['v1.jsonl', jsonlJournal],
] as const

/** A copy of the kept journal and what stands beside it. */
function copyOf(name: string): string {
  const copied = temporaryFolder()
  for (const file of readdirSync(folder)) {
    if (file.startsWith(name)) cpSync(join(folder, file), join(copied, file))
  }
  return join(copied, name)
}

describe.each(journals)('the journal %s', (name, open) => {
  test('is read as it was written, and not changed by it', async () => {
    const path = copyOf(name)
    const before = readFileSync(path)
    const journal = open(path)
    expect(await collect(journal.list())).toEqual(['run_other', runId])
    for (const id of ['run_other', runId]) {
      expect(await verifyChain(journal.read(id))).toMatchObject({ verdict: 'CONSISTENT' })
    }
    const records = await collect(journal.read(runId))
    expect(records.map(({ line, payload, seq }) => ({ line, payload, seq }))).toEqual(
      kept.records.map(({ line, payload, seq }) => ({ line, payload, seq })),
    )
    expect(await journal.answers('run_other')).toEqual(['{"id":"apr_other"}'])
    expect(await journal.checkpoints!(runId)).toEqual([`checkpoint of ${runId}`])
    await journal.close()
    expect(readFileSync(path)).toEqual(before)
  })

  test('is carried on, with everything in it', async () => {
    const path = copyOf(name)
    const journal = open(path)
    const { calls, runtime } = await keptRun(kept, journal)
    expect((await runtime.resume(runId).result()).status).toBe('completed')
    expect(calls).toEqual([{ order: 'O-7', amount: 120 }])
    await journal.close()

    const later = open(path)
    expect(await collect(later.list())).toEqual(['run_other', runId])
    const records = await collect(later.read(runId))
    expect(records.slice(0, kept.records.length).map(({ line }) => line)).toEqual(
      kept.records.map(({ line }) => line),
    )
    for (const id of ['run_other', runId]) {
      expect(await verifyChain(later.read(id))).toMatchObject({ verdict: 'CONSISTENT' })
    }
    expect(await later.answers('run_other')).toEqual(['{"id":"apr_other"}'])
    expect((await later.checkpoints!(runId))[0]).toBe(`checkpoint of ${runId}`)
    expect(await later.erase('run_other')).toBeGreaterThan(0)
    await later.close()
  })

  test('is not carried on where a line was altered', async () => {
    const path = copyOf(name)
    const bytes = readFileSync(path, 'latin1')
    const { line } = kept.records.find((record) => bytes.includes(record.line))!
    const altered = bytes.replaceAll(line, line.replace('sha256:', 'sha256;'))
    writeFileSync(path, altered, 'latin1')
    const journal = open(path)
    const { calls, runtime } = await keptRun(kept, journal)
    await expect(runtime.resume(runId).result()).rejects.toMatchObject({ code: 'bad-journal' })
    await journal.close()
    expect(calls).toEqual([])
  })
})

describe.each(['v1.db', 'v2.db'])('the SQLite journal %s', (name) => {
  test('has the tables of this version once it was written', async () => {
    const path = copyOf(name)
    const counted = sqliteJournal(path)
    const counters = await counted.counters!()
    expect(counters.together(() => counters.total('a key', undefined, ''))).toBe(5n)
    await counted.leaveAnswer(runId, 'an answer')
    await counted.close()
    const [made, fresh] = [path, join(temporaryFolder(), 'new.db')]
    const other = sqliteJournal(fresh)
    await other.leaveAnswer(runId, 'an answer')
    await other.close()
    expect(tablesOf(made)).toEqual(tablesOf(fresh))
  })

  test('gives its runs to all of many processes that open it at once', async () => {
    const path = copyOf(name)
    const opened = Array.from({ length: 5 }, () => sqliteJournal(path))
    await Promise.all(opened.map((journal, at) => journal.leaveAnswer(runId, `answer ${at}`)))
    for (const journal of opened) {
      expect((await collect(journal.read(runId))).length).toBe(kept.records.length)
      expect(await journal.answers(runId)).toHaveLength(5)
      await journal.close()
    }
  })

  test('is read, and takes nothing more, where a number was changed to one of no run', async () => {
    for (const change of [
      'seq = -1 WHERE seq = 1',
      'seq = 4294967296 WHERE seq = 1',
      'seq = 9223372036854775807 WHERE seq = 1',
      'run = 0 WHERE run = 1',
      'run = 2147483648 WHERE run = 1',
    ]) {
      const path = copyOf(name)
      const table = name === 'v1.db' ? 'records' : 'entries'
      changing(path, `UPDATE ${table} SET ${change}`)
      const journal = sqliteJournal(path)
      const verdicts = await verdictsOf(journal)
      expect(verdicts).not.toEqual(['CONSISTENT', 'CONSISTENT'])
      await expect(journal.leaveAnswer(runId, 'an answer')).rejects.toMatchObject({
        code: 'bad-journal',
        message: expect.stringContaining('records with numbers of no run'),
      })
      expect(await verdictsOf(journal)).toEqual(verdicts)
      await journal.close()
    }
  })
})

test('two records of one number in a journal of an earlier version are found where they stand', async () => {
  for (const seq of [0, 1, 3]) {
    const path = copyOf('v2.db')
    const again = 'INSERT INTO entries SELECT NULL, run, seq, line, payload FROM entries'
    changing(path, `DROP INDEX entries_by_run; ${again} WHERE run = 2 AND seq = ${seq}`)
    const journal = sqliteJournal(path)
    expect(await verifyChain(journal.read('run_other'))).toMatchObject({ verdict: 'CONSISTENT' })
    expect(await verifyChain(journal.read(runId))).toMatchObject({ verdict: 'TAMPERED' })
    await expect(journal.leaveAnswer(runId, 'x')).rejects.toMatchObject({ code: 'bad-journal' })
    await journal.close()
  }
})

async function verdictsOf(journal: Journal): Promise<readonly unknown[]> {
  const verdicts: unknown[] = []
  for await (const id of journal.list()) {
    verdicts.push((await verifyChain(journal.read(id))).verdict)
  }
  return verdicts
}

function changing(path: string, sql: string): void {
  using database = new DatabaseSync(path)
  database.exec(sql)
}

function tablesOf(path: string): unknown {
  using database = new DatabaseSync(path)
  const version = database.prepare('PRAGMA user_version').get()
  const tables = database.prepare('SELECT name FROM sqlite_schema ORDER BY name').all()
  const columns = database.prepare('SELECT name FROM pragma_table_info(?)').all('runs')
  return { version, tables, columns }
}
