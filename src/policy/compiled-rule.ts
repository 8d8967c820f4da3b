import type { Effect, Obligation, Position, RuleReference } from '../protocol/decision.ts'
import type { Principal } from '../protocol/principal.ts'
import { concerns, type EffectiveRights } from './caller.ts'
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
  readonly reason: string
  readonly reference: RuleReference
  /** Rules are numbered in the order of their ids, which settles ties. */
  readonly order: number
  readonly truth: Truth
  readonly rule: Rule
  readonly obligation: Obligation
}

/**
 * A rule that is ready to evaluate. What every decision reads comes first, to lie together in
 * memory; what only a rule that applies contributes is made when it first does, so that thousands
 * that never apply take little room in between.
 */
export class CompiledRule {
  readonly effect: Effect
  readonly isShadow: boolean
  /** The conditions for arguments that are known to have one of the required values. */
  readonly conditionsFound: Condition | null
  #whenTrue: Hit | undefined
  #whenUnknown: Hit | undefined
  /** On arguments, their names and the time. */
  readonly conditions: Condition | null
  readonly rule: Rule
  /** Values of one argument without which the rule is false. */
  readonly required: RequiredValues | undefined
  readonly #order: number
  readonly #source: Source
  #misses: Misses | undefined

  /** `order` is the place of the rule among all, in order. */
  constructor(rule: Rule, order: number, source: Source) {
    const required = requiredValues(rule)
    // the argument with required values comes first: whoever has looked it up may skip it
    const first = required?.argument
    const ordered = rule.args.toSorted((a, b) => Number(b === first) - Number(a === first))
    const conditions = chainConditions(rule, ordered)
    this.effect = rule.effect
    this.isShadow = rule.shadow
    this.conditionsFound = required?.isWhole === true ? conditions!.next : conditions
    this.conditions = conditions
    this.rule = rule
    this.required = required
    this.#order = order
    this.#source = source
  }

  get whenTrue(): Hit {
    this.#whenTrue ??= this.#contribution(yes)
    return this.#whenTrue
  }

  get whenUnknown(): Hit {
    this.#whenUnknown ??= this.#contribution(unknown)
    return this.#whenUnknown
  }

  /** The conditions that do not hold, for an allow rule. */
  get misses(): Misses {
    this.#misses ??= new Misses(this.rule, this.whenTrue.reference)
    return this.#misses
  }

  /** Whether the conditions on the caller hold. */
  concerns(principal: Principal, rights: EffectiveRights): boolean {
    return concerns(this.rule, principal, rights)
  }

  #contribution(truth: Truth): Hit {
    const { rule } = this
    const { id, effect, shadow } = rule
    const { file, line, column } = positionOf(rule.at, this.#source)
    const reference: RuleReference = Object.freeze({
      column,
      effect,
      file,
      id,
      line,
      ...(shadow ? { shadow } : {}),
      ...(truth === unknown ? { unknown: true } : {}),
    })
    const explain = truth === unknown ? explainUnknown : explainRule
    return {
      id,
      reason: explain(rule, reference),
      reference,
      order: this.#order,
      truth,
      rule,
      obligation: compileObligation(rule),
    }
  }
}

/** By their ids. */
export function inOrder(rules: readonly Rule[]): readonly Rule[] {
  return rules.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

export function positionOf(at: { readonly start: number }, source: Source): Position {
  return { file: source.file, ...source.point(at.start) }
}

function compileObligation({ approvers }: Rule): Obligation {
  const roles = approvers?.roles?.map(({ text }) => text)
  const remember = approvers?.remember === true ? ({ remember: true } as const) : {}
  return Object.freeze({
    kind: 'approval',
    approvers: {
      ...(roles === undefined ? {} : { roles }),
      count: approvers?.count ?? 1,
      ...remember,
    },
  })
}
