import { interned } from '../base/intern.ts'
import type { JsonPrimitive, JsonValue } from '../base/json.ts'
import { indexKey } from './argument-test.ts'
import type { CompiledRule } from './compiled-rule.ts'
import type { Condition } from './condition.ts'
import type { DecisionRequest } from './policy.ts'
import { RangeIndex, type RangedRule } from './range-index.ts'
import { requiredRange } from './required.ts'

/** Fewer rules than this are cheaper to evaluate than to look up. */
const worthwhile = 8

/** Gets a rule that may not be false, and what is left to evaluate. */
type Visit = (rule: CompiledRule, conditions: Condition | null) => void

/** By a value that is required. One rule, the usual case, needs no list. */
type ByValue = Map<JsonPrimitive | undefined, CompiledRule | CompiledRule[]>

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
 *
 * One index is about the values of one argument; rules that require none of it are in another one
 * behind it. Chains and a common empty list keep what a decision walks along in few places.
 */
export class RuleIndex {
  readonly #always: readonly CompiledRule[]
  readonly #name: string | null = null
  readonly #byValue: ByValue | null = null
  readonly #others: RuleIndex | null = null
  #byRange: RangedName | null = null

  constructor(rules: readonly CompiledRule[]) {
    const name = rules.find(({ required }) => required !== undefined)?.required!.name
    if (rules.length < worthwhile) this.#always = rules
    else if (name === undefined) this.#always = this.#fileByRange(rules)
    else {
      const others = rules.filter(({ required }) => required?.name !== name)
      this.#always = none
      this.#name = interned(name)
      this.#byValue = fileByValue(rules.filter(({ required }) => required?.name === name))
      this.#others = others.length === 0 ? null : new RuleIndex(others)
    }
  }

  candidates(request: DecisionRequest, visit: Visit): void {
    const { args } = request
    for (const rule of this.#always) visit(rule, rule.conditions)
    const name = this.#name
    if (name !== null && Object.hasOwn(args, name)) visitFound(this.#byValue!, args[name]!, visit)
    for (let index = this.#byRange; index !== null; index = index.next) {
      if (!Object.hasOwn(args, index.name)) continue
      for (const rule of index.ranges.find(args[index.name]!)) visit(rule, rule.conditions)
    }
    this.#others?.candidates(request, visit)
  }

  /** Gives the rules that have no range, or one that is too wide. */
  #fileByRange(rules: readonly CompiledRule[]): readonly CompiledRule[] {
    const always: CompiledRule[] = []
    const ranged = new Map<string, RangedRule[]>()
    for (const rule of rules) {
      const range = requiredRange(rule.rule)
      if (range === undefined) always.push(rule)
      else group(ranged, range.name, { rule, range })
    }
    for (const [name, entries] of ranged) {
      const ranges = new RangeIndex(entries)
      this.#byRange = { name: interned(name), ranges, next: this.#byRange }
      always.push(...ranges.wide)
    }
    return always
  }
}

function fileByValue(rules: readonly CompiledRule[]): ByValue {
  const filed: ByValue = new Map()
  for (const rule of rules) {
    for (const key of new Set(rule.required!.values.map(indexKey))) {
      const others = filed.get(key)
      if (others === undefined) filed.set(key, rule)
      else if (Array.isArray(others)) others.push(rule)
      else filed.set(key, [others, rule])
    }
  }
  return filed
}

function visitFound(rules: ByValue, value: JsonValue, visit: Visit): void {
  if (typeof value === 'object' && value !== null) return
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
