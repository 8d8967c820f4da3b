import type { Effect, Obligation, Position, RuleReference } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import { compileWho, type EffectiveRights } from './caller.ts'
import { chainConditions, type Condition } from './condition.ts'
import type { Rule } from './document.ts'
import { Misses } from './misses.ts'
import { requiredValues, type RequiredValues } from './required.ts'
import { explainRule, explainUnknown } from './reasons.ts'
import type { Source } from './source.ts'
import { unknown, yes, type Truth } from './truth.ts'

/** What a rule contributes to a decision. */
export interface Hit {
  readonly id: string
  /** Rules are numbered in the order of their ids, which settles ties. */
  readonly order: number
  readonly truth: Truth
  readonly rule: Rule
  readonly reference: RuleReference
  readonly reason: string
  readonly obligation: Obligation
}

/** A rule that is ready to evaluate; by itself what it contributes when it is true. */
export interface CompiledRule extends Hit {
  readonly effect: Effect
  readonly isShadow: boolean
  readonly whenUnknown: Hit
  /** Values of one argument without which the rule is false. */
  readonly required: RequiredValues | undefined
  /** Whether the conditions on the caller hold. */
  concerns(principal: Principal, rights: EffectiveRights): boolean
  /** The rest of the rule: arguments, their names, time. */
  readonly conditions: Condition | null
  /** The same for arguments that are known to have one of the required values. */
  readonly conditionsFound: Condition | null
  /** The conditions that do not hold, for an allow rule. */
  readonly misses: Misses
}

/** By their ids. */
export function inOrder(rules: readonly Rule[]): readonly Rule[] {
  return rules.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** `order` is the place of the rule among all, in order. */
export function compileRule(rule: Rule, order: number, source: Source): CompiledRule {
  const { id, effect } = rule
  const who = rule.who === undefined ? undefined : compileWho(rule.who)
  const notWho = rule.notWho === undefined ? undefined : compileWho(rule.notWho)
  const { file, line, column } = positionOf(rule.at, source)
  const reference: RuleReference = Object.freeze(
    rule.shadow
      ? { column, effect, file, id, line, shadow: true }
      : { column, effect, file, id, line },
  )
  const reason = explainRule(rule, reference)
  const unknownReason = explainUnknown(rule, reference)
  const unknownReference = Object.freeze({ ...reference, unknown: true })
  const obligation = compileObligation(rule)
  const required = requiredValues(rule)
  // the argument with required values comes first: whoever has looked it up may skip it
  const first = required?.argument
  const ordered = rule.args.toSorted((a, b) => Number(b === first) - Number(a === first))
  const conditions = chainConditions(rule, ordered)
  const hit: Hit = { id, reference, reason, order, truth: yes, rule, obligation }
  // what every decision reads comes first, to lie together in memory
  return {
    effect,
    isShadow: rule.shadow,
    conditionsFound: required?.isWhole === true ? conditions!.next : conditions,
    id,
    reason,
    reference,
    order,
    truth: yes,
    conditions,
    rule,
    obligation,
    whenUnknown: { ...hit, truth: unknown, reference: unknownReference, reason: unknownReason },
    required,
    concerns: (principal, rights) =>
      who?.(principal, rights) !== false && notWho?.(principal, rights) !== true,
    misses: new Misses(rule, reference),
  }
}

export function positionOf(at: { readonly start: number }, source: Source): Position {
  return { file: source.file, ...source.point(at.start) }
}

function compileObligation({ approvers }: Rule): Obligation {
  const roles = approvers?.roles?.map(({ text }) => text)
  return Object.freeze({
    kind: 'approval',
    approvers: { ...(roles === undefined ? {} : { roles }), count: approvers?.count ?? 1 },
  })
}
