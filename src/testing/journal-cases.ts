import assert from 'node:assert/strict'
import { openRecord } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
import { all, lines, listed, progress, recordsOf } from './journal-records.ts'

/** What every journal does, with one object. */
export const journalCases: Readonly<Record<string, (journal: Journal) => Promise<void>>> = {
  'gives back what was appended, in order': givesBack,
  'reads from a record on': readsFrom,
  'has no records of an unknown run': unknownRun,
  'keeps runs apart and lists them oldest first': keepsApart,
  'refuses an append that expects another length': refusesConflict,
  'lets exactly one of several concurrent writers win': oneWinner,
  'takes what is appended while another append is under way': takesMeanwhile,
  'keeps payloads byte for byte': keepsPayloads,
  'keeps answers of people apart from the records': keepsAnswers,
  'keeps checkpoints apart, also when what was said is erased': keepsCheckpoints,
  'tells the runs that were written last': tellsLatest,
  'keeps line separators and other odd characters': oddCharacters,
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
  assert.deepEqual(await listed(journal), ['run_a', 'run_b'])
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

async function takesMeanwhile(journal: Journal): Promise<void> {
  const records = recordsOf('run_a', 4)
  const others = recordsOf('run_b', 2)
  await Promise.all([
    journal.append('run_a', 0, records.slice(0, 1)),
    journal.append('run_b', 0, others),
    journal.append('run_a', 1, records.slice(1, 3)),
    journal.append('run_a', 3, records.slice(3)),
  ])
  assert.deepEqual(lines(await all(journal, 'run_a')), lines(records))
  assert.deepEqual(lines(await all(journal, 'run_b')), lines(others))
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

/** A journal may do without checkpoints. */
async function keepsCheckpoints(journal: Journal): Promise<void> {
  assert.equal(journal.addCheckpoint === undefined, journal.checkpoints === undefined)
  if (journal.addCheckpoint === undefined || journal.checkpoints === undefined) return
  assert.deepEqual(await journal.checkpoints('run_a'), [])
  await journal.append('run_a', 0, recordsOf('run_a', 1))
  await journal.append('run_b', 0, recordsOf('run_b', 1))
  await journal.addCheckpoint('run_a', 'one.two.three')
  await journal.addCheckpoint('run_b', 'other')
  await journal.addCheckpoint('run_a', 'four"\n\u2028')
  await journal.erase('run_a')
  assert.deepEqual(await journal.checkpoints('run_a'), ['one.two.three', 'four"\n\u2028'])
  await journal.remove('run_a')
  assert.deepEqual(await journal.checkpoints('run_a'), [])
  assert.deepEqual(await journal.checkpoints('run_b'), ['other'])
}

/** A journal may do without. */
async function tellsLatest(journal: Journal): Promise<void> {
  if (journal.latestRuns === undefined) return
  assert.deepEqual(await journal.latestRuns(16), [])
  const written = ['run_a', 'run_b', 'run_c'].map((runId) => recordsOf(runId, 3))
  for (const records of written) {
    const { runId } = JSON.parse(records[0]!.line) as { runId: string }
    await journal.append(runId, 0, records)
  }
  const expected = written.map((records) => ({ first: records[0]!.line, last: records[2]!.line }))
  const latest = async (count: number) =>
    (await journal.latestRuns!(count))
      .toSorted((a, b) => (a.runId < b.runId ? -1 : 1))
      .map(({ first, last }) => ({ first, last }))
  assert.deepEqual(await latest(16), expected)
  assert.deepEqual(await latest(2), expected.slice(1))
}

async function oddCharacters(journal: Journal): Promise<void> {
  const value = 'line\u2028paragraph\u2029nul\u0000bell\u0007 "quote" \\ 😀 \r\n end'
  const record = progress('run_a', value)
  await journal.append('run_a', 0, [record])
  const [found] = await all(journal, 'run_a')
  const { event } = openRecord(found!)
  assert.equal(event.type === 'execution-progress' ? event.value : undefined, value)
}
