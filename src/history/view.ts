import type { HistoryEntry } from './entry.ts'
import type { HistoryStore } from './store.ts'

/** What the model sees of a conversation. */
export interface ShownHistory {
  /** Some of the given entries, in their order. */
  readonly entries: readonly HistoryEntry[]
  /** A text that is kept and stands for the first `covers` of the given entries from now on. */
  readonly summary?: { readonly text: string; readonly covers: number }
}

/**
 * Chooses what of a conversation the model sees, before each run: `windowed`, `compacted` or your
 * own. It is given a summary, where there is one, and what came after it, frozen through and
 * through. The store keeps everything, and policies judge by everything; a choice that splits a
 * call from its result ends the run with `bad-history`.
 */
export type HistoryView = (
  entries: readonly HistoryEntry[],
  options: { readonly signal: AbortSignal },
) => ShownHistory | Promise<ShownHistory>

export interface HistoryOptions {
  /** The store, or what tells the one in force when a run begins. */
  readonly store: HistoryStore | (() => HistoryStore)
  /** Default: all of the conversation. */
  readonly view?: HistoryView
}
