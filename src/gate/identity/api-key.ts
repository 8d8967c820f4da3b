import { hash, timingSafeEqual } from 'node:crypto'
import { sha256 } from '../../base/digest.ts'
import { SallyportError } from '../../base/errors.ts'
import { endOfDay } from '../../policy/time.ts'
import type { ApiKey } from '../../protocol/identity.ts'
import { acceptCaller, type AcceptedCaller } from './claims.ts'
import { refuse, type Refusal } from './refusal.ts'

const maxKeyLength = 4096

/**
 * The `hash` of an API key for a policy file: `sha256:` and 64 hexadecimal digits. A plain hash
 * protects keys that are random and long (128 bits or more, such as 22 characters of base64url),
 * and only those; do not use it for passwords. Throws `bad-option` for an empty key.
 *
 * @example
 * ```ts
 * const key = crypto.getRandomValues(Buffer.alloc(32)).toString('base64url')
 * const hash = hashApiKey(key)
 * ```
 */
export function hashApiKey(key: string): string {
  if (typeof key !== 'string' || key === '' || key.length > maxKeyLength || !key.isWellFormed()) {
    throw new SallyportError('bad-option', `an API key has 1 to ${maxKeyLength} characters`, {
      help: 'pass the key as callers bring it, such as 32 random bytes in base64url',
    })
  }
  return sha256(key)
}

/** Looks callers up by API key. */
export class ApiKeyTable {
  readonly #keys: readonly { readonly digest: Buffer; readonly caller: AcceptedCaller }[]

  constructor(keys: readonly ApiKey[]) {
    this.#keys = keys.map((key) => ({
      digest: Buffer.from(key.hash.slice('sha256:'.length), 'hex'),
      caller: callerOf(key),
    }))
  }

  /**
   * Compares the hash of `key` with all configured ones, each in constant time and without
   * stopping at a match, so that time tells nothing about any of them.
   */
  find(key: string, now: number): AcceptedCaller | Refusal {
    if (key.length > maxKeyLength || !key.isWellFormed()) return unknownKey()
    const digest = hash('sha256', key, 'buffer')
    let found: AcceptedCaller | undefined
    for (const candidate of this.#keys) {
      if (timingSafeEqual(digest, candidate.digest)) found = candidate.caller
    }
    if (found === undefined) return unknownKey()
    if (found.expiresAt !== undefined && now >= found.expiresAt) {
      return refuse('api-key-expired', 'the API key has expired')
    }
    return found
  }
}

function unknownKey(): Refusal {
  return refuse(
    'api-key-unknown',
    'the API key is not known',
    'put its hash under `identity.apiKeys` of the policy',
  )
}

function callerOf(key: ApiKey): AcceptedCaller {
  const principal = {
    subject: key.subject ?? key.id,
    roles: [...key.roles],
    scopes: [...key.scopes],
    ...(key.tenant === undefined ? {} : { tenant: key.tenant }),
    agent: key.id,
  }
  return acceptCaller(principal, key.expires === undefined ? undefined : endOfDay(key.expires))
}
