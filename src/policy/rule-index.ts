import type { JsonObject, JsonPrimitive } from '../base/json.ts'
import { indexKey } from './argument-test.ts'
import type { CompiledRule } from './compiled-rule.ts'
import { RangeIndex, type RangedRule } from './range-index.ts'
import { requiredRange, type RequiredValues } from './required.ts'

/** Fewer rules than this are cheaper to evaluate than to look up. */
const worthwhile = 8

type Visit = (rule: CompiledRule, evaluate: CompiledRule['evaluate']) => void

interface ValueIndex {
  readonly name: string
  readonly rules: Map<JsonPrimitive | undefined, CompiledRule[]>
}

/**
 * Finds the rules that can be true or unknown for given arguments, without looking at most of the
 * others. A rule is filed under one argument that it requires: by the values of `const` and
 * `enum`, or by the range of a number. All of a rule has to hold, so a rule that is not found is
 * false; a rule that is found is still evaluated.
 */
export class RuleIndex {
  readonly #always: CompiledRule[] = []
  readonly #byValue: ValueIndex[] = []
  readonly #byRange: { readonly name: string; readonly ranges: RangeIndex }[] = []

  constructor(rules: readonly CompiledRule[]) {
    if (rules.length < worthwhile) {
      this.#always.push(...rules)
      return
    }
    const ranged = new Map<string, RangedRule[]>()
    for (const rule of rules) {
      const { required } = rule
      const range = required === undefined ? requiredRange(rule.rule) : undefined
      if (required !== undefined) this.#fileByValue(required, rule)
      else if (range !== undefined) group(ranged, range.name, { rule, range })
      else this.#always.push(rule)
    }
    for (const [name, entries] of ranged) {
      const ranges = new RangeIndex(entries)
      this.#byRange.push({ name, ranges })
      this.#always.push(...ranges.wide)
    }
  }

  /** Calls `visit` with every rule that may not be false, and with what is left to evaluate. */
  candidates(args: JsonObject, visit: Visit): void {
    for (const rule of this.#always) visit(rule, rule.evaluate)
    for (const { name, rules } of this.#byValue) {
      const value = Object.hasOwn(args, name) ? args[name]! : undefined
      if (value === undefined || (typeof value === 'object' && value !== null)) continue
      // normalizing is dear; a text that is found as it is needs none
      const found = rules.get(value as JsonPrimitive) ?? rules.get(indexKey(value))
      if (found !== undefined) for (const rule of found) visit(rule, rule.evaluateFound)
    }
    for (const { name, ranges } of this.#byRange) {
      if (Object.hasOwn(args, name)) {
        for (const rule of ranges.find(args[name]!)) visit(rule, rule.evaluate)
      }
    }
  }

  #fileByValue({ name, values }: RequiredValues, rule: CompiledRule): void {
    let index = this.#byValue.find((other) => other.name === name)
    if (index === undefined) {
      index = { name, rules: new Map() }
      this.#byValue.push(index)
    }
    for (const key of new Set(values.map(indexKey))) group(index.rules, key, rule)
  }
}

/** Adds to the list under a key. */
export function group<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
