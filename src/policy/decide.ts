import { messageOf } from '../base/errors.ts'
import { shorten } from '../base/text.ts'
import type { Decision, Effect, Obligation, RuleReference } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import type { EffectiveRights } from './caller.ts'
import type { Hit } from './compiled-rule.ts'
import { evaluate } from './condition.ts'
import type { DecisionRequest, Policy, ToolFloor } from './policy.ts'
import { explainDefault } from './reasons.ts'
import type { RuleIndex } from './rule-index.ts'
import type { Caller, RuleTable } from './rule-table.ts'
import { unknown, yes } from './truth.ts'

/** What a decision is made from. */
export interface Decider {
  readonly policy: Decision['policy']
  readonly table: RuleTable
  hasTool(name: string): boolean
  readonly pins: Policy['pins']
  readonly floors: ReadonlyMap<string, ToolFloor>
}

interface Hits {
  readonly allow: Hit[]
  readonly ask: Hit[]
  readonly deny: Hit[]
  /** Rules that only record. */
  readonly shadow: Hit[]
}

/** Never throws: whatever fails inside is a deny. */
export function decide(decider: Decider, request: DecisionRequest): Decision {
  try {
    return decideBySteps(decider, request)
  } catch (error) {
    const reason = `the policy failed: ${shorten(messageOf(error), 200)}`
    return refusal(decider, { at: timeOf(request) }, 'policy_error', [reason])
  }
}

/** Also of a request that is no request. */
function timeOf(request: DecisionRequest): string {
  try {
    return request.at
  } catch {
    return ''
  }
}

function decideBySteps(decider: Decider, request: DecisionRequest): Decision {
  const { tool, principal } = request
  if (principal === null) {
    const refused = refuseTool(decider, request)
    return refused ?? refusal(decider, request, 'unauthenticated', ['the caller is not known'])
  }
  const caller = decider.table.caller(principal)
  // rules are kept for tools that pass these steps, and the steps look at nothing else
  let rules = caller.keptRules(tool)
  if (rules === undefined) {
    const refused = refuseTool(decider, request) ?? refuseRights(decider, request, caller)
    if (refused !== undefined) return refused
    rules = caller.rulesFor(tool)
  }
  const hits = findHits(rules, request)
  const combined = combine(hits, decider, request)
  if (combined !== undefined) return combined
  const denied = denyByDefault(decider, request, principal, caller)
  return hits.shadow.length === 0
    ? denied
    : { ...denied, rules: hits.shadow.toSorted(byOrder).map(({ reference }) => reference) }
}

function refuseTool(decider: Decider, request: DecisionRequest): Decision | undefined {
  const { tool } = request
  const pinned = decider.pins.get(tool)
  if (pinned?.isKept === false) {
    return refusal(decider, request, 'tool_changed', [
      `the tool \`${shorten(tool, 64)}\` is not the one that was pinned: its name, description or input schema has changed, and its pin is now \`${pinned.pin}\``,
    ])
  }
  if (decider.hasTool(tool)) return undefined
  return refusal(decider, request, 'unknown_tool', [`there is no tool \`${shorten(tool, 64)}\``])
}

function refuseRights(
  decider: Decider,
  request: DecisionRequest,
  { rights }: Caller,
): Decision | undefined {
  const floor = belowFloor(decider.floors.get(request.tool), rights)
  if (floor === undefined) return undefined
  return refusal(decider, request, 'tool.requires', [
    `the tool \`${shorten(request.tool, 128)}\` itself needs ${floor}`,
  ])
}

function belowFloor(
  requires: ToolFloor | undefined,
  { roles, scopes }: EffectiveRights,
): string | undefined {
  if (requires?.roles !== undefined && !requires.roles.some((role) => roles.has(role))) {
    return `one of the roles ${requires.roles.map((role) => `\`${role}\``).join(', ')}`
  }
  const missing = requires?.scopes?.find((scope) => !scopes.has(scope))
  return missing === undefined ? undefined : `the scope \`${missing}\``
}

function findHits(rules: RuleIndex, request: DecisionRequest): Hits {
  const hits: Hits = { allow: [], ask: [], deny: [], shadow: [] }
  rules.candidates(request, (rule, conditions) => {
    const truth = evaluate(conditions, request)
    if (rule.isShadow) {
      if (truth === yes) hits.shadow.push(rule.whenTrue)
    } else if (truth === yes) hits[rule.effect].push(rule.whenTrue)
    else if (truth === unknown && rule.effect !== 'allow') hits[rule.effect].push(rule.whenUnknown)
  })
  return hits
}

/** Deny before ask before allow; undefined when no rule applies. */
function combine(hits: Hits, decider: Decider, request: DecisionRequest): Decision | undefined {
  const { allow, deny, shadow } = hits
  const ask = hits.ask.length === 0 ? hits.ask : hits.ask.filter((hit) => applies(hit, allow))
  if (deny.length > 0) return decision('deny', deny, [ask, allow, shadow], decider, request)
  if (ask.length > 0) return decision('ask', ask, [allow, shadow], decider, request)
  if (allow.length > 0) return decision('allow', allow, [shadow], decider, request)
  return undefined
}

/** An ask that is true unless excepted, or that is unknown where the call would be allowed. */
function applies({ rule, truth }: Hit, allows: readonly Hit[]): boolean {
  if (truth !== yes) return allows.length > 0
  return !rule.except.some(({ text }) => allows.some((allow) => allow.id === text))
}

function decision(
  effect: Effect,
  deciding: Hit[],
  others: readonly Hit[][],
  { policy }: Decider,
  { at }: DecisionRequest,
): Decision {
  const rules: RuleReference[] = []
  for (const group of [deciding, ...others]) {
    if (group.length > 1) group.sort(byOrder)
    for (const { reference } of group) rules.push(reference)
  }
  // in canonical order, in which it is written down
  return {
    at,
    effect,
    labels: [],
    obligations: effect === 'ask' ? obligations(deciding) : [],
    policy,
    reasons: deciding.slice(0, maxReasons).map(({ reason }) => reason),
    rule: deciding[0]!.id,
    rules,
  }
}

/** Reasons are read by people and models; the rules behind them are all in `rules`. */
export const maxReasons = 8

function byOrder(a: Hit, b: Hit): number {
  return a.order - b.order
}

function obligations(asks: readonly Hit[]): readonly Obligation[] {
  if (asks.length === 1) return [asks[0]!.obligation]
  return distinctObligations(asks.map(({ obligation }) => obligation))
}

/** Every rule and layer that asks has its own approvers, and each of them has to be satisfied. */
export function distinctObligations(all: readonly Obligation[]): readonly Obligation[] {
  return [...new Map(all.map((obligation) => [JSON.stringify(obligation), obligation])).values()]
}

function denyByDefault(
  decider: Decider,
  request: DecisionRequest,
  principal: Principal,
  caller: Caller,
): Decision {
  const reasons = explainDefault(decider.table, request, principal, caller)
  return refusal(decider, request, 'default', reasons)
}

/** A deny that no rule stands for. */
function refusal(
  { policy }: Decider,
  { at }: Pick<DecisionRequest, 'at'>,
  rule: string,
  reasons: readonly string[],
): Decision {
  return { at, effect: 'deny', labels: [], obligations: [], policy, reasons, rule, rules: [] }
}
