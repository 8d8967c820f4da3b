import { createTimeFormatter, type Clock } from '../base/clock.ts'
import type { JsonObject } from '../base/json.ts'
import { redactPointers } from '../base/redact.ts'
import { firmSteps } from '../policy/layers.ts'
import type { CompiledLimit, DecisionRequest, Policy, PolicyInForce } from '../policy/policy.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Message } from '../protocol/message.ts'
import { amountAt, oneUnit } from './amount.ts'
import { applyFindings } from './finding.ts'
import type { Surroundings } from './layer.ts'
import { decideForAll, isInScope, ownersOf, sessionOf } from './lineage.ts'
import { laterOf, limitFinding } from './limit-reasons.ts'
import { LimitCounters, type Claim, type Shortage } from './limits.ts'
import { denial } from './refusal.ts'
import { Sessions } from './session.ts'
import type { Earlier, ExaminedCall, JudgeContext, MessageTrust, Settlement } from './verdict.ts'

/** A limit and what has been taken of it. */
export interface LimitUse {
  readonly limit: CompiledLimit
  readonly used: number
}

/** What became of a call under an earlier carrier of its run. */
export interface PastJudgement {
  readonly approved: boolean
  /** The decision that refused it. */
  readonly refused?: Decision
  /** How it ended once it was started. */
  readonly outcome?: Settlement
  /** It was started, and nobody knows how it ended: it may have done its work. */
  readonly isInDoubt?: boolean
  /** This very process has counted it already against what outlives the run. */
  readonly isCounted: boolean
}

/**
 * Decides about calls with everything a policy says: rules, sequences, limits, and the scope of
 * the run. Holds what sessions have done, and counts.
 */
export class Judgement {
  readonly #current: () => Policy
  readonly #clock: Clock
  readonly #format = createTimeFormatter()
  readonly #limits: LimitCounters
  readonly #sessions: Sessions
  readonly #stopped: Surroundings['stopped']
  /** Calls with a yes that have not run. */
  readonly #approved = new WeakSet<ExaminedCall>()

  constructor(policy: PolicyInForce, clock: Clock, surroundings: Surroundings) {
    const mayChange = typeof policy === 'function'
    this.#current = mayChange ? policy : () => policy
    this.#clock = clock
    this.#stopped = surroundings.stopped
    this.#limits = new LimitCounters(clock, surroundings.counters)
    this.#sessions = new Sessions(this.#current, { mayChange, surroundings })
  }

  get policy(): Policy {
    return this.#current()
  }

