import type { JsonPrimitive } from '../base/json.ts'
import { indexKey } from './argument-test.ts'
import type { CompiledRule } from './compiled-rule.ts'
import type { Condition } from './condition.ts'
import type { DecisionRequest } from './policy.ts'
import { RangeIndex, type RangedRule } from './range-index.ts'
import { requiredRange, type RequiredValues } from './required.ts'

/** Fewer rules than this are cheaper to evaluate than to look up. */
const worthwhile = 8

/** Gets a rule that may not be false, and what is left to evaluate. */
type Visit = (rule: CompiledRule, conditions: Condition | null) => void

interface ValueIndex {
  readonly name: string
  /** One rule, the usual case, needs no list. */
  readonly rules: Map<JsonPrimitive | undefined, CompiledRule | CompiledRule[]>
  readonly next: ValueIndex | null
}

interface RangedName {
  readonly name: string
  readonly ranges: RangeIndex
  readonly next: RangedName | null
}

const none: readonly CompiledRule[] = []

/**
 * Finds the rules that can be true or unknown for given arguments, without looking at most of the
 * others. A rule is filed under one argument that it requires: by the values of `const` and
 * `enum`, or by the range of a number. All of a rule has to hold, so a rule that is not found is
 * false; a rule that is found is still evaluated.
 */
export class RuleIndex {
  // chains and a common empty list: what every decision walks along lies in few places
  readonly #always: readonly CompiledRule[] = none
  #byValue: ValueIndex | null = null
  #byRange: RangedName | null = null

  constructor(rules: readonly CompiledRule[]) {
    if (rules.length < worthwhile) {
      this.#always = rules
      return
    }
    const always: CompiledRule[] = []
    const ranged = new Map<string, RangedRule[]>()
    for (const rule of rules) {
      const { required } = rule
      const range = required === undefined ? requiredRange(rule.rule) : undefined
      if (required !== undefined) this.#fileByValue(required, rule)
      else if (range !== undefined) group(ranged, range.name, { rule, range })
      else always.push(rule)
    }
    for (const [name, entries] of ranged) {
      const ranges = new RangeIndex(entries)
      this.#byRange = { name, ranges, next: this.#byRange }
      always.push(...ranges.wide)
    }
    if (always.length > 0) this.#always = always
  }

  candidates({ args }: DecisionRequest, visit: Visit): void {
    for (const rule of this.#always) visit(rule, rule.conditions)
    for (let index = this.#byValue; index !== null; index = index.next) {
      const value = Object.hasOwn(args, index.name) ? args[index.name]! : undefined
      if (value === undefined || (typeof value === 'object' && value !== null)) continue
      visitFound(index.rules, value, visit)
    }
    for (let index = this.#byRange; index !== null; index = index.next) {
      if (!Object.hasOwn(args, index.name)) continue
      for (const rule of index.ranges.find(args[index.name]!)) visit(rule, rule.conditions)
    }
  }

  #fileByValue({ name, values }: RequiredValues, rule: CompiledRule): void {
    const rules = this.#rulesByValueOf(name)
    for (const key of new Set(values.map(indexKey))) {
      const others = rules.get(key)
      if (others === undefined) rules.set(key, rule)
      else if (Array.isArray(others)) others.push(rule)
      else rules.set(key, [others, rule])
    }
  }

  #rulesByValueOf(name: string): ValueIndex['rules'] {
    for (let index = this.#byValue; index !== null; index = index.next) {
      if (index.name === name) return index.rules
    }
    this.#byValue = { name, rules: new Map(), next: this.#byValue }
    return this.#byValue.rules
  }
}

function visitFound(rules: ValueIndex['rules'], value: JsonPrimitive, visit: Visit): void {
  // normalizing is dear; a text that is found as it is needs none
  const found = rules.get(value) ?? rules.get(indexKey(value))
  if (found === undefined) return
  if (!Array.isArray(found)) visit(found, found.conditionsFound)
  else for (const rule of found) visit(rule, rule.conditionsFound)
}

/** Adds to the list under a key. */
export function group<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
