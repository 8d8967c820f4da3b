import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { verifyChain } from '../../../src/report/verify.ts'
import { collect } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { runId, sampleEvents } from '../report/sample.ts'
import { seal } from '../report/sealed.ts'

test('payloads of an append that a crash cut short give way to those written after it', async () => {
  const records = seal(sampleEvents())
  const path = join(temporaryFolder(), 'j.jsonl')
  const journal = jsonlJournal(path)
  await journal.append(runId, 0, records)
  await journal.close()
  const lines = readFileSync(`${path}.payloads`, 'utf8').split('\n').slice(0, -1)
  // the second half was written by two processes that died before its lines were
  const half = lines.slice(Math.floor(lines.length / 2))
  const stale = half.map((each) => each.replace('"salt":"', '"salt":"00'))
  const all = [...lines.slice(0, -half.length), ...stale, ...stale.slice(0, 1), ...half]
  writeFileSync(`${path}.payloads`, all.map((each) => `${each}\n`).join(''))
  const read = await collect(jsonlJournal(path).read(runId))
  expect(read.map(({ payload }) => payload)).toEqual(records.map(({ payload }) => payload))
  expect(await verifyChain(read)).toMatchObject({ verdict: 'CONSISTENT', erased: 0 })
  expect(await collect(jsonlJournal(path).read(runId, 5))).toEqual(read.slice(5))
})
