import type { JsonPrimitive, JsonValue } from '../base/json.ts'
import type { ArgumentTest, Rule, RuleArgument } from './document.ts'

/** The only values of an argument with which a rule can be other than false. */
export interface RequiredValues {
  readonly argument: RuleArgument
  readonly name: string
  readonly values: readonly JsonPrimitive[]
  /** True when nothing else is tested: to have such a value is to pass. */
  readonly isWhole: boolean
}

/** The only numbers of an argument with which a rule can be other than false. */
export interface RequiredRange {
  readonly name: string
  /** Both ends count as inside: an index may find too much, never too little. */
  readonly low: number
  readonly high: number
  /** True when the rule is false for what is not a number; else it is unknown. */
  readonly onlyNumbers: boolean
}

export function requiredValues(rule: Rule): RequiredValues | undefined {
  for (const argument of requiredArguments(rule)) {
    const { test, path } = argument
    const values = test.const === undefined ? test.enum : [test.const]
    if (values !== undefined && values.every(isPrimitive)) {
      const isWhole = Object.keys(test).length === 2
      return { argument, name: path[0]!, values, isWhole }
    }
  }
  return undefined
}

export function requiredRange(rule: Rule): RequiredRange | undefined {
  for (const { test, path } of requiredArguments(rule)) {
    const [low, high] = rangeOf(test)
    if (low > -Infinity || high < Infinity) {
      const onlyNumbers = test.type === 'number' || test.type === 'integer'
      return { name: path[0]!, low, high, onlyNumbers }
    }
  }
  return undefined
}

/** Arguments without which the rule is false. */
function requiredArguments(rule: Rule): readonly RuleArgument[] {
  return rule.args.filter(
    ({ path, optional }) => path.length === 1 && (!optional || rule.effect === 'deny'),
  )
}

export function rangeOf(test: ArgumentTest): readonly [low: number, high: number] {
  return [
    Math.max(test.minimum ?? -Infinity, test.exclusiveMinimum ?? -Infinity),
    Math.min(test.maximum ?? Infinity, test.exclusiveMaximum ?? Infinity),
  ]
}

function isPrimitive(value: JsonValue): value is JsonPrimitive {
  return typeof value !== 'object' || value === null
}
