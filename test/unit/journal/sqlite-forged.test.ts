import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'
import { keyPair } from '../../support/policy-keys.ts'

/** A journal of two runs in which a replacement character was said, changed by SQL. */
async function forged(...changes: readonly string[]): Promise<string> {
  const path = join(temporaryFolder(), 'journal.db')
  const journal = sqliteJournal(path)
  const model = scripted([{ text: 'a\ufffdb' }, { text: 'two' }])
  const runtime = createRuntime({ model, journal })
  for (let at = 0; at < 2; at++) await runtime.run({ input: 'hi' }).result()
  await journal.close()
  using database = new DatabaseSync(path)
  for (const change of changes) database.exec(change)
  return path
}

/** The same table for whatever anybody puts in. */
const loose = (table: string, columns: string): string =>
  `CREATE TABLE other (number INTEGER PRIMARY KEY, ${columns});
   INSERT INTO other SELECT * FROM ${table}; DROP TABLE ${table};
   ALTER TABLE other RENAME TO ${table};`

const looseEntries = loose('entries', 'run, seq, line, payload')

/** Every command that reads a whole journal, with its exit code; none may fail in itself. */
async function readAll(path: string): Promise<readonly number[]> {
  const commands = [
    ['verify', path],
    ['report', path],
    ['report', path, '--format', 'html'],
    ['report', path, '--index', '--format', 'json'],
    ['approvals', '--journal', path],
    ['log', 'search', '--journal', path],
    ['log', 'prune', '--journal', path, '--runs-older-than', '1h'],
  ]
  const codes: number[] = []
  for (const command of commands) {
    const { code, notes } = await inProcess(command)
    expect(notes).not.toContain('error[internal]')
    codes.push(code)
  }
  return codes
}

async function verdicts(path: string, ...more: readonly string[]): Promise<readonly unknown[]> {
  const { out } = await inProcess(['verify', path, '--json', ...more])
  const lines = out.split('\n').slice(0, -1)
  return lines.map((line) => (JSON.parse(line) as { verdict: unknown }).verdict)
}

