import { SallyportError } from '../base/errors.ts'
import type { Journal, JournalRecord } from './journal.ts'

/** A journal that lasts as long as the process: for tests, and for runs nobody has to prove. */
export function memoryJournal(): Journal {
  const runs = new Map<string, JournalRecord[]>()
  const left = new Map<string, string[]>()
  return {
    append(runId, expectedSeq, records) {
      const stored = runs.get(runId) ?? []
      if (stored.length !== expectedSeq) throw conflict(runId, expectedSeq, stored.length)
      if (expectedSeq === 0) runs.set(runId, stored)
      for (const record of records) stored.push(record)
      return undefined
    },
    async *read(runId, from = 0) {
      yield* runs.get(runId)?.slice(from) ?? []
    },
    async *list() {
      yield* runs.keys()
    },
    async leaveAnswer(runId, answer) {
      left.set(runId, [...(left.get(runId) ?? []), answer])
    },
    async answers(runId) {
      return left.get(runId) ?? []
    },
    async close() {},
  }
}

/** The error of an append that another writer has overtaken. */
export function conflict(runId: string, expected: number, found: number): SallyportError {
  return new SallyportError(
    'journal-conflict',
    `run \`${runId}\` has ${found} records where ${expected} were expected`,
    { help: 'only one process may carry a run; let the other one finish it' },
  )
}
