import type { HistoryStore } from '../history/store.ts'
import { historyCases, sharedCases } from './history-cases.ts'

/** One behaviour that every store of conversations has. */
export interface HistoryCase {
  readonly name: string
  run(): Promise<void>
}

/** A place in which conversations are kept, empty when it is made. */
export interface HistoryBench {
  /** Opens a store; each call another object, where the place outlives its objects. */
  open(): HistoryStore | Promise<HistoryStore>
  /** The place is lost with its store, so that cases of two objects make no sense. */
  readonly isFleeting?: boolean
}

/**
 * The behaviours of a store of conversations, for any test runner. `make` makes an empty place each
 * time it is called. A case rejects when the store does not behave.
 *
 * @example
 * ```ts
 * const make = () => {
 *   const folder = freshFolder()
 *   return { open: () => diskHistory(folder) }
 * }
 * for (const { name, run } of historySuite(make)) test(name, run)
 * ```
 */
export function historySuite(make: () => HistoryBench): readonly HistoryCase[] {
  const single = Object.entries(historyCases).map(([name, work]) => ({
    name,
    async run() {
      const store = await make().open()
      try {
        await work(store)
      } finally {
        await store.close()
      }
    },
  }))
  if (make().isFleeting === true) return single
  const shared = Object.entries(sharedCases).map(([name, work]) => ({
    name,
    async run() {
      const bench = make()
      const [one, other] = [await bench.open(), await bench.open()]
      try {
        await work(one, other)
      } finally {
        await one.close()
        await other.close()
      }
    },
  }))
  return [...single, ...shared]
}
