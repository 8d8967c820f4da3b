import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashLine } from '../../src/journal/chain.ts'
import type { Journal, JournalRecord } from '../../src/journal/journal.ts'
import { memoryJournal } from '../../src/journal/memory.ts'

const text = fc.string({ unit: 'grapheme' })
/** Up to about a block of the journal, so that many do not fit where they come. */
const long = fc.tuple(text, fc.nat(4_000)).map(([part, times]) => part.repeat(times))
const json = fc.oneof(text, long).map((value) => JSON.stringify(value))
const parts = fc.record({ line: json, payload: json }, { requiredKeys: ['line'] })
const run = fc.constantFrom('run_a', 'run_b', 'run_c')

async function all(journal: Journal, runId: string): Promise<JournalRecord[]> {
  const found: JournalRecord[] = []
  for await (const record of journal.read(runId)) found.push(record)
  return found
}

function numbered(seq: number): JournalRecord {
  return { seq, line: `${seq}`, hash: hashLine(`${seq}`), durable: false }
}

test('gives back the records of every run as they were, whatever came between and after', async () => {
  const appends = fc.array(fc.tuple(run, fc.array(parts, { maxLength: 6 })), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(appends, async (batches) => {
      const journal = memoryJournal()
      const written: Record<string, JournalRecord[]> = { run_a: [], run_b: [], run_c: [] }
      for (const [runId, batch] of batches) {
        const stored = written[runId]!
        const added = batch.map((part, at) => {
          const hash = hashLine(part.line)
          return { ...part, seq: stored.length + at, hash, durable: false }
        })
        await journal.append(runId, stored.length, added)
        stored.push(...added)
      }
      for (const [runId, records] of Object.entries(written)) {
        expect(await all(journal, runId)).toEqual(records)
      }
    }),
  )
})

test('takes a line that is longer than any block, and goes on after it', async () => {
  const journal = memoryJournal()
  const lines = ['"before"', `"${'ß'.repeat(3_000_000)}"`, '"after"']
  for (const [seq, line] of lines.entries()) {
    await journal.append('run_a', seq, [{ seq, line, hash: hashLine(line), durable: true }])
  }
  const read = await all(journal, 'run_a')
  expect(read.map(({ line }, seq) => line === lines[seq])).toEqual([true, true, true])
})

test('shows who reads what was written when the reading began', async () => {
  const journal = memoryJournal()
  await journal.append('run_a', 0, [numbered(0)])
  const reading = journal.read('run_a')[Symbol.asyncIterator]()
  const first = reading.next()
  await journal.append('run_a', 1, [numbered(1)])
  expect((await first).value).toEqual(numbered(0))
  expect((await reading.next()).done).toBe(true)
})
