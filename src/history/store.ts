import { SallyportError } from '../base/errors.ts'
import { ownerOf, type Principal } from '../protocol/principal.ts'
import type { HistoryEntry } from './entry.ts'

/** A conversation that a store keeps. */
export interface KeptHistory {
  /** As `historyKey` makes it. */
  readonly key: string
  /** How many entries it has. */
  readonly length: number
  /** When its last entry was said, RFC 3339. */
  readonly lastAt: string
}

/**
 * Where conversations are kept from run to run. Entries are appended and never changed; whatever
 * cannot be read or written rejects with `bad-history`. `historySuite` of `sallyport/testing` shows
 * whether a driver behaves.
 */
export interface HistoryStore {
  /** All entries, the oldest first; none where there is no such conversation. */
  read(key: string): Promise<readonly HistoryEntry[]>
  /**
   * Appends all of the entries or none, where the conversation has exactly `expectedLength` of them;
   * else rejects with `history-conflict`. Of several concurrent writers one wins.
   */
  append(key: string, expectedLength: number, entries: readonly HistoryEntry[]): Promise<void>
  /**
   * Deletes a conversation; with `expectedLength` only where it has that many entries. False where
   * there is none, or it has another length.
   */
  remove(key: string, expectedLength?: number): Promise<boolean>
  /** Every conversation, in any order. */
  list(): AsyncIterable<KeptHistory>
  /**
   * Lets one holder at a time work on a conversation, over all processes that share the store: true
   * where nobody has it, the time of who had it is up, or the holder has it already, whose time
   * begins anew then. `ms` is how long it is held unless it is asked for again.
   */
  lease(key: string, holder: string, ms: number): Promise<boolean>
  /** Gives it back; nothing happens where somebody else holds it. */
  release(key: string, holder: string): Promise<void>
  close(): Promise<void>
}

/**
 * The name of a conversation in its store: a session belongs to its principal in its tenant, so
 * that who learns or guesses the name of a session does not see what others have said in it.
 * Callers without an identity of their own (`identity.anonymous`) share theirs: give each of them a
 * session that nobody guesses. Whoever came with a token has the issuer of that too: without it the
 * name is that of another conversation.
 *
 * @example
 * ```ts
 * const principal = { subject: 'ada', issuer: 'https://login.example.com' }
 * const isRemoved = await store.remove(historyKey('chat-1', principal))
 * ```
 */
export function historyKey(
  session: string,
  principal: Pick<Principal, 'subject' | 'issuer' | 'tenant'> | null,
): string {
  return JSON.stringify([session, ...ownerOf(principal)])
}

export function historyConflict(key: string, expected: number, found: number): SallyportError {
  return new SallyportError(
    'history-conflict',
    `conversation \`${key}\` has ${found} entries, not ${expected}`,
    { help: 'read it again, then append behind what another writer has added' },
  )
}
