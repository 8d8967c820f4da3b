import { systemClock, type Clock } from '../base/clock.ts'
import { checkGiven, isClock } from '../protocol/option-checks.ts'
import type { HistoryEntry } from './entry.ts'
import { historyConflict, type HistoryStore } from './store.ts'

interface Lease {
  readonly holder: string
  readonly until: number
}

/**
 * Keeps conversations in this process, for as long as it lives. What is read is a copy of what was
 * appended. Leases are timed by `clock`, default that of the system. Throws `bad-option` for a clock
 * that is none.
 *
 * @example
 * ```ts
 * const runtime = createRuntime({ model, history: memoryHistory() })
 * ```
 */
export function memoryHistory(options: { readonly clock?: Clock } = {}): HistoryStore {
  checkGiven(options, { clock: isClock })
  const { clock = systemClock } = options
  const kept = new Map<string, readonly HistoryEntry[]>()
  const leases = new Map<string, Lease>()
  return {
    read: async (key) => structuredClone(kept.get(key) ?? []),
    async append(key, expectedLength, entries) {
      const before = kept.get(key) ?? []
      if (before.length !== expectedLength) {
        throw historyConflict(key, expectedLength, before.length)
      }
      if (entries.length > 0) kept.set(key, [...before, ...structuredClone(entries)])
    },
    async remove(key, expectedLength) {
      const length = kept.get(key)?.length
      return length === (expectedLength ?? length) && kept.delete(key)
    },
    async *list() {
      for (const [key, entries] of kept) {
        yield { key, length: entries.length, lastAt: entries.at(-1)!.at }
      }
    },
    async lease(key, holder, ms) {
      const now = clock.monotonic()
      const held = leases.get(key)
      if (held !== undefined && held.holder !== holder && held.until > now) return false
      leases.set(key, { holder, until: now + ms })
      return true
    },
    async release(key, holder) {
      if (leases.get(key)?.holder === holder) leases.delete(key)
    },
    async close() {},
  }
}
