import type { Clock } from '../base/clock.ts'
import { NamedUnderWay } from '../base/under-way.ts'
import type { CompiledLimit } from '../policy/policy.ts'
import type { Principal } from '../protocol/principal.ts'
import { fromUnits, toUnits } from './amount.ts'
import type { SharedCounters } from '../journal/shared-counters.ts'
import { limitKey, ownerKey, sharedKey } from './limit-keys.ts'
import { OwnLedger, SharedLedger, type LimitLedger, type Moment } from './limit-ledger.ts'

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
  readonly owner: LimitOwner
}

/** A limit that has too little left for a call. */
export interface Shortage<Limit extends ApplicableLimit> {
  readonly limit: Limit
  /** Something is left: a smaller call of the kind would still fit. */
  readonly hasRest: boolean
}

/** What a call holds of one limit. */
interface Taken {
  readonly key: string
  readonly ledger: LimitLedger
  readonly amount: bigint
  readonly at: Moment
}

/** How the sessions of owners begin that have a name, and so outlive a run. */
export const namedSession = 'session '

/** Counters kept at most; beyond them a call that needs a new one is refused. */
const maxCounters = 100_000

/** Pause between two searches for counters that have become empty. */
const searchPauseMs = 1_000

/**
 * Counts against the limits of a policy. A reservation is taken over all limits of a call at once
 * or not at all; JavaScript runs it without interruption, so parallel calls cannot both take the
 * last place. Windows slide, on monotonic time; what was used in an earlier process is put there by
 * its age on the wall. Denials, cost and time are counted when they are known; of those a limit is
 * full once its maximum is reached.
 *
 * Limits that outlive a run are counted with all other processes where the journal can, by the time
 * of the wall; such a reservation stays when its process dies.
 */