describe('a database of journals that somebody has made by hand', () => {
  test.each([
    ['a line of bytes', 'line = CAST(line AS BLOB)', 'MALFORMED'],
    ['a line of no value', 'line = NULL', 'MALFORMED'],
    ['a line that is a number', 'line = 5', 'MALFORMED'],
    ['a payload of bytes', 'payload = CAST(payload AS BLOB)', 'TAMPERED'],
    ['a payload that is a number', 'payload = 5', 'TAMPERED'],
    ['a number of text', "seq = 'x'", 'TAMPERED'],
    ['a number of bytes', "seq = x'00'", 'TAMPERED'],
    ['a number that is none', 'seq = 0.5', 'TAMPERED'],
    ['a number below all others', 'seq = -7', 'TAMPERED'],
  ])('finds %s where it stands, and goes on with other runs', async (_, change, verdict) => {
    const path = await forged(`${looseEntries} UPDATE entries SET ${change} WHERE number = 1`)
    expect(await verdicts(path)).toEqual([verdict, 'CONSISTENT'])
    await readAll(path)
  })

  test('finds two records of one number wherever they stand', async () => {
    const again = `INSERT INTO entries SELECT NULL, run, seq, line, payload FROM entries`
    for (const seq of [0, 1, 3]) {
      const path = await forged(`${looseEntries} ${again} WHERE run = 1 AND seq = ${seq}`)
      expect(await verdicts(path)).toEqual(['TAMPERED', 'CONSISTENT'])
    }
  })

  test('finds runs whatever their rows are numbered, and what was changed in them', async () => {
    for (const number of ['0', '-1', '9223372036854775807', '-9223372036854775807 - 1']) {
      const moved = `UPDATE runs SET number = ${number} WHERE number = 1;
        UPDATE entries SET run = ${number} WHERE run = 1;`
      expect(await verdicts(await forged(moved))).toEqual(['CONSISTENT', 'CONSISTENT'])
      const change =
        'UPDATE entries SET payload = NULL, line = line || 1 WHERE seq = 1 AND run <> 2'
      const path = await forged(moved, change)
      expect((await verdicts(path)).toSorted()).toEqual(['CONSISTENT', 'MALFORMED'])
      await readAll(path)
    }
  })

  test('reads numbers that no double holds, and finds those of records', async () => {
    const last = 'number = (SELECT max(number) FROM entries WHERE run = 1)'
    for (const seq of ['9007199254740993', '9223372036854775807', '-9223372036854775807 - 1']) {
      const path = await forged(`UPDATE entries SET seq = ${seq} WHERE ${last}`)
      expect(await verdicts(path)).toEqual(['TAMPERED', 'CONSISTENT'])
      await readAll(path)
    }
    const path = await forged(`UPDATE entries SET number = 9223372036854775807 WHERE ${last}`)
    expect(await verdicts(path)).toEqual(['CONSISTENT', 'CONSISTENT'])
    await readAll(path)
  })

  test('reads a record once whose number is followed by none', async () => {
    const long = `'{"x":"' || hex(zeroblob(100000)) || '"}'`
    const rows = [`1e300, ${long}`, `9e999, ${long}`, `x'00', ${long}`]
    const insert = rows.map((row) => `INSERT INTO entries (run, seq, line) VALUES (2, ${row});`)
    const path = await forged(`${looseEntries} ${insert.join('')}`)
    expect(await verdicts(path)).toEqual(['CONSISTENT', 'MALFORMED'])
    await readAll(path)
  })

  test('finds bytes that are read as the same text as others', async () => {
    for (const bytes of ['ff', 'f09f98']) {
      const path = await forged()
      expect(await verdicts(path)).toEqual(['CONSISTENT', 'CONSISTENT'])
      using database = new DatabaseSync(path)
      const said = `FROM entries WHERE instr(payload, char(65533)) > 0`
      const found = database.prepare(`SELECT number, hex(CAST(payload AS BLOB)) AS hex ${said}`)
      const { hex, number } = found.get() as { number: number; hex: string }
      const changed = Buffer.from(hex.replace('EFBFBD', bytes), 'hex')
      const change = database.prepare(
        'UPDATE entries SET payload = CAST(? AS TEXT) WHERE number = ?',
      )
      change.run(changed, number)
      expect(await verdicts(path)).toEqual(['MALFORMED', 'CONSISTENT'])
    }
  })

  test('is not read where tables are something else, or change what is written', async () => {
    const endless = 'WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c) SELECT'
    const view = (table: string, columns: string): string =>
      `ALTER TABLE ${table} RENAME TO old; CREATE VIEW ${table} AS ${endless} ${columns} FROM c`
    for (const change of [
      view('entries', `n AS number, 1 AS run, n AS seq, 'x' AS line, NULL AS payload`),
      view('runs', `n AS number, 'r' || n AS id`),
      view('answers', `n AS number, 'r' AS run, 'x' AS answer`),
      view('checkpoints', `n AS number, 'r' AS run, 'x' AS checkpoint`),
      'CREATE TRIGGER lost AFTER INSERT ON entries BEGIN DELETE FROM entries; END',
      `ALTER TABLE entries ADD COLUMN more TEXT AS (hex(zeroblob(9)))`,
    ]) {
      const path = await forged(change)
      const { code, notes, out } = await inProcess(['verify', path])
      expect([code, out]).toEqual([4, ''])
      expect(notes).toContain('error[bad-journal]')
      expect(new Set(await readAll(path))).toEqual(new Set([4]))
    }
  })

  test('has no run whose id is no text', async () => {
    for (const id of ['NULL', '5', `x'00'`]) {
      const change = `${loose('runs', 'id')} UPDATE runs SET id = ${id} WHERE number = 1`
      const path = await forged(change)
      const { code, notes } = await inProcess(['verify', path])
      expect([code, notes]).toEqual([4, expect.stringContaining('error[bad-journal]')])
      await readAll(path)
    }
  })

  test('finds answers and checkpoints that are no text', async () => {
    const path = await forged(
      `DROP TABLE checkpoints; CREATE TABLE checkpoints (number INTEGER PRIMARY KEY, run, checkpoint);
       INSERT INTO checkpoints SELECT NULL, id, x'00' FROM runs;
       DROP TABLE answers; CREATE TABLE answers (number INTEGER PRIMARY KEY, run, answer);
       INSERT INTO answers SELECT NULL, id, x'00' FROM runs`,
    )
    const key = `${path}.jwk`
    writeFileSync(key, JSON.stringify(keyPair('ops').open))
    expect(await verdicts(path, '--key', key)).toEqual(['BAD_SIGNATURE', 'BAD_SIGNATURE'])
    await readAll(path)
  })
})
