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
  using database = new DatabaseSync(path, { defensive: false })
  for (const change of changes) database.exec(change)
  return path
}

/** Lets anybody put whatever they like into a table. */
const loose = (table: string): string => `PRAGMA writable_schema = ON;
   UPDATE sqlite_schema SET sql = replace(replace(replace(sql, 'STRICT', ''), 'TEXT', ''), 'NOT NULL', '')
     WHERE name = '${table}';
   PRAGMA writable_schema = RESET;`

/** The table of records as it has to be, whatever stands in it. */
const strict = `PRAGMA writable_schema = ON;
   UPDATE sqlite_schema SET sql =
     'CREATE TABLE records (place INTEGER PRIMARY KEY, line TEXT NOT NULL, payload TEXT) STRICT'
     WHERE name = 'records';
   PRAGMA writable_schema = RESET;`

const first = 'WHERE place = 1 << 32'

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
    ['a number that follows no other', 'place = place + 1000', 'TAMPERED'],
    ['the last number of the run', 'place = place + 0xffffffff', 'TAMPERED'],
  ])('finds %s where it stands, and goes on with other runs', async (_, change, verdict) => {
    const path = await forged(loose('records'), `UPDATE records SET ${change} ${first}`, strict)
    expect(await verdicts(path)).toEqual([verdict, 'CONSISTENT'])
    await readAll(path)
  })

  test('finds runs whatever their rows are numbered, and what was changed in them', async () => {
    for (const number of ['0', '-1', '2147483647', '-2147483647']) {
      const moved = `UPDATE runs SET number = ${number} WHERE number = 1;
        UPDATE records SET place = place + ((${number} - 1) << 32) WHERE place >> 32 = 1;`
      expect(await verdicts(await forged(moved))).toEqual(['CONSISTENT', 'CONSISTENT'])
      const change = `UPDATE records SET payload = NULL, line = line || 1
        WHERE place & 0xffffffff = 1 AND place >> 32 <> 2`
      const path = await forged(moved, change)
      expect((await verdicts(path)).toSorted()).toEqual(['CONSISTENT', 'MALFORMED'])
      await readAll(path)
    }
  })

  test('finds that a run has the records of another one', async () => {
    for (const number of ['4294967298', '-4294967294', '9223372032559808514']) {
      const path = await forged(`UPDATE runs SET number = ${number} WHERE number = 1`)
      expect((await verdicts(path)).toSorted()).toEqual(['CONSISTENT', 'TAMPERED'])
      await readAll(path)
    }
  })

  test('finds bytes that are read as the same text as others', async () => {
    for (const bytes of ['ff', 'f09f98']) {
      const path = await forged()
      expect(await verdicts(path)).toEqual(['CONSISTENT', 'CONSISTENT'])
      using database = new DatabaseSync(path)
      const said = `FROM records WHERE instr(payload, char(65533)) > 0`
      const found = database.prepare(`SELECT place, hex(CAST(payload AS BLOB)) AS hex ${said}`)
      const { hex, place } = found.get() as { place: number; hex: string }
      const changed = Buffer.from(hex.replace('EFBFBD', bytes), 'hex')
      const change = database.prepare(
        'UPDATE records SET payload = CAST(? AS TEXT) WHERE place = ?',
      )
      change.run(changed, place)
      expect(await verdicts(path)).toEqual(['MALFORMED', 'CONSISTENT'])
    }
  })

  test('is not read where tables are something else, or change what is written', async () => {
    const endless = 'WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c) SELECT'
    const view = (table: string, columns: string): string =>
      `ALTER TABLE ${table} RENAME TO old; CREATE VIEW ${table} AS ${endless} ${columns} FROM c`
    for (const change of [
      view('records', `(1 << 32) + n AS place, 'x' AS line, NULL AS payload`),
      view('runs', `n AS number, 'r' || n AS id`),
      view('answers', `n AS number, 'r' AS run, 'x' AS answer`),
      view('checkpoints', `n AS number, 'r' AS run, 'x' AS checkpoint`),
      'CREATE TRIGGER lost AFTER INSERT ON records BEGIN DELETE FROM records; END',
      `ALTER TABLE records ADD COLUMN more TEXT AS (hex(zeroblob(9)))`,
      'ALTER TABLE records ADD COLUMN more TEXT',
      'CREATE TABLE other AS SELECT * FROM records; DROP TABLE records; ALTER TABLE other RENAME TO records',
      'DROP TABLE records',
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
      const path = await forged(loose('runs'), `UPDATE runs SET id = ${id} WHERE number = 1`)
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
