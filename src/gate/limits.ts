import type { Clock } from '../base/clock.ts'
import { pointerOf } from '../base/json.ts'
import type { CompiledLimit } from '../policy/policy.ts'
import type { Principal } from '../protocol/principal.ts'
import { fromUnits, toUnits } from './amount.ts'
import { Counter } from './counter.ts'

/** Whose counters a call is held against. */
export interface LimitOwner {
  /** The session, or the run when it has none. */
  readonly session: string
  readonly principal: Principal | null
}

export type ApplicableLimit = Pick<
  CompiledLimit,
  'id' | 'per' | 'count' | 'sum' | 'max' | 'windowMs' | 'over' | 'position'
>

/** A limit and what a call takes from it; undefined when that cannot be told. */
export interface Claim<Limit extends ApplicableLimit> {
  readonly limit: Limit
  readonly amount: bigint | undefined
}

/** A limit that has too little left for a call. */
export interface Shortage<Limit extends ApplicableLimit> {
  readonly limit: Limit
  /** Something is left: a smaller call of the kind would still fit. */
  readonly hasRest: boolean
}

interface Taken {
  readonly key: string
  readonly amount: bigint
}

interface Reservation {
  readonly taken: readonly Taken[]
  readonly at: number
}

/** Counters kept at most; beyond them a call that needs a new one is refused. */
const maxCounters = 100_000

/** Pause between two searches for counters that have become empty. */
const searchPauseMs = 1_000

/**
 * Counts against the limits of a policy. A reservation is taken over all limits of a call at once
 * or not at all; JavaScript runs it without interruption, so parallel calls cannot both take the
 * last place. Windows slide, on monotonic time. Denials, cost and time are counted when they are
 * known; of those a limit is full once its maximum is reached.
 */
