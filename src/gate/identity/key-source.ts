import type { Clock } from '../../base/clock.ts'
import type { KeyOrigin } from './key-origin.ts'
import type { KeySet } from './key-set.ts'
import { refuse, type Refusal } from './refusal.ts'
import { withTimeLimit } from './time-limit.ts'

/** All in milliseconds. */
export interface KeySourceLimits {
  /** How long keys are used without having been read again. Default 10 minutes. */
  readonly maxAgeMs?: number
  /** Least time between two readings while there are keys to use. Default 1 minute. */
  readonly cooldownMs?: number
  /** Least time between two readings while there are none. Default 5 seconds. */
  readonly retryMs?: number
  /** Longest time for one reading. Default 5 seconds. */
  readonly timeoutMs?: number
}

/**
 * The keys of one issuer, kept fresh. They are read again in the background from half their age
 * on, and at once for a token that names a key they do not hold; never twice at a time. If that
 * fails, or brings a set that is refused, the old keys serve until their age is over, and then
 * there are none.
 */
export class KeySource {
  readonly #origin: KeyOrigin
  readonly #clock: Clock
  readonly #limits: Required<KeySourceLimits>
  #keys: KeySet | undefined
  #text: string | undefined
  #readAt = 0
  #triedAt = Number.NEGATIVE_INFINITY
  #failure: Refusal | undefined
  #pending: Promise<void> | undefined

  constructor(origin: KeyOrigin, clock: Clock, limits: KeySourceLimits = {}) {
    this.#origin = origin
    this.#clock = clock
    this.#limits = {
      maxAgeMs: limits.maxAgeMs ?? 600_000,
      cooldownMs: limits.cooldownMs ?? 60_000,
      retryMs: limits.retryMs ?? 5000,
      timeoutMs: limits.timeoutMs ?? 5000,
    }
  }

  /** The keys that may be used now, if there are any; the same object until they change. */
  current(): KeySet | undefined {
    const age = this.#clock.monotonic() - this.#readAt
    if (this.#keys === undefined || age >= this.#limits.maxAgeMs) return undefined
    if (age >= this.#limits.maxAgeMs / 2) void this.#refresh(this.#limits.cooldownMs)
    return this.#keys
  }

  /** The current keys, read first if need be. Refusals: `key-set-unavailable`, `token-key-invalid`. */
  async load(): Promise<KeySet | Refusal> {
    const current = this.current()
    if (current !== undefined) return current
    await this.#refresh(this.#limits.retryMs)
    return this.current() ?? this.#failure ?? unavailable('no answer')
  }

  /** Like `load`, after `seen` lacked a key: reads again if the cool-down is over. */
  async reload(seen: KeySet): Promise<KeySet | Refusal> {
    if (this.current() === seen) await this.#refresh(this.#limits.cooldownMs)
    return this.load()
  }

  /** Resolves when the reading under way is done; at once if it is too early for one. */
  async #refresh(waitMs: number): Promise<void> {
    const now = this.#clock.monotonic()
    if (this.#pending === undefined && now - this.#triedAt >= waitMs) {
      this.#triedAt = now
      this.#pending = this.#read(now).finally(() => {
        this.#pending = undefined
      })
    }
    await this.#pending
  }

  /** Never rejects. */
  async #read(startedAt: number): Promise<void> {
    try {
      const { timeoutMs } = this.#limits
      const text = await withTimeLimit(timeoutMs, (signal) => this.#origin.read(signal))
      const keys = text === this.#text ? this.#keys! : await this.#origin.build(text)
      if (!keys.ok) {
        this.#failure = keys
        return
      }
      this.#keys = keys
      this.#text = text
      this.#readAt = startedAt
    } catch (thrown) {
      this.#failure = unavailable(reasonOf(thrown))
    }
  }
}

function unavailable(reason: string): Refusal {
  return refuse('key-set-unavailable', `the keys of the issuer cannot be read: ${reason}`)
}

/** The code of a system or network error, else the message. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown failure'
  const source = thrown.cause instanceof Error ? thrown.cause : thrown
  return 'code' in source && typeof source.code === 'string' ? source.code : source.message
}
