import { isMultipleOf } from '../base/decimal.ts'
import { isObject, type JsonValue } from '../base/json.ts'
import type { ArgumentTest, JsonType, PrincipalField, SourceKind } from './document.ts'
import { compileDomains } from './domain.ts'
import { fold, maxTextLength, sameJson, sameText } from './equality.ts'
import type { Pattern } from './pattern.ts'
import type { DecisionRequest } from './policy.ts'
import { allOf, anyOf, no, not, truthOf, unknown, yes, type Test, type Truth } from './truth.ts'

/** One compiled test of a value. */
export type Check = Test<JsonValue, DecisionRequest>

interface NamedCheck {
  readonly key: keyof typeof compilers
  readonly check: Check
}

/**
 * The tests of an argument as closures, in the order in which they are cheapest. `type`, `const`
 * and `enum` are false for a value of another type; every other test is unknown for it.
 */
export function compileChecks(test: ArgumentTest): readonly NamedCheck[] {
  const checks: NamedCheck[] = []
  for (const [key, compile] of Object.entries(compilers) as [keyof typeof compilers, Compiler][]) {
    const parameter = test[key]
    if (parameter !== undefined) checks.push({ key, check: compile(parameter as never) })
  }
  return checks
}

/** All tests and-ed. */
export function compileTest(test: ArgumentTest): Check {
  return allOf(compileChecks(test).map(({ check }) => check))
}

type Compiler = (parameter: never) => Check

const ofText =
  (test: (value: string) => Truth): Check =>
  (value) =>
    typeof value === 'string' ? test(value) : unknown

const ofList =
  (test: (value: readonly JsonValue[], request: DecisionRequest) => Truth): Check =>
  (value, request) =>
    Array.isArray(value) ? test(value as readonly JsonValue[], request) : unknown

const compilers = {
  type: (type: JsonType) => types[type],
  const:
    (expected: JsonValue): Check =>
    (value) =>
      truthOf(sameJson(value, expected)),
  enum: (expected: readonly JsonValue[]): Check => compileEnum(expected),
  minimum:
    (bound: number): Check =>
    (value) =>
      typeof value === 'number' ? truthOf(value >= bound) : unknown,
  maximum:
    (bound: number): Check =>
    (value) =>
      typeof value === 'number' ? truthOf(value <= bound) : unknown,
  exclusiveMinimum:
    (bound: number): Check =>
    (value) =>
      typeof value === 'number' ? truthOf(value > bound) : unknown,
  exclusiveMaximum:
    (bound: number): Check =>
    (value) =>
      typeof value === 'number' ? truthOf(value < bound) : unknown,
  multipleOf:
    (divisor: number): Check =>
    (value) =>
      typeof value === 'number' ? truthOf(isMultipleOf(value, divisor)) : unknown,
  minLength: (bound: number) => ofText((value) => truthOf(hasLength(value, bound, Infinity))),
  maxLength: (bound: number) => ofText((value) => truthOf(hasLength(value, 0, bound))),
  minItems: (bound: number) => ofList((value) => truthOf(value.length >= bound)),
  maxItems: (bound: number) => ofList((value) => truthOf(value.length <= bound)),
  equals: ({ principal }: { readonly principal: PrincipalField }) => compileEquals(principal),
  startsWith: (prefix: readonly string[]) => ofList((value) => startsWith(value, prefix)),
  domain: (domains: readonly string[]) => ofText(compileDomains(domains)),
  contains: (part: string) => compileContains(part),
  matches: (pattern: Pattern) => ofText((value) => pattern.matchesWhole(value)),
  containsMatch: (pattern: Pattern) => ofText((value) => pattern.occursIn(value)),
  items: (test: ArgumentTest) => compileItems(test, allOf),
  anyItem: (test: ArgumentTest) => compileItems(test, anyOf),
  not: (test: ArgumentTest): Check => {
    const inner = compileTest(test)
    return (value, request) => not(inner(value, request))
  },
  anyOf: (tests: readonly ArgumentTest[]) => anyOf(tests.map(compileTest)),
  from:
    (kinds: readonly SourceKind[]): Check =>
    (value, request) =>
      request.sources?.hold(value, kinds, request) ?? unknown,
}

const types: Readonly<Record<JsonType, Check>> = {
  string: (value) => truthOf(typeof value === 'string'),
  number: (value) => truthOf(typeof value === 'number'),
  integer: (value) => truthOf(Number.isInteger(value)),
  boolean: (value) => truthOf(typeof value === 'boolean'),
  array: (value) => truthOf(Array.isArray(value)),
  object: (value) => truthOf(isObject(value)),
  null: (value) => truthOf(value === null),
}

function compileEnum(expected: readonly JsonValue[]): Check {
  const primitives = new Set(expected.map(indexKey).filter((key) => key !== undefined))
  const others = expected.filter((value) => indexKey(value) === undefined)
  return (value) => {
    if (typeof value !== 'object' || value === null) {
      return truthOf(primitives.has(value) || primitives.has(indexKey(value)!))
    }
    return truthOf(others.some((other) => sameJson(value, other)))
  }
}

/** A value by which equal values meet in a Set or Map; undefined for lists and objects. */
export function indexKey(value: JsonValue): string | number | boolean | null | undefined {
  if (typeof value === 'string') return value.normalize('NFC')
  return typeof value === 'object' && value !== null ? undefined : value
}

/** Length in code points, counted no further than the answer needs. */
function hasLength(text: string, minimum: number, maximum: number): boolean {
  if (text.length < minimum || text.length > maximum * 2) return false
  if (text.length <= maximum && text.length >= minimum * 2) return true
  let length = 0
  for (const _ of text) length++
  return length >= minimum && length <= maximum
}

function startsWith(value: readonly JsonValue[], prefix: readonly string[]): Truth {
  let result = yes
  for (const [index, expected] of prefix.entries()) {
    const item = value[index]
    if (item === undefined) return no
    if (typeof item !== 'string') result = unknown
    else if (!sameText(item, expected)) return no
  }
  return result
}

function compileItems(test: ArgumentTest, join: (checks: readonly Check[]) => Check): Check {
  const check = compileTest(test)
  return ofList((value, request) =>
    join(value.map((item) => () => check(item, request)))(null, request),
  )
}

function compileEquals(field: PrincipalField): Check {
  return (value, { principal }) => {
    const expected = principal?.[field]
    // an empty name names nobody
    if (typeof expected !== 'string' || expected === '' || typeof value !== 'string') return unknown
    return truthOf(sameText(value, expected))
  }
}

const ignorable = /\p{Default_Ignorable_Code_Point}/gu

/**
 * Text with invisible characters in it may hide the part (`r\u200bm`) or be meant as it is: when
 * only the text without them contains the part, the answer is unknown.
 */
function compileContains(part: string): Check {
  const folded = fold(part)
  return ofText((value) => {
    if (value.length > maxTextLength) return unknown
    if (fold(value).includes(folded)) return yes
    const bare = value.replace(ignorable, '')
    return bare.length < value.length && fold(bare).includes(folded) ? unknown : no
  })
}
