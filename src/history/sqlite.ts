import { resolve } from 'node:path'
import { systemClock, type Clock } from '../base/clock.ts'
import { checkDatabasePath } from '../base/options.ts'
import { checkGiven, isClock } from '../protocol/option-checks.ts'
import { lazyStore } from './lazy-store.ts'
import type { HistoryStore } from './store.ts'

/**
 * Keeps conversations in one SQLite file (`node:sqlite`, no dependency), for its user alone (mode
 * 0600). It is a file of its own, not that of a `sqliteJournal`. Any number of processes of one
 * machine may share it; what was appended is on disk when `append` resolves. Writing happens on the
 * calling thread, which waits up to 5 s for another writer. Leases are timed by the wall clock.
 *
 * Rejects with `bad-history` what cannot be read or written. Throws `bad-option` for what is no path
 * or no clock.
 *
 * @example
 * ```ts
 * const runtime = createRuntime({ model, history: sqliteHistory('chats.db') })
 * ```
 */
export function sqliteHistory(
  path: string,
  options: { readonly clock?: Clock } = {},
): HistoryStore {
  checkDatabasePath(path, 'memoryHistory')
  checkGiven(options, { clock: isClock })
  const { clock = systemClock } = options
  const file = resolve(path)
  return lazyStore(async () => {
    const { SqliteTable } = await import('./sqlite-table.ts')
    return SqliteTable.open(file, clock)
  })
}
