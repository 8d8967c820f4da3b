import { resolve } from 'node:path'
import { Lazy } from '../base/lazy.ts'
import { checkDatabasePath } from '../base/options.ts'
import { checkFileOptions, encrypted, type FileJournalOptions } from './encryption.ts'
import type { Journal, JournalRecord } from './journal.ts'
import type { SqliteFile } from './sqlite-file.ts'

/**
 * A journal in one SQLite file (`node:sqlite`, no dependency). Any number of processes may write
 * different runs and read all of them. Appends of one tick share a transaction; intents and
 * approvals are on disk (`synchronous=FULL`, one fsync for the tick) before `append` returns, the
 * rest survives the death of the process and is synced with the next of them. Writing happens on
 * the calling thread, which waits up to 5 s for another writer.
 *
 * A transaction that fails has written nothing: the runs that appended stop, and after space was
 * made they can be resumed.
 *
 * With `encryption` payloads and answers are encrypted (AES-256-GCM); lines are not. Throws
 * `bad-option` for options that are none.
 */
export function sqliteJournal(path: string, options: FileJournalOptions = {}): Journal {
  checkDatabasePath(path, 'memoryJournal')
  checkFileOptions('sqliteJournal', options)
  return encrypted(databaseJournal(resolve(path)), options.encryption)
}

function databaseJournal(path: string): Journal {
  const file = new Lazy(async () => {
    const { SqliteFile: File } = await import('./sqlite-file.ts')
    return new File(path)
  })
  const counters = new Lazy(async () => {
    const { openCounters } = await import('./sqlite-counters.ts')
    return openCounters(path)
  })
  const append = async (
    runId: string,
    expectedSeq: number,
    records: readonly JournalRecord[],
  ): Promise<void> => (await file.load()).append(runId, expectedSeq, records)
  const reading = async (): Promise<SqliteFile> => {
    const opened = await file.load()
    await opened.written()
    return opened
  }
  return {
    append: (runId, expectedSeq, records) =>
      file.value?.append(runId, expectedSeq, records) ?? append(runId, expectedSeq, records),
    async *read(runId, from = 0) {
      // without `yield*`, which would make a promise more of each record
      for (const record of (await reading()).read(runId, from)) yield record
    },
    async *list() {
      yield* (await reading()).list()
    },
    async latestRuns(count) {
      return (await reading()).latestRuns(count)
    },
    async leaveAnswer(runId, answer) {
      await (await reading()).leaveAnswer(runId, answer)
    },
    async answers(runId) {
      return (await reading()).answers(runId)
    },
    async erase(runId) {
      return (await file.load()).erase(runId)
    },
    async remove(runId) {
      return (await file.load()).remove(runId)
    },
    async prune(options) {
      return (await file.load()).prune(options)
    },
    counters: () => counters.load(),
    async addCheckpoint(runId, checkpoint) {
      await (await file.load()).addCheckpoint(runId, checkpoint)
    },
    async checkpoints(runId) {
      return (await reading()).checkpoints(runId)
    },
    async close() {
      counters.value?.close()
      await (await file.load()).close()
    },
  }
}
