import { hash } from 'node:crypto'
import type { AcceptedCaller } from './claims.ts'
import type { KeySet } from './key-set.ts'
import type { KeySource } from './key-source.ts'

const maxEntries = 10_000

interface Entry {
  readonly caller: AcceptedCaller
  readonly source: KeySource
  readonly keys: KeySet
}

/** The key of a token in the cache: its SHA-256, so that no token is kept. */
export function cacheKey(token: string): string {
  return hash('sha256', token, 'base64url')
}

/**
 * Remembers accepted tokens, and only those. An entry ends with the validity of its token and as
 * soon as its issuer has other keys or none. At most 10,000 entries; the one that was not used for
 * longest makes room.
 */
export class TokenCache {
  readonly #entries = new Map<string, Entry>()

  get(key: string, now: number): AcceptedCaller | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    const { caller, source, keys } = entry
    if (now >= (caller.expiresAt ?? 0) || source.current() !== keys) return undefined
    this.#entries.set(key, entry)
    return caller
  }

  set(key: string, entry: Entry): void {
    this.#entries.set(key, entry)
    if (this.#entries.size <= maxEntries) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      break
    }
  }
}
