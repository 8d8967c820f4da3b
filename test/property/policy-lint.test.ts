import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { lintPolicy } from '../../src/analysis/lint.ts'
import type { JsonValue } from '../../src/base/json.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { readPolicy } from '../../src/policy/read.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Decision } from '../../src/protocol/decision.ts'
import { expectCases } from '../support/tally.ts'
import type { PlainRule } from './policy/plain-reading.ts'

/** Every value that tests with these bounds, texts and literals can tell apart. */
const values: readonly JsonValue[] = JSON.parse(`[
  -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.25, 2.5, 2.75, 3, 4, 4.5,
  "", "a", "b", "ab", "c", "cc", "ccc", "x.example", "y.x.example", "z.example", "zz",
  true, false, null, [], ["a"], ["c"], ["a", "b"], ["a", "c"], ["c", "c", "c"], ["a", "b", "c"],
  {"a": 1}, {"b": 1}
]`) as JsonValue[]

const scalar = fc.constantFrom<JsonValue>('a', 'ab', '', 0, 1, 2, 2.5, true, false, null)
const bound = fc.constantFrom(-1, 0, 1, 2, 2.5, 3)
const size = fc.constantFrom(0, 1, 2)

const plain = {
  type: fc.constantFrom('string', 'number', 'integer', 'boolean', 'array', 'object', 'null'),
  const: scalar,
  enum: fc.array(scalar, { minLength: 1, maxLength: 3 }),
  minimum: bound,
  maximum: bound,
  exclusiveMinimum: bound,
  exclusiveMaximum: bound,
  minLength: size,
  maxLength: size,
  minItems: size,
  maxItems: size,
  startsWith: fc.constantFrom(['a'], ['a', 'b']),
  domain: fc.constantFrom(['x.example'], ['*.x.example'], ['x.example', '*.x.example']),
}
const open = {
  matches: fc.constantFrom('a', 'a|b', '[ab]*', '.*'),
  contains: fc.constantFrom('a', 'ab'),
  equals: fc.constant({ principal: 'tenant' }),
  multipleOf: fc.constantFrom(0.5, 1, 2),
  items: fc.constantFrom({ type: 'string' }, { const: 'a' }),
  anyItem: fc.constantFrom({ const: 'a' }, { equals: { principal: 'tenant' } }),
}
type Keys = Readonly<Record<string, fc.Arbitrary<unknown>>>

function pick(keys: Keys, most: number): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .uniqueArray(fc.constantFrom(...Object.keys(keys)), { minLength: 1, maxLength: most })
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((key) => [key, keys[key]!]))))
}

function testOf(keys: Keys): fc.Arbitrary<Record<string, unknown>> {
  const inner = pick(keys, 2)
  const more = { not: inner, anyOf: fc.array(inner, { minLength: 1, maxLength: 2 }) }
  return pick({ ...keys, ...more, optional: fc.boolean() }, 3)
}

const some = <T>(...of: T[]): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: of.length })

const who = fc
  .record(
    { roles: some('user', 'lead', 'other'), scopes: some('s', 't'), tenants: some('a', 'b') },
    { requiredKeys: [] },
  )
  .filter((fields) => Object.keys(fields).length > 0)

function rulesOf(keys: Keys, names: readonly string[]): fc.Arbitrary<readonly PlainRule[]> {
  const body = fc
    .record({
      who: fc.option(who, { nil: undefined, freq: 2 }),
      notWho: fc.option(who, { nil: undefined, freq: 2 }),
      args: fc.option(
        fc.dictionary(fc.constantFrom(...names), testOf(keys), {
          minKeys: 1,
          noNullPrototype: true,
        }),
        { nil: undefined, freq: 2 },
      ),
    })
    .map((parts) =>
      Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)),
    )
  const draft = fc.record({
    effect: fc.constantFrom('allow', 'allow', 'ask', 'ask', 'deny', 'deny', 'deny'),
    tools: fc.constantFrom(['t'], ['t', 'u'], ['**']),
    body,
    except: fc.constantFrom(true, true, false),
    only: fc.option(fc.constant([...names]), { nil: undefined, freq: 2 }),
    /** Of which rule it has the conditions, when there is one; then they hide each other. */
    like: fc.nat({ max: 3 }),
  })
  return fc.array(draft, { minLength: 2, maxLength: 5 }).map((drafts) => {
    const allow = drafts.findIndex(({ effect }) => effect === 'allow')
    return drafts.map(({ effect, tools, body: rest, except, like, only }, index) => ({
      id: `r${index}`,
      [effect]: tools,
      ...(drafts[like]?.body ?? rest),
      ...(effect === 'allow' && only !== undefined ? { onlyArgs: only } : {}),
      ...(effect === 'ask' && except && allow >= 0 ? { except: [`r${allow}`] } : {}),
    }))
  })
}

