import * as fc from 'fast-check'
import type { JsonValue } from '../../../src/base/json.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import type { Decision } from '../../../src/protocol/decision.ts'
import type { PlainCall, PlainRule, PlainTest } from './plain-reading.ts'

/** As the plain reading knows them. */
export const roles = { user: { scopes: ['read'] }, lead: { inherits: ['user'] }, other: {} }

const texts = ['a', 'b', 'ab', 'acme', '', 'a\u200bb', 'a.example', 'x.a.example', 'a b']
const scalar = fc.constantFrom<JsonValue>(...texts, 0, 1, 2, 2.5, 3, -1, true, false, null)
export const value: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.record({ x: scalar }, { requiredKeys: [], noNullPrototype: true }) },
)
export const bound = fc.constantFrom(-1, 0, 1, 2, 2.5, 3)
const argumentName = fc.constantFrom('x', 'y', 'z')
const argumentPath = fc.constantFrom('x', 'y', 'z', '/x/x', '/y/x')

const flat = {
  type: fc.constantFrom('string', 'number', 'integer', 'boolean', 'array', 'object', 'null'),
  const: scalar,
  enum: fc.array(value, { minLength: 1, maxLength: 3 }),
  minimum: bound,
  maximum: bound,
  exclusiveMinimum: bound,
  exclusiveMaximum: bound,
  multipleOf: fc.constantFrom(0.5, 1, 2),
  minLength: fc.constantFrom(0, 1, 2),
  maxLength: fc.constantFrom(0, 1, 2),
  minItems: fc.constantFrom(0, 1, 2),
  maxItems: fc.constantFrom(0, 1, 2),
  matches: fc.constantFrom('a', 'a|b', '[ab]*', 'ac.*'),
  containsMatch: fc.constantFrom('a', 'b$', '[xe]'),
  contains: fc.constantFrom('AB', 'e', '.'),
  domain: fc.constantFrom(['a.example'], ['*.a.example'], ['b.example', 'a.example']),
  startsWith: fc.constantFrom(['a'], ['a', 'b']),
  equals: fc.constant({ principal: 'tenant' }),
}
const inner: fc.Arbitrary<PlainTest> = pick(flat, 2)
const nested = {
  ...flat,
  items: inner,
  anyItem: inner,
  not: inner,
  anyOf: fc.array(inner, { minLength: 1, maxLength: 2 }),
  optional: fc.boolean(),
}
// of several tests most values fail one
const argumentTest: fc.Arbitrary<PlainTest> = fc.oneof(pick(nested, 1), pick(nested, 3))

/** Between one and `most` of the keys, each with a value of its own. */
function pick(
  keys: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  most: number,
): fc.Arbitrary<PlainTest> {
  return fc
    .uniqueArray(fc.constantFrom(...Object.keys(keys)), { minLength: 1, maxLength: most })
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((key) => [key, keys[key]!]))))
}

/** One time in `times`; undefined otherwise. */
function rarely<T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  const absent = fc.constant(undefined)
  return fc
    .nat({ max: times - 1 })
    .chain<T | undefined>((drawn) => (drawn === 0 ? arbitrary : absent))
}

const some = <T>(...of: T[]): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: of.length })

const who = fc
  .record(
    {
      roles: some('user', 'lead', 'other'),
      scopes: some('read', 'write'),
      tenants: some('acme', 'b'),
      agents: some('bot'),
    },
    { requiredKeys: [] },
  )
  .filter((fields) => Object.keys(fields).length > 0)

/** Most rules have one condition or none: many rules would be about no call at all otherwise. */
export const body: fc.Arbitrary<Pick<PlainRule, 'who' | 'notWho' | 'args'>> = fc
  .record({
    who: rarely(3, who),
    notWho: rarely(4, who),
    args: rarely(2, fc.dictionary(argumentPath, argumentTest, { minKeys: 1, maxKeys: 2 })),
  })
  .map((parts) =>
    Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)),
  )

