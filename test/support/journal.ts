import type { Journal } from '../../src/journal/journal.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import { openRecord } from '../../src/journal/chain.ts'
import type { StructuralEvent } from '../../src/protocol/run-event.ts'

export interface FailingJournal extends Journal {
  /** How often something was to be appended. */
  readonly appends: number
  /** Everything that was written before the failure. */
  readonly written: readonly StructuralEvent[]
}

/** A journal in memory whose `failing`-th append, counted from 1, and all later ones fail. */
export function failingJournal(failing: number, how: 'throws' | 'rejects'): FailingJournal {
  const journal = memoryJournal()
  const written: StructuralEvent[] = []
  let appends = 0
  return {
    ...journal,
    get appends() {
      return appends
    },
    written,
    append(runId, expectedSeq, records) {
      appends++
      if (appends < failing) {
        written.push(...records.map((record) => openRecord(record).event))
        return journal.append(runId, expectedSeq, records)
      }
      if (how === 'throws') throw new Error('the disk is full')
      return Promise.reject(new Error('the disk is full'))
    },
  }
}