function load(rules: readonly PlainRule[]): {
  readonly policy: Policy
  readonly found: readonly { readonly code: string; readonly rule: string; readonly tool: string }[]
} {
  const roles = { user: {}, lead: { inherits: ['user'] }, other: {} }
  const text = JSON.stringify({ sallyport: 1, name: 'p', roles, rules })
  const file = readPolicy(text, { file: 'p.json' })
  const found = lintPolicy(file).map(({ code, message }) => ({
    code,
    rule: /rule `(r\d)`/.exec(message)?.[1] ?? '',
    tool: /^`(\S+)` in rule/.exec(message)?.[1] ?? '**',
  }))
  return { policy: compilePolicy(file), found }
}

const grants = [[], ['s'], ['t'], ['s', 't']]
const principals = [
  [],
  ['user'],
  ['lead'],
  ['other'],
  ['user', 'other'],
  ['lead', 'other'],
].flatMap((roles) =>
  grants.flatMap((scopes) =>
    [undefined, 'a', 'b', 'c'].map((tenant) => ({
      subject: 's',
      roles,
      scopes,
      ...(tenant === undefined ? {} : { tenant }),
    })),
  ),
)

/** Whether the decision contradicts a finding. */
function contradicts(
  { code, rule, tool }: { readonly code: string; readonly rule: string; readonly tool: string },
  decision: Decision,
  called: string,
): boolean {
  if (tool !== '**' && tool !== called) return false
  const own = decision.rules.find(({ id }) => id === rule)
  if (own === undefined) return false
  switch (code) {
    case 'never-true':
      return own.effect === 'deny' || own.unknown !== true
    case 'shadowed':
      return decision.effect !== 'deny'
    case 'always-asked':
      return decision.effect === 'allow'
    case 'never-asked':
      return own.unknown !== true && decision.effect === 'ask' && decision.rule === rule
    default:
      return false
  }
}

const counted = new Set(['never-true', 'shadowed', 'always-asked', 'never-asked'])

test('no call does what a finding says that no call does', () => {
  const seen: Record<string, number> = Object.fromEntries([...counted].map((code) => [code, 0]))
  const argument = fc.option(fc.constantFrom(...values), { nil: undefined, freq: 5 })
  const call = fc.record({
    tool: fc.constantFrom('t', 'u'),
    x: argument,
    y: argument,
    principal: fc.constantFrom(...principals),
  })
  fc.assert(
    fc.property(
      rulesOf({ ...plain, ...open }, ['x', 'y']),
      fc.array(call, { minLength: 60, maxLength: 60 }),
      (rules, calls) => {
        const { policy, found } = load(rules)
        const claims = found.filter(({ code }) => counted.has(code))
        for (const code of new Set(claims.map((claim) => claim.code))) seen[code]!++
        for (const { tool, x, y, principal } of calls) {
          const args = { ...(x === undefined ? {} : { x }), ...(y === undefined ? {} : { y }) }
          const decision = policy.decide({ tool, args, principal, now: 0, at: '' })
          for (const claim of claims) expect(contradicts(claim, decision, tool)).toBe(false)
        }
      },
    ),
    { numRuns: 900 },
  )
  expectCases(seen, 1)
})

const { domain: _domain, ...withoutDomain } = plain
const { minLength: _low, maxLength: _high, ...withoutLengths } = plain

test('a rule that no call at all gets through is found', () => {
  const seen = { hidden: 0, 'all visible': 0 }
  // a host name has a length of its own, which is not reckoned with
  const either = fc.oneof(rulesOf(withoutDomain, ['x']), rulesOf(withoutLengths, ['x']))
  fc.assert(
    fc.property(either, (rules) => {
      const { policy, found } = load(rules)
      const visible = new Set<string>()
      for (const tool of ['t', 'u', 'v']) {
        for (const principal of principals) {
          for (const x of [undefined, ...values]) {
            const args = x === undefined ? {} : { x }
            const { effect, rules: applied } = policy.decide({
              tool,
              args,
              principal,
              now: 0,
              at: '',
            })
            if (effect === 'deny') continue
            for (const { id, unknown } of applied) {
              if (effect === 'ask' || unknown !== true) visible.add(id)
            }
          }
        }
      }
      const claims = new Set(found.map(({ rule }) => rule))
      const hidden = rules.filter(({ allow, id }) => allow !== undefined && !visible.has(id))
      for (const { id } of hidden) expect(claims, JSON.stringify(rules)).toContain(id)
      seen[hidden.length > 0 ? 'hidden' : 'all visible']++
    }),
    { numRuns: 120 },
  )
  expectCases(seen, 1)
})
