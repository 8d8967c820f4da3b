import type { Clock } from '../base/clock.ts'
import { maskedKey } from '../wire/secrets.ts'
import type { KeyFault } from './key-pool-fault.ts'

/** What is known of one key. Times are RFC 3339. */
export interface KeyStatus {
  /** Counts from 1, in the order in which the keys were added. */
  readonly index: number
  /** First 8 and last 4 characters; nothing of a key with 12 or fewer. */
  readonly key: string
  /** False after 3 failures in a row, and while the key is in quarantine. */
  readonly healthy: boolean
  /** Failures in a row. */
  readonly failures: number
  readonly lastSuccess: string | null
  readonly lastFailure: string | null
  readonly inBackOff: boolean
  readonly quarantined: boolean
  /** When it may be used again; null when it may be now. */
  readonly until: string | null
}

const unhealthyAfter = 3
const longestBackOffMs = 60_000
/** Timers fire that much too early; who has waited must not be sent away again. */
const timerSlackMs = 2

/** One key and how it has fared. */
export class KeyEntry {
  readonly #key: string
  readonly #clock: Clock
  #failures = 0
  #refused = false
  /** Monotonic times. */
  #notBefore = Number.NEGATIVE_INFINITY
  #failedAt = Number.NEGATIVE_INFINITY
  /** Wall times. */
  #lastSuccess: number | undefined
  #lastFailure: number | undefined

  constructor(key: string, clock: Clock) {
    this.#key = key
    this.#clock = clock
  }

  get key(): string {
    return this.#key
  }

  /** Milliseconds for which the key must not be used. */
  get rest(): number {
    const left = this.#notBefore - this.#clock.monotonic()
    return left < timerSlackMs ? 0 : left
  }

  get quarantined(): boolean {
    return this.#refused && this.rest > 0
  }

  get healthy(): boolean {
    return !this.quarantined && this.#failures < unhealthyAfter
  }

  /** `restMs` is the least pause; `since` is when the failed request was sent. */
  failed(fault: Exclude<KeyFault, 'none'>, restMs: number, since: number | undefined): void {
    this.#refused = fault === 'quarantine' || this.quarantined
    // requests sent before the last failure tell of the same trouble, not of more
    if (since === undefined || since >= this.#failedAt) this.#failures++
    const now = this.#clock.monotonic()
    this.#failedAt = now
    this.#lastFailure = this.#clock.now()
    const pause = fault === 'quarantine' ? restMs : Math.max(restMs, backOff(this.#failures))
    this.#notBefore = Math.max(this.#notBefore, now + pause)
  }

  succeeded(since: number | undefined): void {
    this.#lastSuccess = this.#clock.now()
    // an answer to what was sent before the last failure is no news
    if (since !== undefined && since < this.#failedAt) return
    this.#failures = 0
    this.#refused = false
    this.#notBefore = Number.NEGATIVE_INFINITY
  }

  status(index: number): KeyStatus {
    const { rest } = this
    return {
      index,
      key: maskedKey(this.#key),
      healthy: this.healthy,
      failures: this.#failures,
      lastSuccess: timeOf(this.#lastSuccess),
      lastFailure: timeOf(this.#lastFailure),
      inBackOff: rest > 0,
      quarantined: this.quarantined,
      until: rest === 0 ? null : timeOf(this.#clock.now() + rest),
    }
  }
}

function backOff(failures: number): number {
  return failures > 6 ? longestBackOffMs : 1000 * 2 ** (failures - 1)
}

function timeOf(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString()
}
