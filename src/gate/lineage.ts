import { strictestOf } from '../policy/layers.ts'
import type { DecisionRequest, Policy } from '../policy/policy.ts'
import type { Decision } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import { ownerKey } from './limit-keys.ts'
import { namedSession, type ApplicableLimit, type LimitOwner } from './limits.ts'
import type { JudgeContext } from './verdict.ts'

/**
 * On whose behalf a sub-agent acts. What one of the runs above it may not do, it may not do either,
 * whatever its own rights are.
 */
export interface Lineage {
  /** The run everything began with: what a policy counts and remembers of a run is of this one. */
  readonly root: string
  /** Who the runs above act for, the nearest first. */
  readonly principals: readonly (Principal | null)[]
  /** What their tasks were narrowed to. */
  readonly scopes: readonly Policy[]
}

/** Names the session of a run, which sub-agents share with the run they work for. */
export function sessionOf({ lineage, runId, session }: JudgeContext): string {
  // a session by the name of a run is not that run, with which its counters would be forgotten
  return session === undefined ? `run ${lineage?.root ?? runId}` : namedSession + session
}

/** The strictest of what everybody may do in whose name a call is made. */
export function decideForAll(
  decide: (request: DecisionRequest) => Decision,
  request: DecisionRequest,
  { lineage }: JudgeContext,
  policy: Decision['policy'],
): Decision {
  const own = decide(request)
  if (lineage === undefined) return own
  const above = lineage.principals.map((principal) => decide({ ...request, principal }))
  return { ...strictestOf([own, ...above], policy), labels: own.labels }
}

/** A context for everybody in whose name a call is made. */
export function inWhoseName(context: JudgeContext): readonly JudgeContext[] {
  const above = context.lineage?.principals ?? []
  return [context, ...above.map((principal) => ({ ...context, principal }))]
}

/** Whether the tasks of a run, and of the runs above it, need such a call. */
export function isInScope(
  { lineage, scope }: JudgeContext,
  request: () => DecisionRequest,
): boolean {
  const scopes = [...(scope === undefined ? [] : [scope]), ...(lineage?.scopes ?? [])]
  return scopes.every((each) => each.decide(request()).effect === 'allow')
}

/**
 * Whose counters of a limit a call is held against; none where the limit concerns nobody in whose
 * name it is made. An agent pays for the agents that work for it.
 */
export function ownersOf(
  limit: ApplicableLimit,
  context: JudgeContext,
  concerns: (principal: Principal | null) => boolean,
): readonly LimitOwner[] {
  const session = sessionOf(context)
  const above = context.lineage?.principals ?? []
  const owners = [context.principal, ...above]
    .filter(concerns)
    .map((principal): LimitOwner => ({ session, principal }))
  if (owners.length < 2) return owners
  return [...new Map(owners.map((owner) => [ownerKey(limit, owner), owner])).values()]
}
