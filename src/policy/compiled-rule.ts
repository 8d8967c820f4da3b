import type { Effect, Obligation, Position, RuleReference } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import { absent, blocked, valueAt } from '../base/json-path.ts'
import { compileTest } from './argument-test.ts'
import { compileWho, type EffectiveRights } from './caller.ts'
import type { Rule, RuleArgument } from './document.ts'
import { compileMisses, type Misses } from './misses.ts'
import type { DecisionRequest } from './policy.ts'
import { requiredValues, type RequiredValues } from './required.ts'
import { explainRule, explainUnknown } from './reasons.ts'
import type { Source } from './source.ts'
import { isWithin } from './time.ts'
import { allOf, no, truthOf, unknown, yes, type Test, type Truth } from './truth.ts'

type Condition = Test<DecisionRequest, Principal>

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

/** A rule as closures; by itself what it contributes when it is true. */
export interface CompiledRule extends Hit {
  readonly effect: Effect
  readonly whenUnknown: Hit
  /** Values of one argument without which the rule is false. */
  readonly required: RequiredValues | undefined
  /** Whether the conditions on the caller hold. */
  concerns(principal: Principal, rights: EffectiveRights): boolean
  /** The rest of the rule: arguments, their names, time. */
  readonly evaluate: Condition
  /** The same for arguments that are known to have one of the required values. */
  readonly evaluateFound: Condition
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
  const conditions = compileConditions(rule, required)
  const evaluate = allOf(conditions)
  const hit: Hit = { id, reference, reason, order, truth: yes, rule, obligation }
  // what every decision reads comes first, to lie together in memory
  return {
    ...hit,
    effect,
    evaluateFound: required?.isWhole === true ? allOf(conditions.slice(1)) : evaluate,
    evaluate,
    whenUnknown: { ...hit, truth: unknown, reference: unknownReference, reason: unknownReason },
    required,
    concerns: (principal, rights) =>
      who?.(principal, rights) !== false && notWho?.(principal, rights) !== true,
    misses: compileMisses(rule),
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

/** The argument with required values comes first: whoever has looked it up may skip it. */
function compileConditions(rule: Rule, required: RequiredValues | undefined): readonly Condition[] {
  const first = required?.argument
  const ordered = rule.args.toSorted((a, b) => Number(b === first) - Number(a === first))
  const conditions = ordered.map((argument) => compileArgument(argument, rule.effect))
  if (rule.onlyArgs !== undefined) {
    const names = new Set(rule.onlyArgs.map(({ text }) => text))
    conditions.push(({ args }) => truthOf(Object.keys(args).every((name) => names.has(name))))
  }
  if (rule.from !== undefined || rule.until !== undefined) {
    conditions.push(({ now }) => isWithin(now, rule))
  }
  return conditions
}

function compileArgument({ path, optional, test }: RuleArgument, effect: Effect): Condition {
  const check = compileTest(test)
  const whenAbsent = optional && effect !== 'deny' ? yes : no
  if (path.length === 1) {
    const name = path[0]!
    return (request) =>
      Object.hasOwn(request.args, name) ? check(request.args[name]!, request) : whenAbsent
  }
  return (request) => {
    const value = valueAt(request.args, path)
    if (value === absent) return whenAbsent
    return value === blocked ? unknown : check(value, request)
  }
}
