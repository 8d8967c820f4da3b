import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JournalRecord } from '../../../src/journal/journal.ts'
import { jsonlJournal } from '../../../src/journal/jsonl.ts'
import { collect } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'

function recordsOf(runId: string, from: number, count: number): readonly JournalRecord[] {
  return Array.from({ length: count }, (_, at) => {
    const seq = from + at
    const payload = seq % 2 === 0 ? { payload: `{"value":"${'p'.repeat(seq % 50)}"}` } : {}
    const line = `{"at":"${'x'.repeat(seq % 70)}","runId":"${runId}","seq":${seq}}`
    return { seq, line, hash: '', durable: false, ...payload }
  })
}

test('a run of many thousand lines among those of others is read from any place', async () => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const writer = jsonlJournal(path)
  for (let from = 0; from < 9000; from += 900) {
    await writer.append('long', from, recordsOf('long', from, 900))
    await writer.append('other', from / 9, recordsOf('other', from / 9, 100))
  }
  await writer.close?.()
  // what a process wrote that died before it wrote the lines
  const payloads = readFileSync(`${path}.payloads`, 'utf8').split('\n')
  const place = payloads.findIndex((each) => each.startsWith('{"runId":"long","seq":8500,'))
  const stale = payloads[place]!.replace('"value":"', '"value":"stale ')
  writeFileSync(`${path}.payloads`, payloads.toSpliced(place, 0, stale).join('\n'))
  const reader = jsonlJournal(path)
  const expected = recordsOf('long', 0, 9000).map(({ line, payload }) => [line, payload])
  // the places of 4096 lines of the file are kept together
  for (const from of [0, 3695, 3696, 3697, 7392, 8999]) {
    const read = await collect(reader.read('long', from))
    expect(read.map(({ line, payload }) => [line, payload])).toEqual(expected.slice(from))
  }
  expect(await collect(reader.read('other'))).toHaveLength(1000)
})
