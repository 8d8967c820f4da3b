import type { Journal, JournalRecord } from '../../src/journal/journal.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import { openRecord } from '../../src/journal/chain.ts'
import type { StructuralEvent } from '../../src/protocol/run-event.ts'

export interface FailingJournal extends Journal {
  /** How often something was to be appended. */
  readonly appends: number
  /** Resolves with the first append that fails. */
  readonly failed: Promise<void>
  /** Everything that was written before the failure. */
  readonly written: readonly StructuralEvent[]
  readonly records: readonly JournalRecord[]
}

/** A journal in memory whose `failing`-th append, counted from 1, and all later ones fail. */
export function failingJournal(
  failing: number,
  how: 'throws' | 'rejects' | 'hangs',
): FailingJournal {
  const journal = memoryJournal()
  const written: StructuralEvent[] = []
  const kept: JournalRecord[] = []
  const failed = Promise.withResolvers<void>()
  let appends = 0
  return {
    ...journal,
    failed: failed.promise,
    get appends() {
      return appends
    },
    written,
    records: kept,
    append(runId, expectedSeq, records) {
      appends++
      if (appends < failing) {
        kept.push(...records)
        written.push(...records.map((record) => openRecord(record).event))
        return journal.append(runId, expectedSeq, records)
      }
      failed.resolve()
      if (how === 'hangs') return new Promise(() => {})
      if (how === 'throws') throw new Error('the disk is full')
      return Promise.reject(new Error('the disk is full'))
    },
  }
}