const moment = fc.constantFrom('1970-01-01T00:00:01Z', '1970-01-01T00:00:02Z')
const time = fc.oneof<fc.Arbitrary<Pick<PlainRule, 'from' | 'until'>>[]>(
  fc.record({ from: moment }),
  fc.record({ until: moment }),
  fc.constant({ from: '1970-01-01T00:00:01Z', until: '1970-01-01T00:00:02Z' }),
)

export const rules = rulesUpTo(24)

/** At most so many rules. */
export function rulesUpTo(most: number): fc.Arbitrary<readonly PlainRule[]> {
  return fc
    .array(
      fc.record({
        effect: fc.constantFrom('allow', 'allow', 'allow', 'allow', 'ask', 'deny'),
        tools: fc.constantFrom(['t'], ['t', 'u'], ['u'], ['**'], ['**']),
        body,
        only: rarely(6, some('x', 'y', 'z')),
        except: fc.nat({ max: 40 }),
        time: rarely(8, time),
        shadow: rarely(12, fc.constant(true)),
      }),
      { maxLength: most, size: 'max' },
    )
    .map((drafts) => {
      const allows = drafts.flatMap(({ effect }, index) =>
        effect === 'allow' ? [`r${index}`] : [],
      )
      return drafts.map(
        ({ effect, tools, body: rest, only, except, time: window, shadow }, index) => ({
          id: `r${index}`,
          [effect]: tools,
          ...rest,
          ...window,
          ...(shadow === true ? { shadow } : {}),
          ...(effect === 'allow' && only !== undefined ? { onlyArgs: only } : {}),
          ...(effect === 'ask' && except < allows.length ? { except: [allows[except]!] } : {}),
        }),
      )
    })
}

export const call: fc.Arbitrary<PlainCall> = fc.record({
  tool: fc.constantFrom('t', 'u'),
  args: fc.record({ x: value, y: value, z: value }, { requiredKeys: [], noNullPrototype: true }),
  principal: fc
    .record({
      roles: fc.uniqueArray(fc.constantFrom('user', 'lead', 'other', 'stranger'), { maxLength: 2 }),
      scopes: fc.uniqueArray(fc.constantFrom('read', 'write'), { maxLength: 2 }),
      tenant: fc.option(fc.constantFrom('acme', 'b', 'c'), { nil: undefined }),
      agent: fc.option(fc.constantFrom('bot', 'other'), { nil: undefined }),
    })
    .map(({ tenant, agent, ...rest }) => ({
      subject: 's',
      ...rest,
      ...(tenant === undefined ? {} : { tenant }),
      ...(agent === undefined ? {} : { agent }),
    })),
  now: fc.constantFrom(0, 1000, 1999, 2000, 1500, Number.NaN),
})

const flatArguments = fc.dictionary(
  argumentName,
  fc.oneof(
    fc.record({ const: scalar }),
    fc.record({ enum: fc.array(scalar, { minLength: 1, maxLength: 2 }) }),
    fc.record({ type: fc.constant('number'), minimum: bound, maximum: bound }),
    fc.record({ exclusiveMinimum: bound }),
  ),
  { minKeys: 1, maxKeys: 2 },
)
const mostlyAllow = ['allow', 'allow', 'allow', 'allow', 'allow', 'allow', 'ask', 'deny']

/** So many of one tool that they are looked up instead of tried. */
export const manyRules: fc.Arbitrary<readonly PlainRule[]> = fc
  .array(fc.record({ effect: fc.constantFrom(...mostlyAllow), args: flatArguments }), {
    minLength: 30,
    maxLength: 60,
  })
  .map((drafts) =>
    drafts.map((draft, index) => ({ id: `r${index}`, [draft.effect]: ['t'], args: draft.args })),
  )

/** Policies hold no invisible characters but as escapes. */
export function jsonText(document: object): string {
  return JSON.stringify(document).replaceAll('\u200b', String.raw`\u200b`)
}

export function decide(plain: readonly PlainRule[], request: PlainCall): Decision {
  const document = { sallyport: 1, name: 'p', roles, rules: plain }
  const policy = compilePolicy(readPolicy(jsonText(document), { file: 'p.json' }))
  return policy.decide({ ...request, at: '' })
}