export class LimitCounters {
  readonly #clock: Clock
  readonly #counters = new Map<string, Counter>()
  readonly #reserved = new Map<string, Reservation>()
  readonly #maxima = new WeakMap<ApplicableLimit, bigint>()
  readonly #limitKeys = new WeakMap<ApplicableLimit, string>()
  #searchedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Takes what the call needs from every limit and returns where too little is left. When one of
   * those limits says `deny`, nothing is taken. A call that has taken its places keeps them when it
   * is judged again.
   */
  reserve<Limit extends ApplicableLimit>(
    callId: string,
    claims: readonly Claim<Limit>[],
    owner: LimitOwner,
  ): readonly Shortage<Limit>[] {
    if (claims.length === 0 || this.#reserved.has(callId)) return []
    const at = this.#clock.monotonic()
    const keys = claims.map(({ limit }) => this.#key(limit, owner))
    const shortages = claims.flatMap((claim, index): readonly Shortage<Limit>[] => {
      const key = keys[index]!
      if (!this.#isFull(claim, key, at)) return []
      return [{ limit: claim.limit, hasRest: this.#hasRest(claim, key, at) }]
    })
    if (!shortages.some(({ limit }) => limit.over === 'deny')) this.#take(callId, claims, keys, at)
    return shortages
  }

  /**
   * Takes what a call has used that has run, unless its places were taken before; all there is of a
   * limit where nobody can tell.
   */
  force(callId: string, claims: readonly Claim<ApplicableLimit>[], owner: LimitOwner): void {
    if (this.#reserved.has(callId)) return
    const keys = claims.map(({ limit }) => this.#key(limit, owner))
    const most = claims.map(({ limit, amount = this.#maximum(limit) }) => ({ limit, amount }))
    this.#take(callId, most, keys, this.#clock.monotonic())
  }

  #take(
    callId: string,
    claims: readonly Claim<ApplicableLimit>[],
    keys: readonly string[],
    at: number,
  ): void {
    const taken: Taken[] = []
    for (const [index, { limit, amount = 0n }] of claims.entries()) {
      if (isMeasured(limit)) continue
      const key = keys[index]!
      this.#counter(key, limit).take(amount, at)
      taken.push({ key, amount })
    }
    this.#reserved.set(callId, { taken, at })
  }

  /** Counts what became known afterwards: a denial, a cost in dollars, a time in seconds. */
  add(limit: ApplicableLimit, amount: number, owner: LimitOwner): void {
    const now = this.#clock.monotonic()
    const key = this.#key(limit, owner)
    // who has no counter now is refused at the next call, as long as there is no room
    if (!this.#hasRoom(key, now)) return
    this.#counter(key, limit).take(toUnits(amount), now)
  }

  /** What has been taken of a limit, what is reserved included. */
  used(limit: ApplicableLimit, owner: LimitOwner): number {
    const total = this.#counters.get(this.#key(limit, owner))?.total(this.#clock.monotonic())
    return fromUnits(total ?? 0n)
  }

  /** The call has run: its places stay taken. */
  commit(callId: string): void {
    this.#reserved.delete(callId)
  }

  /** The call was refused after all: its places are free again. */
  release(callId: string): void {
    const reservation = this.#reserved.get(callId)
    if (reservation === undefined) return
    for (const { key, amount } of reservation.taken) {
      this.#counters.get(key)?.giveBack(amount, reservation.at)
    }
    this.#reserved.delete(callId)
  }

  /** Drops what was counted for a session that cannot come back. */
  forget(limits: readonly ApplicableLimit[], owner: LimitOwner): void {
    for (const limit of limits) {
      if (limit.per === 'session') this.#counters.delete(this.#key(limit, owner))
    }
  }

  #isFull({ limit, amount }: Claim<ApplicableLimit>, key: string, now: number): boolean {
    if (!this.#hasRoom(key, now)) return true
    const used = this.#counters.get(key)?.total(now) ?? 0n
    const max = this.#maximum(limit)
    if (isMeasured(limit)) return used >= max
    return amount === undefined || used + amount > max
  }

  #hasRest({ limit, amount }: Claim<ApplicableLimit>, key: string, now: number): boolean {
    if (amount === undefined || !this.#hasRoom(key, now)) return false
    return (this.#counters.get(key)?.total(now) ?? 0n) < this.#maximum(limit)
  }

  #counter(key: string, { windowMs }: ApplicableLimit): Counter {
    let counter = this.#counters.get(key)
    if (counter === undefined) {
      counter = new Counter(windowMs)
      this.#counters.set(key, counter)
    }
    return counter
  }

  #maximum(limit: ApplicableLimit): bigint {
    const known = this.#maxima.get(limit)
    if (known !== undefined) return known
    const units = toUnits(limit.max)
    this.#maxima.set(limit, units)
    return units
  }

  /** Injective, as JSON texts are: joined text would let `a:b` and `c` meet `a` and `b:c`. */
  #key(limit: ApplicableLimit, owner: LimitOwner): string {
    let key = this.#limitKeys.get(limit)
    if (key === undefined) {
      key = limitKey(limit)
      this.#limitKeys.set(limit, key)
    }
    return key + JSON.stringify(ownerParts[limit.per](owner))
  }

  #hasRoom(key: string, now: number): boolean {
    return this.#counters.has(key) || this.#counters.size < maxCounters || this.#makeRoom(now)
  }

  /** Looks through all counters, so not at every call of those who have filled them. */
  #makeRoom(now: number): boolean {
    if (now - this.#searchedAt < searchPauseMs) return false
    this.#searchedAt = now
    for (const [key, counter] of this.#counters) {
      counter.total(now)
      if (counter.isEmpty) this.#counters.delete(key)
    }
    return this.#counters.size < maxCounters
  }
}

/** Known only afterwards, so nothing is reserved. */
function isMeasured({ count, sum }: ApplicableLimit): boolean {
  return sum === undefined && count !== 'calls'
}

const ownerParts: Readonly<
  Record<ApplicableLimit['per'], (owner: LimitOwner) => readonly (string | undefined)[]>
> = {
  session: ({ session }) => [session],
  subject: ({ principal }) => [principal?.issuer, principal?.subject],
  agent: ({ principal }) => [principal?.issuer, principal?.agent],
  tenant: ({ principal }) => [principal?.issuer, principal?.tenant],
  global: () => [],
}

/**
 * What tells the counters of a limit from those of others, as a JSON text. A limit that counts
 * something else under an id it had before counts it from now on; files of one policy may use the
 * same id.
 */
function limitKey({ id, per, count, sum, windowMs, position }: ApplicableLimit): string {
  const counted = `${position.file} ${count} ${windowMs}${sum === undefined ? '' : ` ${pointerOf(sum)}`}`
  return JSON.stringify([id, counted, per])
}
