import * as fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../../src/base/json.ts'
import type { Principal } from '../../../src/protocol/principal.ts'

/** The tests of an argument that Cedar can say as well. */
export interface SharedTest {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array'
  readonly const?: JsonValue
  readonly enum?: readonly JsonValue[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  /** Text before any other text. */
  readonly matches?: `${string}.*`
  readonly anyItem?: { readonly const: JsonValue }
  readonly items?: { readonly enum: readonly JsonValue[] }
  readonly equals?: { readonly principal: 'tenant' }
  readonly not?: SharedTest
  readonly anyOf?: readonly SharedTest[]
}

export interface SharedWho {
  readonly roles?: readonly string[]
  readonly scopes?: readonly string[]
  readonly tenants?: readonly string[]
}

export interface SharedRule {
  readonly id: string
  readonly effect: 'allow' | 'deny'
  readonly tools: readonly string[]
  readonly who?: SharedWho
  readonly notWho?: SharedWho
  readonly args?: Readonly<Record<string, SharedTest & { readonly optional?: boolean }>>
  readonly onlyArgs?: readonly string[]
}

export interface SharedCall {
  readonly tool: string
  readonly args: JsonObject
  readonly principal: Principal
}

export interface SharedCase {
  readonly rules: readonly SharedRule[]
  readonly calls: readonly SharedCall[]
}

/** `lead` is a `user` too, and a `user` has at most the scope `read`. */
export const roles = { user: { scopes: ['read'] }, lead: { inherits: ['user'] }, other: {} }

const texts = ['a', 'ab', 'b', 'acme', '', 'a"\\b', 'ä']
const scalar = fc.constantFrom<JsonValue>(...texts, 0, 1, 2, 3, -1, 2 ** 53 - 1, true, false)
const value = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 1, arbitrary: fc.uniqueArray(scalar, { maxLength: 3 }) },
)
const bound = fc.integer({ min: -1, max: 3 })
const some = <T>(...of: T[]): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: of.length })
const one = <K extends string, V>(key: K, of: fc.Arbitrary<V>): fc.Arbitrary<Record<K, V>> =>
  fc.record({ [key]: of } as Record<K, fc.Arbitrary<V>>) as fc.Arbitrary<Record<K, V>>

/** Never fails to be evaluated, in either language. */
const total = fc.oneof<fc.Arbitrary<SharedTest>[]>(
  one('type', fc.constantFrom('string', 'integer', 'number', 'boolean', 'array')),
  one('const', value),
  one('enum', fc.array(value, { minLength: 1, maxLength: 3 })),
)
const numeric = fc.oneof<fc.Arbitrary<SharedTest>[]>(
  one('minimum', bound),
  one('maximum', bound),
  one('exclusiveMinimum', bound),
  one('exclusiveMaximum', bound),
  fc.record({ minimum: bound, maximum: bound }),
)
const textual = one('matches', fc.constantFrom('a.*', 'ab.*', 'ä.*', '.*'))
const listed = fc.oneof<fc.Arbitrary<SharedTest>[]>(
  one('anyItem', one('const', scalar)),
  one('items', one('enum', fc.array(scalar, { minLength: 1, maxLength: 4 }))),
)
/** Cannot be evaluated for some values. */
const partial = fc.oneof<fc.Arbitrary<SharedTest>[]>(
  numeric,
  textual,
  listed,
  one('equals', fc.constant({ principal: 'tenant' })),
)
/** A test that its own type makes one that can always be evaluated. */
const guarded = fc.oneof<fc.Arbitrary<SharedTest>[]>(
  numeric.map((test) => ({ type: 'number', ...test })),
  textual.map((test) => ({ type: 'string', ...test })),
  listed.map((test) => ({ type: 'array', ...test })),
)

/**
 * Cedar evaluates from left to right and ends at the first error, so inside of `not` and `anyOf`
 * of what permits only tests that do not err say the same in both languages.
 */
function argumentTest(
  effect: SharedRule['effect'],
): fc.Arbitrary<SharedTest & { optional?: boolean }> {
  const safe = fc.oneof(total, guarded)
  const inner = effect === 'allow' ? safe : fc.oneof(safe, partial)
  const test = fc.oneof<fc.Arbitrary<SharedTest>[]>(
    total,
    guarded,
    partial,
    one('not', inner),
    one('anyOf', fc.array(inner, { minLength: 1, maxLength: 3 })),
  )
  return fc
    .tuple(test, fc.option(fc.boolean(), { nil: undefined, freq: 4 }))
    .map(([given, optional]) => (optional === undefined ? given : { ...given, optional }))
}

const who: fc.Arbitrary<SharedWho> = fc
  .record(
    {
      roles: some('user', 'lead', 'other'),
      scopes: some('read', 'write'),
      tenants: some('acme', 'b'),
    },
    { requiredKeys: [] },
  )
  .filter((fields) => Object.keys(fields).length > 0)

const argumentName = fc.constantFrom('x', 'y', '/deep/x')

const rule: fc.Arbitrary<Omit<SharedRule, 'id'>> = fc
  .constantFrom<SharedRule['effect']>('allow', 'allow', 'allow', 'allow', 'deny')
  .chain((effect) =>
    fc.record(
      {
        effect: fc.constant(effect),
        tools: some('t', 'u', 'mail.send', 'mail.**', '**'),
        who,
        notWho: who,
        args: fc.dictionary(argumentName, argumentTest(effect), { minKeys: 1, maxKeys: 2 }),
        ...(effect === 'allow' ? { onlyArgs: some('x', 'y', 'deep') } : {}),
      },
      { requiredKeys: ['effect', 'tools'] },
    ),
  )

const args = fc.record(
  { x: value, y: value, deep: fc.oneof(scalar, fc.record({ x: value }, { requiredKeys: [] })) },
  { requiredKeys: [], noNullPrototype: true },
)

const call: fc.Arbitrary<SharedCall> = fc.record({
  tool: fc.constantFrom('t', 'u', 'mail.send'),
  args: args as fc.Arbitrary<JsonObject>,
  principal: fc
    .record({
      roles: fc.uniqueArray(fc.constantFrom('user', 'lead', 'other', 'stranger'), { maxLength: 2 }),
      scopes: fc.uniqueArray(fc.constantFrom('read', 'write'), { maxLength: 2 }),
      tenant: fc.option(fc.constantFrom('acme', 'b', 'c'), { nil: undefined }),
    })
    .map(({ tenant, ...rest }) => ({
      subject: 's',
      ...rest,
      ...(tenant === undefined ? {} : { tenant }),
    })),
})

/** Random policies of what both languages can say, each with calls to decide about. */
export const sharedCases: fc.Arbitrary<SharedCase> = fc.record({
  rules: fc
    .array(rule, { minLength: 1, maxLength: 12 })
    .map((list) => list.map((fields, index) => ({ id: `r${index}`, ...fields }))),
  calls: fc.array(call, { minLength: 3, maxLength: 3 }),
})
