import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { recordsOf } from '../../../src/testing/journal-records.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { collect } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'
import { keyPair } from '../../support/policy-keys.ts'

const records = recordsOf('run_a', 3)
const lines = records.map(({ line }) => `${line}\n`)

/** Stands where a line of the run does, and is no JSON. */
const noJson = 'x"runId":"run_a","seq":3,"turn":0,"type":"end","v":1}\n'

test('a damaged file is closed once: what was opened after it stays open', async () => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  writeFileSync(path, [...lines, '{}\n', ...lines].join(''))
  for (let round = 0; round < 8; round++) {
    await expect(collect(jsonlJournal(path).list())).rejects.toThrow('is damaged at line 4')
    // takes the number that the damaged file had
    const other = openSync(path, 'r')
    // whatever waits for a thread has had one
    for (let turn = 0; turn < 8; turn++)
      await Promise.all(Array.from({ length: 8 }, () => stat(path)))
    expect(fstatSync(other).isFile()).toBe(true)
    closeSync(other)
  }
})

test('lines that are no JSON, or name two runs, go with the run under which they are found', async () => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const journal = jsonlJournal(path)
  const others = recordsOf('run_b', 3)
  await journal.append('run_b', 0, others)
  await journal.append('run_a', 0, records)
  await journal.close()
  writeFileSync(path, noJson, { flag: 'a' })
  const named = '{"runId":"run_a","seq":2,"payload":{"said":"secret"},"runId":"run_b"}\n'
  writeFileSync(`${path}.payloads`, `${named}${noJson}`, { flag: 'a' })
  const again = jsonlJournal(path)
  const before = readFileSync(path, 'utf8')
  await again.erase('run_a')
  expect(readFileSync(`${path}.payloads`, 'utf8')).not.toMatch(/run_a|secret/)
  expect(readFileSync(path, 'utf8')).toBe(before)
  await again.remove('run_a')
  expect(readFileSync(path, 'utf8')).not.toContain('run_a')
  expect(await collect(again.read('run_b'))).toMatchObject(others.map(({ line }) => ({ line })))
  await again.close()
})

test('a line that is no JSON makes a damaged checkpoint, and a record of which no call can be proved', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'journal.jsonl')
  const journal = jsonlJournal(path)
  const runtime = createRuntime({ model: scripted([{ text: 'hello' }]), journal })
  const { runId } = await runtime.run({ input: 'hi' }).result()
  await journal.close()
  const line = noJson.replace('run_a', runId)
  writeFileSync(`${path}.checkpoints`, line)
  const key = join(folder, 'ops.jwk')
  writeFileSync(key, JSON.stringify(keyPair('ops').open))
  const verified = await inProcess(['verify', path, '--key', key])
  expect([verified.code, verified.notes]).toEqual([1, ''])
  expect(verified.out).toMatch(/^BAD_SIGNATURE .*\n {2}a checkpoint is damaged\n/)
  writeFileSync(path, line, { flag: 'a' })
  const proved = await inProcess(['report', path, '--call', '1.0', '--proof'])
  expect([proved.code, proved.out]).toEqual([4, ''])
  expect(proved.notes).toContain('error[bad-journal]: record 3 is not a line of a journal\n')
})

test('bytes that are read as the same text as others are damage', async () => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const journal = jsonlJournal(path)
  const said = { text: 'a\ufffdb' }
  const runtime = createRuntime({ model: scripted([said]), journal, instructions: '\ufffd' })
  await runtime.run({ input: 'hi', session: '\ufffd' }).result()
  await journal.close()
  for (const beside of ['', '.payloads']) {
    const file = `${path}${beside}`
    const place = beside === '' ? '' : ` of its \`${beside}\``
    const whole = readFileSync(file)
    const at = whole.indexOf('\ufffd')
    writeFileSync(
      file,
      Buffer.concat([whole.subarray(0, at), Buffer.of(0xff), whole.subarray(at + 3)]),
    )
    const { code, out } = await inProcess(['verify', path])
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(new RegExp(`^MALFORMED .*\n {2}line 1${place} is no record\n`)),
    ])
    writeFileSync(file, whole)
  }
  expect((await inProcess(['verify', path])).code).toBe(0)
})