  /** RFC 3339. */
  #at(now: number): string {
    return this.#format(Number.isFinite(now) ? now : 0)
  }

  /** A deny of a step beside the rules, or of a person. */
  denial(step: string, reason: string): Decision {
    return denial(this.policy, step, reason, this.#at(this.#clock.now()))
  }

  begin(context: JudgeContext, messages: readonly Message[], trust: MessageTrust): void {
    const { principal } = context
    this.#sessions.note(context, { kind: 'heard', principal, messages, trust })
  }

  tainted(context: JudgeContext): boolean {
    return this.#sessions.of(context).tainted
  }

  remember(context: JudgeContext, earlier: readonly Earlier[]): void {
    this.#sessions.remember(context, earlier)
  }

  leave(context: JudgeContext): void {
    this.#sessions.leave(context)
  }

  /**
   * Reserves what the call takes from limits unless the outcome is a deny. A person who is asked
   * may still make the call smaller, so a call that waits for an answer is refused by a limit only
   * where nothing is left of it; with the answer the limits are asked for what is to run.
   */
  decide({ call, args }: ExaminedCall, context: JudgeContext, isAnswered: boolean): Decision {
    const { principal } = context
    const { tool, callId } = call
    const now = this.#clock.now()
    const request: DecisionRequest = {
      tool,
      args: args as JsonObject,
      principal,
      now,
      at: this.#at(now),
    }
    const stopped = this.#stopped?.(tool, context)
    if (stopped !== undefined) return this.denial('stopped', stopped)
    const session = this.#sessions.of(context)
    const { digest, name } = this.policy
    const decide = (each: DecisionRequest): Decision => session.decide(each)
    const decision = decideForAll(decide, request, context, { digest, name })
    if (firmSteps.has(decision.rule)) return decision
    if (!isInScope(context, () => session.withSources(request))) return this.#outOfScope(tool)
    if (decision.effect === 'deny') return decision
    const waits = decision.effect === 'ask' && !isAnswered
    return this.#underLimits(decision, waits, callId, request, context)
  }

  #outOfScope(tool: string): Decision {
    const reason = `this run was started for a task that does not need this call of \`${tool}\``
    return this.denial('scope', reason)
  }

  #underLimits(
    decision: Decision,
    waits: boolean,
    callId: string,
    { tool, args }: DecisionRequest,
    context: JudgeContext,
  ): Decision {
    const claims = this.#claims(tool, args, context)
    if (claims.length === 0) return decision
    const shortages = this.#limits.reserve(callId, claims)
    const isLater = ({ limit, hasRest }: Shortage<CompiledLimit>): boolean =>
      waits && hasRest && limit.over === 'deny'
    const later = shortages.filter(isLater)
    const now = shortages.filter((shortage) => !isLater(shortage))
    const judged = applyFindings(decision, now.map(limitFinding))
    return { ...judged, reasons: [...judged.reasons, ...later.map(({ limit }) => laterOf(limit))] }
  }

  #claims(
    tool: string,
    args: JsonObject | null,
    context: JudgeContext,
  ): readonly Claim<CompiledLimit>[] {
    const claims: Claim<CompiledLimit>[] = []
    for (const limit of this.policy.limits) {
      for (const owner of ownersOf(limit, context, (who) => limit.matches(tool, who))) {
        claims.push({ limit, owner, amount: amountOf(limit, args) })
      }
    }
    return claims
  }

  witnessed(examined: ExaminedCall, context: JudgeContext, outcome: Settlement): void {
    this.permitted(examined, context)
    this.settled(examined, context, outcome)
  }

  recall(
    examined: ExaminedCall,
    context: JudgeContext,
    { approved, isCounted, isInDoubt, outcome, refused }: PastJudgement,
  ): void {
    // what a named session has done is still known where the run was carried before
    if (isCounted && context.session !== undefined) return
    if (approved) this.#endorse(examined, context)
    if (isInDoubt === true) this.#reserve(examined, context)
    else if (isCounted) this.#recount(examined, context, outcome)
    else {
      if (outcome !== undefined) this.witnessed(examined, context, outcome)
      if (refused !== undefined) this.refused(examined, context, refused, refused.at)
    }
  }

  /** Takes the places of a call that may have run, until somebody finds out. */
  #reserve(examined: ExaminedCall, context: JudgeContext): void {
    const { args, call } = examined
    const claims = this.#claims(call.tool, args as JsonObject | null, context)
    this.#limits.release(call.callId)
    this.#limits.force(call.callId, claims)
    this.permitted(examined, context)
  }

  /** Counts for the run alone, whose counters went with its last carrier. */
  #recount(examined: ExaminedCall, context: JudgeContext, outcome: Settlement | undefined): void {
    if (outcome === undefined) return
    const { args, call } = examined
    const claims = this.#claims(call.tool, args as JsonObject | null, context)
    const own = claims.filter(({ limit }) => limit.per === 'session')
    this.#limits.force(call.callId, own, outcome.at)
    this.#limits.commit(call.callId)
    this.permitted(examined, context)
    const { callId, tool } = call
    const event = { kind: 'settled', callId, tool, args: known(args), outcome } as const
    this.#sessions.note(context, event)
  }

  /** People have said yes, which counts for its values once it has run: it may be taken back. */
  approved(examined: ExaminedCall): void {
    this.#approved.add(examined)
  }

  /** With the values as they were shown. */
  #endorse({ call, args, tool }: ExaminedCall, context: JudgeContext): void {
    const shown = redactPointers(known(args), tool?.sensitive ?? []) as JsonObject
    const event = { kind: 'approved', tool: call.tool, args: shown } as const
    this.#sessions.note(context, event)
  }

  /** The call may run. */
  permitted({ call, args }: ExaminedCall, context: JudgeContext): void {
    const { callId, tool } = call
    const event = { kind: 'permitted', callId, tool, args: known(args) } as const
    this.#sessions.note(context, event)
  }

  /** The call is to be judged as if it had not been permitted before. */
  withdraw(examined: ExaminedCall, context: JudgeContext): void {
    const { callId } = examined.call
    this.#limits.release(callId)
    this.#approved.delete(examined)
    this.#sessions.withdraw(context, callId)
  }

  /** The call will not run. Its own limits do not count as denials, or they would never end. */
  refused({ call }: ExaminedCall, context: JudgeContext, decision: Decision, at?: string): void {
    this.#limits.release(call.callId)
    if (decision.effect !== 'deny' || decision.rule.startsWith('limits.')) return
    for (const limit of this.policy.limits) {
      if (limit.count !== 'denials') continue
      for (const owner of ownersOf(limit, context, (who) => limit.matches(call.tool, who))) {
        this.#limits.add(limit, 1, owner, `${call.callId} denied`, at)
      }
    }
  }

  settled(examined: ExaminedCall, context: JudgeContext, outcome: Settlement): void {
    const { args, call } = examined
    const { callId, tool } = call
    if (this.#approved.delete(examined)) this.#endorse(examined, context)
    const claims = this.#claims(tool, args as JsonObject | null, context)
    // a replayed call may have run without its places
    this.#limits.force(callId, claims, outcome.at)
    this.#limits.commit(callId)
    const event = { kind: 'settled', callId, tool, args: known(args), outcome } as const
    this.#sessions.note(context, event)
    for (const limit of this.policy.limits) {
      if (limit.count !== 'time') continue
      const seconds = outcome.durationMs / 1000
      for (const owner of ownersOf(limit, context, (who) => limit.matches(tool, who))) {
        this.#limits.add(limit, seconds, owner, `${callId} time`, outcome.at)
      }
    }
  }

  /** How far the limits are used up that a call of this tool is held against. */
  limitsOf(tool: string, context: JudgeContext): readonly LimitUse[] {
    return this.policy.limits.flatMap((limit) => {
      const owners = ownersOf(limit, context, (who) => limit.matches(tool, who))
      return owners.map((owner) => ({ limit, used: this.#limits.used(limit, owner) }))
    })
  }

  release(callId: string): void {
    this.#limits.release(callId)
  }

  /** US dollars of a model response; undefined uses every limit of cost up. */
  spent(dollars: number | undefined, context: JudgeContext, turn: number, at?: string): void {
    for (const limit of this.policy.limits) {
      if (limit.count !== 'cost') continue
      const entry = `${context.runId} turn ${turn}`
      for (const owner of ownersOf(limit, context, (who) => limit.concerns(who))) {
        this.#limits.add(limit, dollars ?? limit.max, owner, entry, at)
      }
    }
  }

  /** What a sub-agent has done is remembered as long as the run it worked for. */
  forget(context: JudgeContext): void {
    if (context.session !== undefined || context.lineage !== undefined) return
    this.#sessions.forget(context)
    const owner = { session: sessionOf(context), principal: context.principal }
    this.#limits.forget(this.policy.limits, owner)
  }
}

/** Of arguments that are not on record nothing is known, which sequences and flow read strictly. */
function known(args: ExaminedCall['args']): JsonObject {
  return (args ?? {}) as JsonObject
}

/** Arguments that are not on record have an amount that nobody knows. */
function amountOf({ sum }: CompiledLimit, args: JsonObject | null): bigint | undefined {
  return sum === undefined ? oneUnit : amountAt(args, sum)
}
