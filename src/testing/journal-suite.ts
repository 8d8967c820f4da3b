import assert from 'node:assert/strict'
import { Chain, genesis, openRecord } from '../journal/chain.ts'
import type { Journal, JournalRecord } from '../journal/journal.ts'
import type { StructuralEvent } from '../protocol/run-event.ts'

/** One behaviour that every journal driver has. */
export interface JournalCase {
  readonly name: string
  run(): Promise<void>
}

/**
 * The behaviours of a journal driver, for any test runner. `open` makes an empty journal each time
 * it is called. A case rejects when the driver does not behave.
 *
 * @example
 * ```ts
 * for (const { name, run } of journalSuite(() => jsonlJournal(freshPath()))) test(name, run)
 * ```
 */
export function journalSuite(open: () => Journal | Promise<Journal>): readonly JournalCase[] {
  const using =
    (work: (journal: Journal) => Promise<void>): (() => Promise<void>) =>
    async () => {
      const journal = await open()
      try {
        await work(journal)
      } finally {
        await journal.close()
      }
    }
  return [
    { name: 'gives back what was appended, in order', run: using(givesBack) },
    { name: 'reads from a record on', run: using(readsFrom) },
    { name: 'has no records of an unknown run', run: using(unknownRun) },
    { name: 'keeps runs apart and lists them oldest first', run: using(keepsApart) },
    { name: 'refuses an append that expects another length', run: using(refusesConflict) },
    { name: 'lets exactly one of two concurrent writers win', run: using(oneWinner) },
    { name: 'keeps payloads byte for byte', run: using(keepsPayloads) },
    { name: 'keeps answers of people apart from the records', run: using(keepsAnswers) },
    { name: 'keeps line separators and other odd characters', run: using(oddCharacters) },
  ]
}

function turnStart(runId: string, seq: number): StructuralEvent {
  return { type: 'turn-start', seq, runId, turn: seq, at: '2026-01-01T00:00:00.000Z' }
}

function recordsOf(runId: string, count: number): readonly JournalRecord[] {
  const chain = new Chain()
  return Array.from({ length: count }, (_, seq) => chain.seal(turnStart(runId, seq)))
}

function progress(runId: string, value: string): JournalRecord {
  return new Chain(0, genesis).seal({
    type: 'execution-progress',
    callId: 'c',
    value,
    seq: 0,
    runId,
    turn: 1,
    at: '2026-01-01T00:00:00.000Z',
  })
}

async function all(journal: Journal, runId: string, from?: number): Promise<JournalRecord[]> {
  const found: JournalRecord[] = []
  for await (const record of journal.read(runId, from)) found.push(record)
  return found
}

function lines(records: readonly JournalRecord[]): readonly string[] {
  return records.map(({ seq, hash, line }) => `${seq} ${hash} ${line}`)
}

async function givesBack(journal: Journal): Promise<void> {
  const records = recordsOf('run_a', 5)
  await journal.append('run_a', 0, records.slice(0, 2))
  await journal.append('run_a', 2, records.slice(2))
  assert.deepEqual(lines(await all(journal, 'run_a')), lines(records))
}

async function readsFrom(journal: Journal): Promise<void> {
  const records = recordsOf('run_a', 5)
  await journal.append('run_a', 0, records)
  assert.deepEqual(lines(await all(journal, 'run_a', 3)), lines(records.slice(3)))
}

async function unknownRun(journal: Journal): Promise<void> {
  assert.deepEqual(await all(journal, 'run_nobody'), [])
}

async function keepsApart(journal: Journal): Promise<void> {
  const [a, b] = [recordsOf('run_a', 2), recordsOf('run_b', 2)]
  await journal.append('run_a', 0, a.slice(0, 1))
  await journal.append('run_b', 0, b)
  await journal.append('run_a', 1, a.slice(1))
  assert.deepEqual(lines(await all(journal, 'run_a')), lines(a))
  assert.deepEqual(lines(await all(journal, 'run_b')), lines(b))
  const listed: string[] = []
  for await (const runId of journal.list()) listed.push(runId)
  assert.deepEqual(listed, ['run_a', 'run_b'])
}

async function refusesConflict(journal: Journal): Promise<void> {
  const records = recordsOf('run_a', 3)
  await journal.append('run_a', 0, records.slice(0, 2))
  await assert.rejects(async () => journal.append('run_a', 0, records.slice(0, 1)), {
    code: 'journal-conflict',
  })
  await assert.rejects(async () => journal.append('run_a', 3, records.slice(2)), {
    code: 'journal-conflict',
  })
  assert.deepEqual(lines(await all(journal, 'run_a')), lines(records.slice(0, 2)))
  await journal.append('run_a', 2, records.slice(2))
  assert.deepEqual(lines(await all(journal, 'run_a')), lines(records))
}

async function oneWinner(journal: Journal): Promise<void> {
  const writers = Array.from({ length: 8 }, () => recordsOf('run_a', 1))
  const outcomes = await Promise.allSettled(
    writers.map(async (records) => journal.append('run_a', 0, records)),
  )
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
  assert.equal((await all(journal, 'run_a')).length, 1)
}

async function keepsPayloads(journal: Journal): Promise<void> {
  const record = progress('run_a', 'a value')
  await journal.append('run_a', 0, [record])
  const [found] = await all(journal, 'run_a')
  assert.equal(found!.payload, record.payload)
  assert.equal(openRecord(found!).erased, false)
}

async function keepsAnswers(journal: Journal): Promise<void> {
  await journal.append('run_a', 0, recordsOf('run_a', 1))
  assert.deepEqual(await journal.answers('run_a'), [])
  await journal.leaveAnswer('run_a', '{"one":"\u2028"}')
  await journal.leaveAnswer('run_b', 'other')
  await journal.leaveAnswer('run_a', 'two\nlines')
  assert.deepEqual(await journal.answers('run_a'), ['{"one":"\u2028"}', 'two\nlines'])
  assert.equal((await all(journal, 'run_a')).length, 1)
  await journal.append('run_a', 1, recordsOf('run_a', 2).slice(1))
}

async function oddCharacters(journal: Journal): Promise<void> {
  const value = 'line\u2028paragraph\u2029nul\u0000bell\u0007 "quote" \\ 😀 \r\n end'
  const record = progress('run_a', value)
  await journal.append('run_a', 0, [record])
  const [found] = await all(journal, 'run_a')
  const { event } = openRecord(found!)
  assert.equal(event.type === 'execution-progress' ? event.value : undefined, value)
}
