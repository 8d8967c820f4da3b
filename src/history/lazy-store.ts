import { Lazy } from '../base/lazy.ts'
import type { HistoryEntry } from './entry.ts'
import type { HistoryStore, KeptHistory } from './store.ts'

type Awaitable<Value> = Value | Promise<Value>

/** What does the work of a store. It may do so at once; what it throws, the store rejects with. */
export interface StoreDriver {
  read(key: string): Awaitable<readonly HistoryEntry[]>
  append(key: string, expectedLength: number, entries: readonly HistoryEntry[]): Awaitable<void>
  remove(key: string, expectedLength?: number): Awaitable<boolean>
  list(): AsyncIterable<KeptHistory> | Iterable<KeptHistory>
  lease(key: string, holder: string, ms: number): Awaitable<boolean>
  release(key: string, holder: string): Awaitable<void>
  close?(): void
}

/** A store whose driver is loaded and opened when it is first used. */
export function lazyStore(open: () => Promise<StoreDriver>): HistoryStore {
  const opened = new Lazy(open)
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
      // also one that is being opened
      const driver = await opened.settled()
      driver?.close?.()
    },
  }
}
