import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess, type Said } from '../../support/in-process.ts'

async function writeRun(): Promise<string> {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const journal = jsonlJournal(path)
  const runtime = createRuntime({ model: scripted([{ text: 'hello' }]), journal })
  await runtime.run({ input: 'hi' }).result()
  await journal.close()
  return path
}

async function report(path: string): Promise<Said> {
  return inProcess(['report', path, '--format', 'json'])
}

test('the report of an untouched journal comes without a note', async () => {
  const { code, out, notes } = await report(await writeRun())
  expect({ code, notes }).toEqual({ code: 0, notes: '' })
  expect(JSON.parse(out)).toMatchObject({ end: { status: 'completed' } })
})

test('a journal that was altered is shown with its verdict, and exits with 1', async () => {
  const path = await writeRun()
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace('"maxTurns":20', '"maxTurns":30'))
  expect(readFileSync(path, 'utf8')).not.toBe(text)
  const { code, out, notes } = await report(path)
  expect(code).toBe(1)
  expect(notes).toMatch(/^TAMPERED: /)
  expect(JSON.parse(out)).toHaveProperty('rows')
})

test('a run whose end counts other calls than are there is shown with that, and exits with 1', async () => {
  const path = await writeRun()
  const text = readFileSync(path, 'utf8')
  const lines = text.replace('"counts":{"allow":0,', '"counts":{"allow":1,')
  expect(lines).not.toBe(text)
  writeFileSync(path, lines)
  const { code, notes, out } = await report(path)
  expect([code, notes]).toEqual([1, expect.stringMatching(/^COUNT_MISMATCH: /)])
  expect(JSON.parse(out)).toHaveProperty('rows')
})

test('a journal whose records have wrong types is refused with their place', async () => {
  const path = await writeRun()
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace('"mode":"enforce"', '"mode":7'))
  expect(readFileSync(path, 'utf8')).not.toBe(text)
  const { code, notes } = await report(path)
  expect(code).toBe(4)
  expect(notes).toMatch(/^error\[bad-journal\]: record 0 \(`run-start`\): `\/policy\/mode` /)
})

test('a report.json is rendered again, unless it is none', async () => {
  const { out } = await report(await writeRun())
  const path = join(temporaryFolder(), 'report.json')
  writeFileSync(path, out)
  const notes = 'a report proves nothing by itself: verify its journal, and compare the head\n'
  expect(await report(path)).toEqual({ code: 0, out, notes })
  writeFileSync(path, out.replace('"rows": []', '"rows": {}'))
  const other = await report(path)
  expect(other.code).toBe(2)
  expect(other.notes).toContain('`/rows` must be array')
})

test('a report goes into a folder that is made for it, and never through a file', async () => {
  const journal = await writeRun()
  const folder = temporaryFolder()
  const output = join(folder, 'of/today/report.json')
  const written = await inProcess(['report', journal, '--format', 'json', '--output', output])
  expect(written).toEqual({ code: 0, out: '', notes: '' })
  expect(readFileSync(output, 'utf8')).toBe((await report(journal)).out)
  const through = await inProcess(['report', journal, '--output', join(output, 'report.json')])
  expect(through.code).toBe(2)
  expect(through.notes).toMatch(/^error\[bad-file\]: .* cannot be written: /)
})

async function twoRuns(): Promise<{ readonly path: string; readonly runIds: readonly string[] }> {
  const path = join(temporaryFolder(), 'journal.db')
  const journal = sqliteJournal(path)
  const runtime = createRuntime({ model: scripted([{ text: 'one' }, { text: 'two' }]), journal })
  const runIds: string[] = []
  for (const input of ['first', 'second']) {
    runIds.push((await runtime.run({ input }).result()).runId)
  }
  await journal.close()
  return { path, runIds }
}

test('the records of one run in the place of another are not shown as that one', async () => {
  const { path, runIds } = await twoRuns()
  const database = new DatabaseSync(path)
  database.exec(`DELETE FROM records WHERE place >> 32 = 1;
    UPDATE records SET place = place - (1 << 32) WHERE place >> 32 = 2`)
  database.close()
  const { code, notes } = await inProcess(['report', path, '--run', runIds[0]!])
  expect(code).toBe(1)
  expect(notes).toBe('TAMPERED: the record belongs to another run\n')
  const overview = await inProcess(['report', path, '--index'])
  expect(overview.code).toBe(1)
  expect(overview.out).toMatch(/TAMPERED$/m)
})
