import { systemClock, type Clock } from '../base/clock.ts'
import { SallyportError } from '../base/errors.ts'
import type { ModelErrorData } from '../protocol/event.ts'
import { checkGiven, isClock } from '../protocol/option-checks.ts'
import { modelError } from '../wire/status.ts'
import { KeyEntry, type KeyStatus } from './key-pool-entry.ts'
import { keyFault } from './key-pool-fault.ts'
import { checkFilled, checkKey, checkKeys, checkNumbers } from './options.ts'

export interface KeyPoolOptions {
  /** Whose keys they are, for the status. Default `model`. */
  readonly provider?: string
  /** Milliseconds for which a key that was refused is not used. Default 10 minutes. */
  readonly quarantineMs?: number
  readonly clock?: Clock
}

export interface KeyPoolStatus {
  readonly provider: string
  readonly total: number
  readonly healthy: number
  readonly unhealthy: number
  readonly keys: readonly KeyStatus[]
}

/** Keys tried for one operation at most. */
export const maxKeysTried = 3

/** A provider that asks for a longer rest is not believed. */
const longestRestMs = 24 * 60 * 60_000

/** A key handed out for one attempt, to be told how the attempt went. */
export class KeyLease {
  readonly #pool: KeyPool
  readonly #key: string
  readonly #since: number

  constructor(pool: KeyPool, key: string, since: number) {
    this.#pool = pool
    this.#key = key
    this.#since = since
  }

  get key(): string {
    return this.#key
  }

  succeeded(): void {
    this.#pool.succeeded(this.#key, this.#since)
  }

  failed(error: unknown): void {
    this.#pool.failed(this.#key, error, this.#since)
  }
}

/**
 * Keys of one account or several that share the load and stand in for each other. A key whose
 * request failed for what a key can be blamed for rests for 1, 2, 4, 8, 16, 32 and then 60 s, or
 * for as long as the provider asks; one that was refused (401, 403) is put in quarantine. Keys that
 * are not healthy are used only when no other may be. No output shows more of them than a mask.
 */
export class KeyPool {
  readonly #entries: KeyEntry[] = []
  readonly #provider: string
  readonly #quarantineMs: number
  readonly #clock: Clock
  /** Where the next search begins. */
  #cursor = 0

  constructor(keys: readonly string[], options: KeyPoolOptions) {
    this.#provider = options.provider ?? 'model'
    this.#quarantineMs = options.quarantineMs ?? 600_000
    this.#clock = options.clock ?? systemClock
    for (const key of keys) this.add(key)
  }

  get size(): number {
    return this.#entries.length
  }

