import { systemClock, type Clock } from '../base/clock.ts'
import { Lazy } from '../base/lazy.ts'
import type { DiskFolder } from './disk-folder.ts'
import type { HistoryStore } from './store.ts'

/**
 * Keeps conversations in a folder, which is made where it is missing, for its user alone (mode
 * 0700). Any number of processes of one machine may share it. A conversation is a folder by the
 * SHA-256 of its name, so that no name leads elsewhere; each append is a file in it that is written
 * and synced before it gets its name, which only one of several writers can give. Leases are timed
 * by the wall clock.
 *
 * Rejects with `bad-history` what cannot be read or written, and files that somebody has altered
 * such that they are no conversation.
 */
export function diskHistory(
  folder: string,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): HistoryStore {
  const opened = new Lazy<DiskFolder>(async () => {
    const { DiskFolder: Folder } = await import('./disk-folder.ts')
    return new Folder(folder, clock)
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
    async close() {},
  }
}
