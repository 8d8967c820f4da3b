import type { SharedCounters } from '../journal/shared-counters.ts'
import { Counter } from './counter.ts'

/** Two clocks of one moment. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly wall: number
  /** Milliseconds that never go back. */
  readonly monotonic: number
}

/** What has been taken of one limit by one owner. */
export interface LimitLedger {
  /** Without what is entered under this name. */
  total(now: Moment, except: string): bigint
  /** What a call is to use from now on, whatever it had taken before. */
  take(entry: string, amount: bigint, now: Moment): void
  /** What is known to be used; where it was counted before, it stays as it was counted. */
  note(entry: string, amount: bigint, now: Moment): void
  giveBack(entry: string, amount: bigint, taken: Moment): void
}

/** A ledger of this process; it goes by time that never goes back. */
export class OwnLedger implements LimitLedger {
  readonly counter: Counter

  constructor(windowMs: number | undefined) {
    this.counter = new Counter(windowMs)
  }

  total({ monotonic }: Moment): bigint {
    return this.counter.total(monotonic)
  }

  take(_entry: string, amount: bigint, { monotonic }: Moment): void {
    this.counter.take(amount, monotonic)
  }

  note(entry: string, amount: bigint, now: Moment): void {
    this.take(entry, amount, now)
  }

  giveBack(_entry: string, amount: bigint, { monotonic }: Moment): void {
    this.counter.giveBack(amount, monotonic)
  }
}

/**
 * A ledger of all processes on a journal, by the time of the wall. A call that is judged again, also
 * by another process after a crash, finds what it has taken.
 */
export class SharedLedger implements LimitLedger {
  readonly #counters: SharedCounters
  readonly #key: string
  readonly #windowMs: number | undefined

  constructor(counters: SharedCounters, key: string, windowMs: number | undefined) {
    this.#counters = counters
    this.#key = `${windowMs === undefined ? 'a' : 'w'} ${key}`
    this.#windowMs = windowMs
  }

  total({ wall }: Moment, except: string): bigint {
    const after = this.#windowMs === undefined ? undefined : wall - this.#windowMs
    return this.#counters.total(this.#key, after, except)
  }

  take(entry: string, amount: bigint, { wall }: Moment): void {
    this.#counters.put(this.#key, entry, amount, wall)
  }

  note(entry: string, amount: bigint, { wall }: Moment): void {
    this.#counters.keep(this.#key, entry, amount, wall)
  }

  giveBack(entry: string): void {
    this.#counters.drop(this.#key, entry)
  }
}
