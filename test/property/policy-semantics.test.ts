import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonValue } from '../../src/base/json.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import type { PolicyFile } from '../../src/policy/document.ts'
import { readPolicy } from '../../src/policy/read.ts'
import type { Decision } from '../../src/protocol/decision.ts'
import { oracle, type PlainCall, type PlainRule, type PlainTest } from './policy-oracle.ts'

const texts = ['a', 'b', 'ab', 'acme', '']
const scalar = fc.constantFrom<JsonValue>(...texts, 0, 1, 2, 2.5, 3, -1, true, false, null)
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant({ a: 1 }) },
)
const bound = fc.constantFrom(-1, 0, 1, 2, 2.5, 3)
const argumentName = fc.constantFrom('x', 'y', 'z')

const flat = {
  type: fc.constantFrom('string', 'number', 'integer', 'boolean', 'array', 'object', 'null'),
  const: scalar,
  enum: fc.array(value, { minLength: 1, maxLength: 3 }),
  minimum: bound,
  maximum: bound,
  exclusiveMinimum: bound,
  exclusiveMaximum: bound,
  maxLength: fc.constantFrom(0, 1, 2),
  matches: fc.constantFrom('a', 'a|b', '[ab]*', 'ac.*'),
  equals: fc.constant({ principal: 'tenant' }),
}
const inner: fc.Arbitrary<PlainTest> = pick(flat, 2)
const argumentTest: fc.Arbitrary<PlainTest> = pick(
  {
    ...flat,
    items: inner,
    anyItem: inner,
    not: inner,
    anyOf: fc.array(inner, { minLength: 1, maxLength: 2 }),
    optional: fc.boolean(),
  },
  3,
)

/** Between one and `most` of the keys, each with a value of its own. */
function pick(
  keys: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  most: number,
): fc.Arbitrary<PlainTest> {
  return fc
    .uniqueArray(fc.constantFrom(...Object.keys(keys)), { minLength: 1, maxLength: most })
    .chain((chosen) => fc.record(Object.fromEntries(chosen.map((key) => [key, keys[key]!]))))
}

const some = <T>(...of: T[]): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: of.length })

const who = fc
  .record(
    {
      roles: some('user', 'lead', 'other'),
      scopes: some('read', 'write'),
      tenants: some('acme', 'b'),
    },
    { requiredKeys: [] },
  )
  .filter((fields) => Object.keys(fields).length > 0)

const body = fc.record(
  {
    who,
    notWho: who,
    args: fc.dictionary(argumentName, argumentTest, { minKeys: 1, maxKeys: 2 }),
  },
  { requiredKeys: [] },
)

const rules: fc.Arbitrary<readonly PlainRule[]> = fc
  .array(
    fc.record({
      effect: fc.constantFrom('allow', 'allow', 'ask', 'deny'),
      tools: fc.constantFrom(['t'], ['t', 'u'], ['u'], ['**']),
      body,
      only: fc.option(some('x', 'y', 'z'), { nil: undefined, freq: 6 }),
      except: fc.nat({ max: 40 }),
    }),
    { maxLength: 24 },
  )
  .map((drafts) => {
    const allows = drafts.flatMap(({ effect }, index) => (effect === 'allow' ? [`r${index}`] : []))
    return drafts.map(({ effect, tools, body: rest, only, except }, index) => ({
      id: `r${index}`,
      [effect]: tools,
      ...rest,
      ...(effect === 'allow' && only !== undefined ? { onlyArgs: only } : {}),
      ...(effect === 'ask' && except < allows.length ? { except: [allows[except]!] } : {}),
    }))
  })

const call: fc.Arbitrary<PlainCall> = fc.record({
  tool: fc.constantFrom('t', 'u'),
  args: fc.dictionary(argumentName, value, { maxKeys: 3, noNullPrototype: true }),
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

function decide(plain: readonly PlainRule[], { tool, args, principal }: PlainCall): Decision {
  const document = {
    sallyport: 1,
    name: 'p',
    roles: { user: { scopes: ['read'] }, lead: { inherits: ['user'] }, other: {} },
    rules: plain,
  }
  const policy = compilePolicy(readPolicy(JSON.stringify(document), { file: 'p.json' }))
  return policy.decide({ tool, args, principal, now: 0, at: '' })
}

const strictness = { allow: 0, ask: 1, deny: 2 } as const

function renamed(plain: readonly PlainRule[]): PlainRule[] {
  return plain.map((rule) => ({ ...rule, id: `${rule.id}-again` }))
}

test('a decision is what a plain reading of the rules says', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(rules, call, (plain, request) => {
      const { effect, rule } = decide(plain, request)
      expect({ effect, rule }).toEqual(oracle(plain, request))
      seen.add(effect)
    }),
    { numRuns: 3000 },
  )
  expect([...seen].toSorted()).toEqual(['allow', 'ask', 'deny'])
})

