import assert from 'node:assert/strict'
import { openRecord } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
import { verifyChain } from '../report/verify.ts'
import { all, conversation, lines, listed, recordsOf } from './journal-records.ts'

/** How what was written goes again. */
export const retentionCases: Readonly<Record<string, (journal: Journal) => Promise<void>>> = {
  'erases what was said in a run, and leaves its chain whole': erases,
  'goes on with a run that was erased': goesOnErased,
  'removes a run with all that belongs to it': removes,
  'stops a writer whose run was removed': stopsRemoved,
  'erases and removes what has ended and is old enough': prunes,
  'keeps what a run goes on with that has not ended': keepsAgents,
  'prunes nothing when an age is missing or malformed': refusesAges,
}

async function erases(journal: Journal): Promise<void> {
  const written = conversation('run_a', { end: 'completed' })
  await journal.append('run_a', 0, written)
  await journal.append('run_b', 0, conversation('run_b'))
  await journal.leaveAnswer('run_a', '{"reason":"because"}')
  await journal.leaveAnswer('run_b', 'stays')
  assert.equal(await journal.erase('run_a'), 2)
  const records = await all(journal, 'run_a')
  assert.deepEqual(lines(records), lines(written))
  assert.deepEqual(
    records.map((record) => openRecord(record).erased),
    [true, true, false],
  )
  const { erased, verdict } = await verifyChain(records)
  assert.deepEqual({ erased, verdict }, { erased: 2, verdict: 'CONSISTENT' })
  assert.deepEqual(await journal.answers('run_a'), [])
  assert.equal(await journal.erase('run_a'), 0)
  assert.equal(await journal.erase('run_nobody'), 0)
  const others = await all(journal, 'run_b')
  assert.ok(others.every((record) => !openRecord(record).erased))
  assert.deepEqual(await journal.answers('run_b'), ['stays'])
}

async function goesOnErased(journal: Journal): Promise<void> {
  const written = conversation('run_a', { end: 'completed' })
  await journal.append('run_a', 0, written.slice(0, 1))
  await journal.erase('run_a')
  await journal.append('run_a', 1, written.slice(1))
  const records = await all(journal, 'run_a')
  assert.deepEqual(lines(records), lines(written))
  assert.deepEqual(
    records.map(({ payload }) => payload),
    [undefined, written[1]!.payload, undefined],
  )
}

async function removes(journal: Journal): Promise<void> {
  const other = conversation('run_b')
  await journal.append('run_a', 0, conversation('run_a'))
  await journal.append('run_b', 0, other)
  await journal.leaveAnswer('run_a', 'yes')
  assert.equal(await journal.remove('run_a'), true)
  assert.deepEqual(await listed(journal), ['run_b'])
  assert.deepEqual(await all(journal, 'run_a'), [])
  assert.deepEqual(await journal.answers('run_a'), [])
  assert.equal(await journal.remove('run_a'), false)
  assert.deepEqual(
    (await all(journal, 'run_b')).map(({ payload }) => payload),
    other.map(({ payload }) => payload),
  )
}

async function stopsRemoved(journal: Journal): Promise<void> {
  const written = recordsOf('run_a', 3)
  await journal.append('run_a', 0, written.slice(0, 2))
  await journal.remove('run_a')
  await assert.rejects(async () => journal.append('run_a', 2, written.slice(2)), {
    code: 'journal-conflict',
  })
  assert.deepEqual(await listed(journal), [])
}

const day = 86_400_000

async function prunes(journal: Journal): Promise<void> {
  const now = Date.parse('2026-03-01T00:00:00.000Z')
  const before = (days: number): string => new Date(now - days * day).toISOString()
  for (const [runId, end, days] of [
    ['run_ancient', 'completed', 50],
    ['run_old', 'error', 20],
    ['run_waits', 'needs-approval', 20],
    ['run_new', 'completed', 2],
  ] as const) {
    await journal.append(runId, 0, conversation(runId, { end, endedAt: before(days) }))
  }
  await journal.append('run_open', 0, conversation('run_open'))
  await journal.append('run_silent', 0, recordsOf('run_silent', 1))
  const ages = { payloadsOlderThan: '10d', runsOlderThan: '40d', now }
  const plan = await journal.prune({ ...ages, dryRun: true })
  assert.equal((await listed(journal)).length, 6)
  assert.ok((await all(journal, 'run_old')).some(({ payload }) => payload !== undefined))
  const pruned = await journal.prune(ages)
  assert.deepEqual(pruned, {
    erased: ['run_old'],
    removed: ['run_ancient'],
    unfinished: ['run_waits', 'run_open', 'run_silent'],
  })
  assert.deepEqual(plan, pruned)
  const left = ['run_old', 'run_waits', 'run_new', 'run_open', 'run_silent']
  assert.deepEqual(await listed(journal), left)
  const said: string[] = []
  for (const runId of left) {
    const records = await all(journal, runId)
    if (records.some(({ payload }) => payload !== undefined)) said.push(runId)
  }
  assert.deepEqual(said, ['run_waits', 'run_new', 'run_open'])
  assert.deepEqual(await journal.prune({ payloadsOlderThan: '10d', now }), {
    erased: [],
    removed: [],
    unfinished: ['run_waits', 'run_open'],
  })
}

async function keepsAgents(journal: Journal): Promise<void> {
  await journal.append('run_waits', 0, conversation('run_waits', { end: 'needs-approval' }))
  await journal.append('run_ended', 0, conversation('run_ended', { end: 'completed' }))
  for (const [runId, above] of [
    ['run_child', 'run_waits'],
    ['run_grandchild', 'run_child'],
    ['run_other', 'run_ended'],
    ['run_orphan', 'run_nobody'],
    ['run_circle', 'run_circle'],
  ] as const) {
    await journal.append(runId, 0, conversation(runId, { end: 'completed', above }))
  }
  const now = Date.parse('2026-03-01T00:00:00.000Z')
  for (const ages of [{ payloadsOlderThan: '10d' }, { runsOlderThan: '10d' }]) {
    const { erased, removed, unfinished } = await journal.prune({ ...ages, now })
    assert.deepEqual(unfinished, ['run_waits', 'run_child', 'run_grandchild'])
    const gone = ['run_ended', 'run_other', 'run_orphan', 'run_circle']
    assert.deepEqual([...erased, ...removed], gone)
  }
  const left = await all(journal, 'run_grandchild')
  assert.ok(left.some(({ payload }) => payload !== undefined))
}

async function refusesAges(journal: Journal): Promise<void> {
  await journal.append('run_a', 0, conversation('run_a', { end: 'completed' }))
  for (const options of [{}, { runsOlderThan: 'a month' }, { payloadsOlderThan: '0d' }]) {
    await assert.rejects(journal.prune(options), { code: 'bad-option' })
  }
  await journal.append('run_b', 0, recordsOf('run_b', 1))
  assert.deepEqual(await listed(journal), ['run_a', 'run_b'])
}