  /** The first key that may be used, or the first of all when none may; does not advance. */
  current(): string | undefined {
    return (this.#entries.find(({ rest }) => rest === 0) ?? this.#entries[0])?.key
  }

  /**
   * The next key in turn that may be used. Throws `model-no-key` when all of them rest, with
   * `details.retryAfterMs`, and `model-unauthorized` when there is none or all were refused.
   */
  next(): string {
    return this.#taken().key
  }

  /** A key has failed; errors that no key can be blamed for, and unknown keys, are ignored. */
  failed(key: string, error: unknown, since?: number): void {
    const fault = keyFault(error)
    if (fault === 'none') return
    const rest = fault === 'quarantine' ? this.#quarantineMs : 0
    this.#find(key)?.failed(fault, Math.max(rest, askedRest(error)), since)
  }

  /** A key works: its failures are forgotten, and it may be used at once. */
  succeeded(key: string, since?: number): void {
    this.#find(key)?.succeeded(since)
  }

  /**
   * Runs the operation with a key and, when the key is to blame, with others: 3 keys at most.
   * Rejects with the last error.
   */
  async use<T>(operation: (key: string) => Promise<T>): Promise<T> {
    const most = Math.min(this.size, maxKeysTried)
    let lease = this.#taken()
    for (let tried = 1; ; tried++) {
      try {
        const value = await operation(lease.key)
        lease.succeeded()
        return value
      } catch (thrown) {
        lease.failed(thrown)
        const next = tried < most && keyFault(thrown) !== 'none' ? this.lease() : undefined
        if (!(next instanceof KeyLease)) throw thrown
        lease = next
      }
    }
  }

  /** Puts a key at the end; one that is there already is as good as new. True when it was not. */
  add(key: string): boolean {
    checkKey('key', key)
    const known = this.#find(key)
    if (known !== undefined) known.succeeded(undefined)
    else this.#entries.push(new KeyEntry(key, this.#clock))
    return known === undefined
  }

  /** Requests that are under way with the key go on. True when it was there. */
  remove(key: string): boolean {
    const index = this.#entries.findIndex((entry) => entry.key === key)
    if (index < 0) return false
    this.#entries.splice(index, 1)
    if (index < this.#cursor) this.#cursor--
    return true
  }

  /** All keys, for taking them out of what others say. */
  secrets(): readonly string[] {
    return this.#entries.map(({ key }) => key)
  }

  status(): KeyPoolStatus {
    const keys = this.#entries.map((entry, index) => entry.status(index + 1))
    const healthy = keys.filter((key) => key.healthy).length
    const total = keys.length
    return { provider: this.#provider, total, healthy, unhealthy: total - healthy, keys }
  }

  toJSON(): KeyPoolStatus {
    return this.status()
  }

  /**
   * The next key in turn for one attempt, or why there is none. `waitFor` tells for how many
   * milliseconds a key must not be used for another reason.
   */
  lease(waitFor: (key: string) => number = noWait): KeyLease | ModelErrorData {
    const { length } = this.#entries
    let second: number | undefined
    for (let step = 0; step < length; step++) {
      const index = (this.#cursor + step) % length
      const entry = this.#entries[index]!
      if (entry.rest > 0 || waitFor(entry.key) > 0) continue
      if (entry.healthy) return this.#hand(index)
      second ??= index
    }
    return second === undefined ? this.#noKey(waitFor) : this.#hand(second)
  }

  /** Milliseconds until a key may be used; undefined when all were refused or there is none. */
  waitMs(waitFor: (key: string) => number = noWait): number | undefined {
    const waits = this.#entries
      .filter(({ quarantined }) => !quarantined)
      .map(({ rest, key }) => Math.max(rest, waitFor(key)))
    return waits.length === 0 ? undefined : Math.ceil(Math.min(...waits))
  }

  #hand(index: number): KeyLease {
    this.#cursor = (index + 1) % this.#entries.length
    return new KeyLease(this, this.#entries[index]!.key, this.#clock.monotonic())
  }

  #taken(): KeyLease {
    const lease = this.lease()
    if (lease instanceof KeyLease) return lease
    const { code, message, help, retryAfterMs } = lease
    throw new SallyportError(code, message, {
      help,
      details: retryAfterMs === undefined ? undefined : { retryAfterMs },
    })
  }

  #noKey(waitFor: (key: string) => number): ModelErrorData {
    const retryAfterMs = this.waitMs(waitFor)
    if (retryAfterMs === undefined) {
      const none = this.size === 0
      const message = none ? 'the pool has no key' : 'every key of the pool was refused'
      return modelError('model-unauthorized', message, {
        help: 'add a key that the model endpoint accepts',
      })
    }
    const until = new Date(this.#clock.now() + retryAfterMs).toISOString()
    const given = { retryAfterMs, help: 'wait, or add keys' }
    // a key that does not rest is held back by its quota alone
    return this.#entries.every(({ rest }) => rest > 0)
      ? modelError('model-no-key', `no key of the pool may be used before ${until}`, given)
      : modelError('model-quota', `the quota of every key is used up until ${until}`, given)
  }

  #find(key: string): KeyEntry | undefined {
    return this.#entries.find((entry) => entry.key === key)
  }
}

/**
 * A pool of keys; it may be empty at first. Throws `bad-option` for what is no key.
 *
 * @example
 * ```ts
 * const model = openrouter({ model: 'a/b', apiKey: keyPool(['sk-or-1...', 'sk-or-2...']) })
 * ```
 */
export function keyPool(keys: readonly string[], options: KeyPoolOptions = {}): KeyPool {
  if (!Array.isArray(keys)) {
    throw new SallyportError('bad-option', '`keys` is not a list of texts', {
      help: 'give the keys in an array, also a single one',
    })
  }
  checkKeys('keyPool', options, ['provider', 'quarantineMs', 'clock'])
  const { provider, quarantineMs } = options
  if (provider !== undefined) checkFilled('provider', provider)
  if (quarantineMs !== undefined) checkNumbers('keyPool', { quarantineMs }, 0)
  checkGiven(options, { clock: isClock })
  return new KeyPool(keys, options)
}

function askedRest(error: unknown): number {
  const { retryAfterMs } = error as { readonly retryAfterMs?: unknown }
  return typeof retryAfterMs === 'number' && retryAfterMs > 0
    ? Math.min(retryAfterMs, longestRestMs)
    : 0
}

function noWait(): number {
  return 0
}