test('many rules, which are looked up instead of tried, decide as a plain reading says', () => {
  const args = fc.dictionary(
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
  const seen = new Set<string>()
  const many = fc
    .array(fc.record({ effect: fc.constantFrom(...mostlyAllow), args }), {
      minLength: 30,
      maxLength: 60,
    })
    .map((drafts) =>
      drafts.map((draft, index) => ({ id: `r${index}`, [draft.effect]: ['t'], args: draft.args })),
    )
  fc.assert(
    fc.property(many, call, (plain, request) => {
      const { effect, rule } = decide(plain, request)
      expect({ effect, rule }).toEqual(oracle(plain, request))
      seen.add(effect)
    }),
    { numRuns: 500 },
  )
  expect(seen.size).toBe(3)
})

test('the order of rules does not matter, and none counts twice', () => {
  fc.assert(
    fc.property(rules, call, fc.infiniteStream(fc.nat()), (plain, request, random) => {
      const keys = new Map(plain.map((rule) => [rule, random.next().value!]))
      const shuffled = plain.toSorted((a, b) => keys.get(a)! - keys.get(b)!)
      const { effect, rule, rules: applied } = decide(plain, request)
      const again = decide(shuffled, request)
      expect(again.effect).toBe(effect)
      expect(again.rule).toBe(rule)
      expect(again.rules.map(({ id }) => id)).toEqual(applied.map(({ id }) => id))
      expect(decide([...plain, ...renamed(plain)], request).effect).toBe(effect)
    }),
    { numRuns: 500 },
  )
})

test('another deny or ask rule never makes a decision less strict', () => {
  fc.assert(
    fc.property(
      rules,
      body,
      call,
      fc.constantFrom('deny', 'ask'),
      (plain, extra, request, effect) => {
        const more = [...plain, { id: 'extra', [effect]: ['**'], ...extra }]
        const before = decide(plain, request)
        const after = decide(more, request)
        if (effect === 'deny') {
          expect(strictness[after.effect]).toBeGreaterThanOrEqual(strictness[before.effect])
        } else {
          // what nothing allowed may be asked about; it is never allowed
          if (before.effect !== 'allow') expect(after.effect).not.toBe('allow')
          if (before.rules.some((rule) => rule.effect === 'deny')) expect(after.effect).toBe('deny')
        }
      },
    ),
    { numRuns: 500 },
  )
})

const definitions = readPolicy(
  JSON.stringify({
    sallyport: 1,
    name: 'd',
    roles: { user: { scopes: ['read'] }, lead: { inherits: ['user'] }, other: {} },
  }),
  { file: 'd.json', asParent: true },
)

function extending(plain: readonly PlainRule[], parents: readonly PolicyFile[]): PolicyFile {
  const names = parents.map((_, index) => `./p${index}.json`)
  const document = { sallyport: 1, name: 'p', extends: names, rules: plain }
  return readPolicy(JSON.stringify(document), { file: 'p.json', parents })
}

/** As they stand in another file, where no two files name a rule alike. */
function inFile(prefix: string, plain: readonly PlainRule[]): PlainRule[] {
  return plain.map((rule) => ({
    ...rule,
    id: `${prefix}-${rule.id}`,
    ...(rule.except === undefined ? {} : { except: rule.except.map((id) => `${prefix}-${id}`) }),
  }))
}

test('a file with parents decides as the strictest of them all, in whatever order', () => {
  const mild = rules.filter((plain) => plain.length > 0)
  fc.assert(
    fc.property(mild, mild, mild, call, (own, other, third, { tool, args, principal }) => {
      const request = { tool, args, principal, now: 0, at: '' }
      const files = [own, inFile('b', other), inFile('c', third)].map((plain) =>
        extending(plain, [definitions]),
      )
      const [child, parent, grandparent] = files as [PolicyFile, PolicyFile, PolicyFile]
      const alone = files.map((file) => compilePolicy(file).decide(request).effect)
      const strictest = alone.toSorted((a, b) => strictness[b] - strictness[a])[0]
      const besides = compilePolicy(extending(own, [parent, grandparent, definitions]))
      const chain = extending(inFile('b', other), [grandparent, definitions])
      const above = compilePolicy(extending(own, [chain, definitions]))
      const first = besides.decide(request)
      expect(first.effect).toBe(strictest)
      const { effect, rule } = above.decide(request)
      expect({ effect, rule }).toEqual({ effect: first.effect, rule: first.rule })
      expect(compilePolicy(child).decide(request).effect).toBe(alone[0])
    }),
    { numRuns: 500 },
  )
})

test('what cannot be evaluated never satisfies an allow and always fires a deny', () => {
  const numeric = fc.constantFrom('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum')
  const notNumber = value.filter((one) => typeof one !== 'number')
  fc.assert(
    fc.property(numeric, bound, notNumber, call, (key, parameter, wrong, request) => {
      const args = { x: { [key]: parameter } }
      const asked = { ...request, tool: 't', args: { x: wrong } }
      expect(decide([{ id: 'a', allow: ['t'], args }], asked).effect).toBe('deny')
      expect(decide([{ id: 'a', allow: ['t'], args: { x: { not: args.x } } }], asked).effect).toBe(
        'deny',
      )
      const withDeny = [
        { id: 'a', allow: ['t'] },
        { id: 'd', deny: ['t'], args },
      ]
      expect(decide(withDeny, asked)).toMatchObject({ effect: 'deny', rule: 'd' })
      const withAsk = [
        { id: 'a', allow: ['t'] },
        { id: 'k', ask: ['t'], args },
      ]
      expect(decide(withAsk, asked)).toMatchObject({ effect: 'ask', rule: 'k' })
    }),
    { numRuns: 300 },
  )
})
