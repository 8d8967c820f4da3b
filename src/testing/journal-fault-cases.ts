import assert from 'node:assert/strict'
import { isSallyportError } from '../base/errors.ts'
import type { Journal } from '../journal/journal.ts'
import { verifyChain } from '../report/verify.ts'
import { all, conversation, lines, recordsOf } from './journal-records.ts'
import type { JournalStore } from './journal-suite.ts'

async function using(
  store: JournalStore,
  work: (journal: Journal) => Promise<void>,
): Promise<void> {
  const journal = await store.open()
  try {
    await work(journal)
  } finally {
    await journal.close()
  }
}

/** What stays when the process that wrote it has gone. */
export async function staysWritten(store: JournalStore): Promise<void> {
  const written = conversation('run_a', { end: 'completed' })
  await using(store, async (journal) => journal.append('run_a', 0, written))
  await using(store, async (journal) => {
    const records = await all(journal, 'run_a')
    assert.deepEqual(lines(records), lines(written))
    assert.deepEqual(
      records.map(({ payload }) => payload),
      written.map(({ payload }) => payload),
    )
  })
}

/** A driver may let only one object write at a time, and refuse the other by `bad-journal`. */
export async function oneObjectWins(store: JournalStore): Promise<void> {
  const written = recordsOf('run_a', 40)
  const journals = await Promise.all([store.open(), store.open()])
  try {
    for (let seq = 0; seq < written.length; seq++) {
      const outcomes = await Promise.allSettled(
        journals.map(async (journal) => journal.append('run_a', seq, [written[seq]!])),
      )
      const lost = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
      assert.equal(lost.length, 1)
      assert.ok(isSallyportError(lost[0]), String(lost[0]))
      assert.ok(['journal-conflict', 'bad-journal'].includes(lost[0].code), lost[0].code)
    }
  } finally {
    await Promise.all(journals.map((journal) => journal.close()))
  }
  await using(store, async (journal) => {
    assert.deepEqual(lines(await all(journal, 'run_a')), lines(written))
  })
}

/** The record that comes first has no payload, so a driver that does not take back leaves it. */
export async function leavesNothingHalf(
  store: JournalStore,
  fillUp: NonNullable<JournalStore['fillUp']>,
): Promise<void> {
  const [first, ...rest] = recordsOf('run_a', 3)
  const said = conversation('run_b')
  await using(store, async (journal) => journal.append('run_a', 0, [first!]))
  const makeSpace = await fillUp()
  try {
    await using(store, async (journal) => {
      const both = [rest[0]!, { ...rest[1]!, payload: said[0]!.payload! }]
      await assert.rejects(async () => journal.append('run_a', 1, both), { code: 'bad-journal' })
    })
  } finally {
    await makeSpace()
  }
  await using(store, async (journal) => {
    assert.deepEqual(lines(await all(journal, 'run_a')), lines([first!]))
    await journal.append('run_a', 1, rest)
    await journal.append('run_b', 0, said)
    assert.deepEqual(lines(await all(journal, 'run_a')), lines([first!, ...rest]))
  })
}

export async function readsOnly(
  store: JournalStore,
  protect: NonNullable<JournalStore['protect']>,
): Promise<void> {
  const written = conversation('run_a', { end: 'completed' })
  await using(store, async (journal) => journal.append('run_a', 0, written.slice(0, 2)))
  const release = await protect()
  try {
    await using(store, async (journal) => {
      assert.deepEqual(lines(await all(journal, 'run_a')), lines(written.slice(0, 2)))
      const refused = { code: 'bad-journal' }
      await assert.rejects(async () => journal.append('run_a', 2, written.slice(2)), refused)
      await assert.rejects(journal.erase('run_a'), refused)
      await assert.rejects(journal.remove('run_a'), refused)
      await assert.rejects(journal.leaveAnswer('run_a', 'yes'), refused)
    })
  } finally {
    await release()
  }
  await using(store, async (journal) => {
    await journal.append('run_a', 2, written.slice(2))
    const { erased, verdict } = await verifyChain(journal.read('run_a'))
    assert.deepEqual({ erased, verdict }, { erased: 0, verdict: 'CONSISTENT' })
  })
}

/** A driver may refuse to read what was altered; what it gives must not look whole. */
export async function showsAlteration(
  store: JournalStore,
  alter: NonNullable<JournalStore['alter']>,
): Promise<void> {
  const written = conversation('run_a', { end: 'completed' })
  await using(store, async (journal) => journal.append('run_a', 0, written))
  await alter('run_a', 1)
  await using(store, async (journal) => {
    const verdict = await verifyChain(journal.read('run_a')).then(
      (found) => found.verdict,
      (error: unknown) => (isSallyportError(error) ? error.code : String(error)),
    )
    assert.ok(['TAMPERED', 'MALFORMED', 'bad-journal'].includes(verdict), verdict)
  })
}
