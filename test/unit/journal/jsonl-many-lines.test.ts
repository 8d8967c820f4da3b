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

/** Bytes of a file that are read at a time. */
const room = 256 * 1024

/** A record whose line, line end included, has so many bytes. */
function recordOfSize(runId: string, seq: number, bytes: number): JournalRecord {
  const bare = `{"at":"","runId":"${runId}","seq":${seq}}\n`
  const rest = bytes - bare.length
  const filling = 'é'.repeat(Math.floor(rest / 2)) + 'x'.repeat(rest % 2)
  return { seq, line: bare.replace('""', `"${filling}"`).trimEnd(), hash: '', durable: false }
}

test('lines of any length are found wherever a reading of the file ends in them', async () => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const sizes = [room, 60, room - 61, 61, room - 1, room, room + 1, 5 * room, 99, 2 * room, 60]
  const records = sizes.map((size, seq) => recordOfSize('long', seq, size))
  const writer = jsonlJournal(path)
  for (const [seq, record] of records.entries()) {
    await writer.append('long', seq, [record])
    await writer.append('other', seq, [recordOfSize('other', seq, 100 + seq)])
  }
  await writer.close()
  const others = records.map((_, seq) => recordOfSize('other', seq, 100 + seq).line)
  const linesOf = async (runId: string): Promise<readonly string[]> => {
    const read = await collect(jsonlJournal(path).read(runId))
    return read.map(({ line }) => line)
  }
  expect(await linesOf('long')).toEqual(records.map(({ line }) => line))
  expect(await linesOf('other')).toEqual(others)
  const again = jsonlJournal(path)
  await again.remove('other')
  await again.close()
  expect(readFileSync(path, 'utf8')).toBe(records.map(({ line }) => `${line}\n`).join(''))
})

test('of many lines the one whose bytes are no text is named', async () => {
  const path = join(temporaryFolder(), 'journal.jsonl')
  const lines = recordsOf('long', 0, 9000).map(({ line }) => `${line}\n`)
  const bytes = Buffer.from(lines.join(''))
  bytes[lines.slice(0, 8000).join('').length + 8] = 0xff
  writeFileSync(path, bytes)
  await expect(collect(jsonlJournal(path).list())).rejects.toThrow('is damaged at line 8001')
})
