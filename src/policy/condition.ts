import { interned } from '../base/intern.ts'
import { absent, blocked, valueAt } from '../base/json-path.ts'
import type { JsonValue } from '../base/json.ts'
import { compileTest, type Check } from './argument-test.ts'
import type { Effect } from '../protocol/decision.ts'
import type { ArgumentTest, Rule, RuleArgument } from './document.ts'
import type { DecisionRequest } from './policy.ts'
import { isWithin } from './time.ts'
import { no, truthOf, unknown, yes, type Truth } from './truth.ts'

/**
 * A condition of a rule and, by `next`, those after it. Under thousands of rules the price of a
 * decision is the memory it touches: a chain needs no list, and bounds of a number, the usual test,
 * stand in the link itself, where a closure for each would lie somewhere else.
 */
export interface Condition {
  /** A top-level argument; null when `whole` looks for itself. */
  readonly name: string | null
  readonly whenAbsent: Truth
  /** Tests the argument when it is not about bounds alone. */
  readonly check: Check | null
  readonly whenNotNumber: Truth
  readonly integer: boolean
  readonly minimum: number | null
  readonly maximum: number | null
  readonly exclusiveMinimum: number | null
  readonly exclusiveMaximum: number | null
  readonly next: Condition | null
  readonly whole: ((request: DecisionRequest) => Truth) | null
}

/** False as soon as one is false; no conditions are true. */
export function evaluate(first: Condition | null, request: DecisionRequest): Truth {
  let result = yes
  for (let condition = first; condition !== null; condition = condition.next) {
    const truth = truthOfOne(condition, request)
    if (truth === no) return no
    if (truth < result) result = truth
  }
  return result
}

function truthOfOne(condition: Condition, request: DecisionRequest): Truth {
  const { name } = condition
  if (name === null) return condition.whole!(request)
  if (!Object.hasOwn(request.args, name)) return condition.whenAbsent
  const value = request.args[name]!
  return condition.check === null ? isInside(condition, value) : condition.check(value, request)
}

function isInside(condition: Condition, value: JsonValue): Truth {
  if (typeof value !== 'number') return condition.whenNotNumber
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = condition
  return truthOf(
    (minimum === null || value >= minimum) &&
      (maximum === null || value <= maximum) &&
      (exclusiveMinimum === null || value > exclusiveMinimum) &&
      (exclusiveMaximum === null || value < exclusiveMaximum) &&
      (!condition.integer || Number.isInteger(value)),
  )
}

/** The conditions of a rule on the call, those on arguments first and in this order. */
export function chainConditions(rule: Rule, ordered: readonly RuleArgument[]): Condition | null {
  const { onlyArgs, effect } = rule
  let first: Condition | null = null
  if (rule.from !== undefined || rule.until !== undefined) {
    first = link({ whole: ({ now }) => isWithin(now, rule) }, first)
  }
  if (onlyArgs !== undefined) {
    const names = new Set(onlyArgs.map(({ text }) => text))
    const whole: Condition['whole'] = ({ args }) =>
      truthOf(Object.keys(args).every((name) => names.has(name)))
    first = link({ whole }, first)
  }
  for (const argument of ordered.toReversed()) first = link(partsOf(argument, effect), first)
  return first
}

/** Spelled out, so that all links have one layout. */
function link(parts: Partial<Condition>, next: Condition | null): Condition {
  return {
    name: parts.name == null ? null : interned(parts.name),
    next,
    minimum: parts.minimum ?? null,
    maximum: parts.maximum ?? null,
    exclusiveMinimum: parts.exclusiveMinimum ?? null,
    exclusiveMaximum: parts.exclusiveMaximum ?? null,
    check: parts.check ?? null,
    integer: parts.integer ?? false,
    whenAbsent: parts.whenAbsent ?? no,
    whenNotNumber: parts.whenNotNumber ?? unknown,
    whole: parts.whole ?? null,
  }
}

function partsOf({ path, optional, test }: RuleArgument, effect: Effect): Partial<Condition> {
  const whenAbsent = optional && effect !== 'deny' ? yes : no
  if (path.length === 1) {
    return { name: path[0]!, whenAbsent, ...(boundsOf(test) ?? { check: compileTest(test) }) }
  }
  const check = compileTest(test)
  const whole: Condition['whole'] = (request) => {
    const value = valueAt(request.args, path)
    if (value === absent) return whenAbsent
    return value === blocked ? unknown : check(value, request)
  }
  return { whole }
}

/** The parts of a condition, if the test is about bounds of a number and nothing else. */
function boundsOf(test: ArgumentTest): Partial<Condition> | undefined {
  const { at: _at, type, minimum, maximum, exclusiveMinimum, exclusiveMaximum, ...others } = test
  const isOfNumbers = type === 'number' || type === 'integer'
  const isOfNothing = Object.keys(test).length === 1
  if (isOfNothing || (type !== undefined && !isOfNumbers)) return undefined
  if (Object.keys(others).length > 0) return undefined
  return {
    whenNotNumber: isOfNumbers ? no : unknown,
    integer: type === 'integer',
    minimum: minimum ?? null,
    maximum: maximum ?? null,
    exclusiveMinimum: exclusiveMinimum ?? null,
    exclusiveMaximum: exclusiveMaximum ?? null,
  }
}
