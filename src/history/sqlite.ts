import { systemClock, type Clock } from '../base/clock.ts'
import { Lazy } from '../base/lazy.ts'
import type { SqliteTable } from './sqlite-table.ts'
import type { HistoryStore } from './store.ts'

/**
 * Keeps conversations in one SQLite file (`node:sqlite`, no dependency), for its user alone (mode
 * 0600). It is a file of its own, not that of a `sqliteJournal`. Any number of processes of one
 * machine may share it; what was appended is on disk when `append` resolves. Writing happens on the
 * calling thread, which waits up to 5 s for another writer. Leases are timed by the wall clock.
 *
 * Rejects with `bad-history` what cannot be read or written.
 */
export function sqliteHistory(
  path: string,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): HistoryStore {
  const opened = new Lazy<SqliteTable>(async () => {
    const { SqliteTable: Table } = await import('./sqlite-table.ts')
    return Table.open(path, clock)
  })
  return {
    read: async (key) => (await opened.load()).read(key),
    append: async (key, expectedLength, entries) =>
      (await opened.load()).append(key, expectedLength, entries),
    remove: async (key, expectedLength) => (await opened.load()).remove(key, expectedLength),
    async *list() {
      yield* (await opened.load()).list()
    },
    lease: async (key, holder, ms) => (await opened.load()).lease(key, holder, ms),
    release: async (key, holder) => (await opened.load()).release(key, holder),
    async close() {
      opened.value?.close()
    },
  }
}
