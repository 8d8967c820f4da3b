import { hash } from 'node:crypto'
import type { JwtIssuer } from '../../protocol/identity.ts'
import type { Binding } from './binding.ts'
import type { AcceptedCaller } from './claims.ts'
import type { KeySet } from './key-set.ts'
import type { KeySource } from './key-source.ts'

const maxEntries = 10_000

/** A token whose signature and claims have been verified; what it is bound to has not. */
export interface VerifiedToken {
  readonly ok: true
  readonly caller: AcceptedCaller
  readonly issuer: JwtIssuer
  readonly binding: Binding | undefined
}

interface Entry extends VerifiedToken {
  readonly source: KeySource
  readonly keys: KeySet
}

/** SHA-256 in base64url: the key of a token in the cache, so that none is kept, and its `ath`. */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'base64url')
}

/**
 * Remembers accepted tokens, and only those. An entry ends with the validity of its token and as
 * soon as its issuer has other keys or none. At most 10,000 entries; the one that was not used for
 * longest makes room.
 */
export class TokenCache {
  readonly #entries = new Map<string, Entry>()

  get(key: string, now: number): VerifiedToken | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    const { caller, source, keys } = entry
    if (now >= (caller.expiresAt ?? 0) || source.current() !== keys) return undefined
    this.#entries.set(key, entry)
    return entry
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
