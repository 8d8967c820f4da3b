import type { Clock } from '../base/clock.ts'
import type { Principal } from '../protocol/principal.ts'

/** A limit of a policy that applies to the call at hand. */
export interface ApplicableLimit {
  readonly id: string
  readonly per: 'session' | 'subject' | 'agent' | 'tenant' | 'global'
  readonly max: number
  /** Length of the sliding window; absent means for as long as the counter lives. */
  readonly windowMs?: number
  readonly over: 'ask' | 'deny'
}

export interface LimitSubject {
  readonly callId: string
  /** The session, or the run when it has none. */
  readonly session: string
  readonly principal: Principal | null
}

interface Counter {
  /** When each place was taken, oldest first. */
  readonly taken: number[]
  readonly windowMs: number | undefined
}

interface Reservation {
  readonly keys: readonly string[]
  readonly at: number
}

/** Counters kept at most; beyond them a call that needs a new one is refused. */
const maxCounters = 100_000

/** Pause between two searches for counters that have become empty. */
const searchPauseMs = 1_000

/**
 * Counts calls against the limits of a policy. A reservation is taken over all limits of a call at
 * once or not at all; JavaScript runs it without interruption, so parallel calls cannot both take
 * the last place. Windows slide, on monotonic time.
 */
export class LimitCounters {
  readonly #clock: Clock
  readonly #counters = new Map<string, Counter>()
  readonly #reserved = new Map<string, Reservation>()
  #searchedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Takes one place in every limit and returns the limits that were already full. When one of
   * those says `deny`, nothing is taken. A call that has taken its places keeps them when it is
   * judged again.
   */
  reserve<Limit extends ApplicableLimit>(
    limits: readonly Limit[],
    subject: LimitSubject,
  ): readonly Limit[] {
    if (limits.length === 0 || this.#reserved.has(subject.callId)) return []
    const at = this.#clock.monotonic()
    const keys = limits.map((limit) => counterKey(limit, subject))
    const full = limits.filter((limit, index) => this.#isFull(limit, keys[index]!, at))
    if (full.some((limit) => limit.over === 'deny')) return full
    for (const [index, limit] of limits.entries()) this.#take(keys[index]!, limit, at)
    this.#reserved.set(subject.callId, { keys, at })
    return full
  }

  /** The call has run: its places stay taken. */
  commit(callId: string): void {
    this.#reserved.delete(callId)
  }

  /** The call was refused after all: its places are free again. */
  release(callId: string): void {
    const reservation = this.#reserved.get(callId)
    if (reservation === undefined) return
    for (const key of reservation.keys) {
      const taken = this.#counters.get(key)?.taken
      const index = taken?.lastIndexOf(reservation.at) ?? -1
      if (index >= 0) taken!.splice(index, 1)
    }
    this.#reserved.delete(callId)
  }

  /** Drops what was counted for a session that cannot come back. */
  forget(limits: readonly ApplicableLimit[], subject: Omit<LimitSubject, 'callId'>): void {
    for (const limit of limits) {
      if (limit.per === 'session') this.#counters.delete(counterKey(limit, subject))
    }
  }

  #isFull(limit: ApplicableLimit, key: string, now: number): boolean {
    const counter = this.#counters.get(key)
    if (counter === undefined) return this.#counters.size >= maxCounters && !this.#makeRoom(now)
    prune(counter, now)
    return counter.taken.length >= limit.max
  }

  #take(key: string, limit: ApplicableLimit, now: number): void {
    const counter = this.#counters.get(key)
    if (counter === undefined) {
      this.#counters.set(key, { taken: [now], windowMs: limit.windowMs })
    } else {
      counter.taken.push(now)
    }
  }

  /** Looks through all counters, so not at every call of those who have filled them. */
  #makeRoom(now: number): boolean {
    if (now - this.#searchedAt < searchPauseMs) return false
    this.#searchedAt = now
    for (const [key, counter] of this.#counters) {
      prune(counter, now)
      if (counter.taken.length === 0) this.#counters.delete(key)
    }
    return this.#counters.size < maxCounters
  }
}

function prune({ taken, windowMs }: Counter, now: number): void {
  if (windowMs === undefined) return
  let gone = 0
  while (gone < taken.length && taken[gone]! <= now - windowMs) gone++
  if (gone > 0) taken.splice(0, gone)
}

/** An injective key: joined text would let `a:b` and `c` meet `a` and `b:c`. */
function counterKey(
  limit: ApplicableLimit,
  { session, principal }: Omit<LimitSubject, 'callId'>,
): string {
  switch (limit.per) {
    case 'session':
      return JSON.stringify([limit.id, session])
    case 'subject':
      return JSON.stringify([limit.id, principal?.issuer ?? null, principal?.subject ?? null])
    case 'agent':
      return JSON.stringify([limit.id, principal?.issuer ?? null, principal?.agent ?? null])
    case 'tenant':
      return JSON.stringify([limit.id, principal?.issuer ?? null, principal?.tenant ?? null])
    case 'global':
      return JSON.stringify([limit.id])
  }
}