export class LimitCounters {
  readonly #clock: Clock
  readonly #ledgers = new NamedUnderWay<OwnLedger>()
  readonly #shared: SharedCounters | undefined
  readonly #reserved = new NamedUnderWay<readonly Taken[]>()
  readonly #maxima = new WeakMap<ApplicableLimit, bigint>()
  readonly #limitKeys = new WeakMap<ApplicableLimit, string>()
  #searchedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, shared?: SharedCounters) {
    this.#clock = clock
    this.#shared = shared
  }

  /**
   * Takes what the call needs from every limit and returns where too little is left. When one of
   * those limits says `deny`, nothing is taken. A call that has taken its places keeps them when it
   * is judged again; in counters that were forgotten meanwhile it takes them anew.
   */
  reserve<Limit extends ApplicableLimit>(
    callId: string,
    claims: readonly Claim<Limit>[],
  ): readonly Shortage<Limit>[] {
    const open = this.#open(callId, claims)
    if (open.length === 0) return []
    const work = (): readonly Shortage<Limit>[] => this.#reserveAll(callId, open)
    return this.#together(open, work)
  }

  #reserveAll<Limit extends ApplicableLimit>(
    callId: string,
    claims: readonly Claim<Limit>[],
  ): readonly Shortage<Limit>[] {
    const at = this.#moment()
    const shortages = claims.flatMap((claim): readonly Shortage<Limit>[] => {
      if (!this.#isFull(claim, at, callId)) return []
      return [{ limit: claim.limit, hasRest: this.#hasRest(claim, at, callId) }]
    })
    if (!shortages.some(({ limit }) => limit.over === 'deny'))
      this.#take(callId, claims, at, 'take')
    return shortages
  }

  /** Alone among all processes where they share one of the limits. */
  #together<Result>(claims: readonly Claim<ApplicableLimit>[], work: () => Result): Result {
    const isShared = claims.some(({ limit, owner }) => this.#isShared(limit, owner))
    return isShared ? this.#shared!.together(work) : work()
  }

  /**
   * Takes what a call has used that has run, unless its places were taken before; all there is of a
   * limit where nobody can tell. `at` is when it ended (RFC 3339), where that was in another process.
   */
  force(callId: string, claims: readonly Claim<ApplicableLimit>[], at?: string): void {
    const most = this.#open(callId, claims).map((claim) => ({
      ...claim,
      amount: claim.amount ?? this.#maximum(claim.limit),
    }))
    if (most.length > 0) {
      this.#together(most, () => this.#take(callId, most, this.#moment(at), 'note'))
    }
  }

  /** The claims of a call for which it holds nothing that counts. */
  #open<Limit extends ApplicableLimit>(
    callId: string,
    claims: readonly Claim<Limit>[],
  ): readonly Claim<Limit>[] {
    const held = this.#reserved.get(callId)
    if (held === undefined) return claims
    const lost = new Set(held.filter((taken) => !this.#counts(taken)).map(({ key }) => key))
    return claims.filter(({ limit, owner }) => lost.has(this.#key(limit, owner)))
  }

  /** Whether the counter is still the one that calls are held against. */
  #counts({ key, ledger }: Taken): boolean {
    return !(ledger instanceof OwnLedger) || this.#ledgers.get(key) === ledger
  }

  #take(
    callId: string,
    claims: readonly Claim<ApplicableLimit>[],
    at: Moment,
    how: 'take' | 'note',
  ): void {
    const taken = (this.#reserved.get(callId) ?? []).filter((each) => this.#counts(each))
    for (const { limit, owner, amount = 0n } of claims) {
      if (isMeasured(limit)) continue
      const ledger = this.#ledger(limit, owner)
      ledger[how](callId, amount, at)
      taken.push({ key: this.#key(limit, owner), ledger, amount, at })
    }
    this.#reserved.set(callId, taken)
  }

  /**
   * Counts what became known afterwards: a denial, a cost in dollars, a time in seconds. Where other
   * processes count too, an entry counts once. `at` is as in `force`.
   */
  add(limit: ApplicableLimit, amount: number, owner: LimitOwner, entry: string, at?: string): void {
    // who has no counter now is refused at the next call, as long as there is no room
    if (!this.#hasRoom(limit, owner, this.#moment())) return
    this.#ledger(limit, owner).note(entry, toUnits(amount), this.#moment(at))
  }

  /** What has been taken of a limit, what is reserved included. */
  used(limit: ApplicableLimit, owner: LimitOwner): number {
    return fromUnits(this.#total(limit, owner, this.#moment(), ''))
  }

  /** The call has run: its places stay taken. */
  commit(callId: string): void {
    this.#reserved.delete(callId)
  }

  /** The call was refused after all: its places are free again. */
  release(callId: string): void {
    for (const { amount, at, ledger } of this.#reserved.get(callId) ?? []) {
      ledger.giveBack(callId, amount, at)
    }
    this.#reserved.delete(callId)
  }

  /** Drops what was counted for a session that cannot come back. */
  forget(limits: readonly ApplicableLimit[], owner: LimitOwner): void {
    for (const limit of limits) {
      if (limit.per === 'session') this.#ledgers.delete(this.#key(limit, owner))
    }
  }

  #isFull({ limit, amount, owner }: Claim<ApplicableLimit>, now: Moment, callId: string): boolean {
    if (!this.#hasRoom(limit, owner, now)) return true
    const used = this.#total(limit, owner, now, callId)
    const max = this.#maximum(limit)
    if (isMeasured(limit)) return used >= max
    return amount === undefined || used + amount > max
  }

  #hasRest({ limit, amount, owner }: Claim<ApplicableLimit>, now: Moment, callId: string): boolean {
    if (amount === undefined || !this.#hasRoom(limit, owner, now)) return false
    return this.#total(limit, owner, now, callId) < this.#maximum(limit)
  }

  /** What is still to come, by the clock of another machine or one that was set back, is now. */
  #moment(at?: string): Moment {
    const wall = this.#clock.now()
    const age = at === undefined ? 0 : wall - Date.parse(at)
    const past = age > 0 ? age : 0
    return { wall: wall - past, monotonic: this.#clock.monotonic() - past }
  }

  /** Whether the limit outlives the run, and other processes know of it. */
  #isShared({ per }: ApplicableLimit, { session }: LimitOwner): boolean {
    return this.#shared !== undefined && (per !== 'session' || session.startsWith(namedSession))
  }

  #total(limit: ApplicableLimit, owner: LimitOwner, now: Moment, except: string): bigint {
    if (this.#isShared(limit, owner)) return this.#ledger(limit, owner).total(now, except)
    return this.#ledgers.get(this.#key(limit, owner))?.total(now) ?? 0n
  }

  #ledger(limit: ApplicableLimit, owner: LimitOwner): LimitLedger {
    if (this.#isShared(limit, owner)) {
      return new SharedLedger(this.#shared!, sharedKey(limit, owner), limit.windowMs)
    }
    const key = this.#key(limit, owner)
    let ledger = this.#ledgers.get(key)
    if (ledger === undefined) {
      ledger = new OwnLedger(limit.windowMs)
      this.#ledgers.set(key, ledger)
    }
    return ledger
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
    return key + ownerKey(limit, owner)
  }

  #hasRoom(limit: ApplicableLimit, owner: LimitOwner, now: Moment): boolean {
    if (this.#isShared(limit, owner)) return true
    const known = this.#ledgers.get(this.#key(limit, owner))
    return known !== undefined || this.#ledgers.size < maxCounters || this.#makeRoom(now.monotonic)
  }

  /** Looks through all counters, so not at every call of those who have filled them. */
  #makeRoom(now: number): boolean {
    if (now - this.#searchedAt < searchPauseMs) return false
    this.#searchedAt = now
    for (const [key, { counter }] of this.#ledgers) {
      counter.total(now)
      if (counter.isEmpty) this.#ledgers.delete(key)
    }
    return this.#ledgers.size < maxCounters
  }
}

/** Known only afterwards, so nothing is reserved. */
function isMeasured({ count }: ApplicableLimit): boolean {
  return count !== 'calls'
}
