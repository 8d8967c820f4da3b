import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { decideOn, policyOf, user } from './build.ts'

const add = (roles: string, tool = 'tool', id = tool): string =>
  `such as \`- { id: allow-${id}, allow: [${tool}], who: { roles: [${roles}] } }\``

/** What a refusal says of the nearest rule, after its name. */
function missOf(conditions: object, args: JsonObject = {}, principal = user): string {
  const policy = policyOf({ rules: [{ id: 'a', allow: ['tool'], ...conditions }] })
  const decision = decideOn(policy, args, { principal })
  expect(decision.rule).toBe('default')
  const [reason, besides] = decision.reasons
  expect(besides).toMatch(
    /^to allow it, change that rule, or add one to `rules` \(test\.json:1:90\), such as `- \{ /,
  )
  const { miss } =
    /^no rule allows this call of `tool`; the nearest is `a` \(test\.json:1:99\), which (?<miss>.*)$/.exec(
      reason!,
    )!.groups!
  return miss!
}

describe('a rule that does not apply says why', () => {
  test.each<[object, string]>([
    [{ who: { roles: ['lead', 'other'] } }, 'is for the roles `lead`, `other`'],
    [{ who: { scopes: ['s', 't'] } }, 'needs the scopes `s`, `t`'],
    [{ who: { tenants: ['acme'] } }, 'is for other tenants'],
    [{ who: { agents: ['bot'] } }, 'is for other agents'],
    [{ who: { issuers: ['https://id.example'] } }, 'is for other issuers'],
    [{ notWho: { roles: ['user'] } }, 'is not for this caller'],
    [{ from: '2030-01-01T00:00:00Z' }, 'is not valid at this time'],
    [{ until: '2020-01-01T00:00:00Z' }, 'is not valid at this time'],
    [
      { who: { roles: ['lead'], scopes: ['s'] }, notWho: { roles: ['user'] } },
      'is for the roles `lead`, and needs the scopes `s`, and is not for this caller',
    ],
    [
      {
        who: { roles: ['user'], tenants: ['acme'], agents: ['bot'], issuers: ['i'], scopes: ['s'] },
      },
      'needs the scopes `s`, and is for other tenants, and is for other agents',
    ],
  ])('%j: %s', (conditions, miss) => {
    expect(missOf(conditions)).toBe(miss)
  })

  const twoArgs = { args: { x: { maximum: 5 }, y: { const: 'a' } } }

  test.each<[object, JsonObject, string]>([
    [{ args: { x: { const: 1 } } }, {}, 'needs the argument `x`'],
    [{ args: { '/x/y': { const: 1 } } }, { x: {} }, 'needs the argument `/x/y`'],
    [
      { args: { '/x/y': { const: 1 } } },
      { x: 1 },
      'needs the argument `/x/y`, which cannot be reached',
    ],
    [{ args: { x: { const: 1 } } }, { x: 2 }, 'needs `x` to satisfy `const: 1`'],
    [
      { args: { x: { enum: ['a', 1, null] } } },
      { x: 2 },
      'needs `x` to satisfy `enum: ["a",1,null]`',
    ],
    [
      { args: { x: { type: 'number', maximum: 5 } } },
      { x: 9 },
      'needs `x` to satisfy `maximum: 5`',
    ],
    [
      { args: { x: { type: 'number', maximum: 5 } } },
      { x: 'a' },
      'needs `x` to satisfy `type: "number"`',
    ],
    [{ args: { x: { maximum: 5 } } }, { x: 'a' }, 'needs `x` to satisfy `maximum: 5`'],
    [{ args: { x: { matches: 'a+' } } }, { x: 'b' }, 'needs `x` to satisfy `matches: "a+"`'],
    [
      { args: { x: { anyOf: [{ matches: 'a+' }, { not: { const: 1 } }] } } },
      { x: 1 },
      'needs `x` to satisfy `anyOf: [{"matches":"a+"},{"not":{"const":1}}]`',
    ],
    [
      { args: { x: { const: 'x'.repeat(90) } } },
      { x: 1 },
      `needs \`x\` to satisfy \`const: "${'x'.repeat(79)}… (12 more characters)\``,
    ],
    [
      twoArgs,
      { x: 9, y: 'b' },
      'needs `x` to satisfy `maximum: 5`, and needs `y` to satisfy `const: "a"`',
    ],
    [twoArgs, { x: 5, y: 'b' }, 'needs `y` to satisfy `const: "a"`'],
    [{ onlyArgs: ['x', 'y'] }, { x: 1, z: 1, w: 1 }, 'does not take the argument `z`'],
    [
      { onlyArgs: ['x'] },
      { ['z'.repeat(66)]: 1 },
      `does not take the argument \`${'z'.repeat(64)}… (2 more characters)\``,
    ],
    [
      { args: { x: { equals: { principal: 'tenant' } } } },
      { x: 'a' },
      'needs `x` to satisfy `equals: {"principal":"tenant"}`',
    ],
  ])('%j with %j: %s', (conditions, args, miss) => {
    expect(missOf(conditions, args)).toBe(miss)
  })

  test('for the first three things that are wrong', () => {
    const args = { a: { const: 1 }, b: { const: 1 }, c: { const: 1 }, d: { const: 1 } }
    expect(missOf({ args })).toBe(
      'needs the argument `a`, and needs the argument `b`, and needs the argument `c`',
    )
  })

  test('and nothing of what holds', () => {
    const args = {
      x: { const: 1 },
      y: { const: 2, optional: true },
      z: { const: 3, optional: true },
    }
    const fits = { who: { roles: ['user'] }, notWho: { roles: ['lead'] }, onlyArgs: ['x', 'z'] }
    const time = { from: '2020-01-01T00:00:00Z', until: '2030-01-01T00:00:00Z' }
    expect(missOf({ ...fits, ...time, args }, { x: 1, z: 4 })).toBe(
      'needs `z` to satisfy `const: 3`',
    )
  })
})

const ruleAbout = (id: string, ...names: string[]): object => ({
  id,
  allow: ['tool'],
  args: Object.fromEntries(names.map((name) => [name, { const: 1 }])),
})

const nearest = (rules: readonly object[], args: JsonObject = {}): string | undefined =>
  / nearest is `([^`]*)`/.exec(decideOn(policyOf({ rules }), args).reasons[0]!)?.[1]

const fitting = (id: string, ...names: string[]): object => ({
  id,
  allow: ['tool'],
  args: Object.fromEntries(['x', ...names].map((name) => [name, { const: 1 }])),
})

describe('the nearest rule', () => {
  test('is the one with the fewest misses, the first of equals', () => {
    expect(
      nearest([ruleAbout('a', 'x', 'y', 'z'), ruleAbout('b', 'x', 'y'), ruleAbout('c', 'x', 'y')]),
    ).toBe('b')
    expect(nearest([ruleAbout('a', 'x', 'y'), ruleAbout('b', 'x')])).toBe('b')
    expect(nearest([ruleAbout('a', 'x'), ruleAbout('b', 'y')])).toBe('a')
  })

  test('is an allow rule of the tool', () => {
    const ask = { id: 'a', ask: ['tool'], args: { x: { const: 1 } } }
    const deny = { id: 'b', deny: ['tool'], args: { x: { const: 1 } } }
    const other = { id: 'c', allow: ['other'] }
    expect(nearest([ask, deny, other])).toBeUndefined()
    expect(nearest([ask, deny, other, ruleAbout('d', 'x', 'y')])).toBe('d')
  })

  test('is one of the first eight that could apply', () => {
    const far = Array.from({ length: 8 }, (_, at) => ruleAbout(`a${at}`, 'x', 'y', 'z'))
    expect(nearest([...far.slice(1), ruleAbout('b', 'x', 'y')])).toBe('b')
    expect(nearest([...far, ruleAbout('b', 'x', 'y')])).toBe('a0')
  })

  test('is one of the first eight that fit by value', () => {
    const eight = Array.from({ length: 8 }, (_, at) => fitting(`a${at}`, 'y', 'z', 'w'))
    const one = fitting('b', 'y', 'z')
    expect(nearest([...eight.slice(1), one], { x: 1 })).toBe('b')
    expect(nearest([...eight, one], { x: 1 })).toBe('a0')
  })

  test('is looked for among eight, those that fit by value and the first of the others', () => {
    const far = (from: number, to: number): readonly object[] =>
      Array.from({ length: to - from }, (_, at) => ruleAbout(`a${from + at}`, 'x', 'y', 'z'))
    const near = ruleAbout('a17', 'x', 'y')
    const others = [...far(10, 17), near, ...far(18, 40)]
    expect(nearest(others, { x: 9 })).toBe('a17')
    // the eighth of the others is not looked at beside one that fits
    const args = { x: { const: 9 }, y: { const: 1 }, z: { const: 1 }, w: { const: 1 } }
    const fits = { id: 'z', allow: ['tool'], args }
    expect(nearest([...others, fits], { x: 9 })).toBe('z')
    expect(nearest([...far(10, 16), near, fits, ...far(18, 40)], { x: 9 })).toBe('a17')
  })

  test('is none beyond the first eight rules of the tool, unless it fits by value', () => {
    const denials = Array.from({ length: 40 }, (_, at) => ({
      id: `a${at + 10}`,
      deny: ['tool'],
      args: { x: { const: 1 } },
    }))
    const allow = ruleAbout('b', 'x')
    expect(nearest([...denials.slice(0, 7), ...denials.slice(8), { ...allow, id: 'a17' }])).toBe(
      'a17',
    )
    expect(nearest([...denials, allow])).toBeUndefined()
  })

  test('is one that fits by value before the first others', () => {
    const others = Array.from({ length: 20 }, (_, at) => ({
      id: `a${at + 10}`,
      allow: ['tool'],
      args: { x: { const: at }, y: { const: 1 }, z: { const: 1 } },
    }))
    const fits = { id: 'z', allow: ['tool'], args: { x: { const: 99 }, y: { const: 1 } } }
    expect(nearest([...others, fits], { x: 99 })).toBe('z')
  })
})

const reasonsFor = (tool: string, roles: readonly string[]): readonly string[] =>
  decideOn(policyOf({ rules: [] }), {}, { tool, principal: { ...user, roles } }).reasons

const none = (tool: string): string =>
  `no rule allows \`${tool}\`; add one to \`rules\` (test.json:1:90), `

describe('a refusal without any rule', () => {
  test.each<[string, string[], string]>([
    ['tool', ['user'], add('user')],
    ['tool', ['user', 'lead'], add('user, lead')],
    ['tool', ['a', 'b', 'c', 'd', 'e'], add('a, b, c, d')],
    ['a.b_c-D9', ['user'], add('user', 'a.b_c-D9', 'a-b-c-D9')],
    ['tool', [], 'such as `- { id: allow-tool, allow: [tool] }`'],
    ['tool', ['x'.repeat(66)], add(`${'x'.repeat(64)}… (2 more characters)`)],
    ['x'.repeat(60), ['user'], add('user', 'x'.repeat(60), 'x'.repeat(50))],
  ])('of %s to %j names the rule to add', (tool, roles, example) => {
    expect(reasonsFor(tool, roles)).toEqual([none(tool) + example])
  })
})

test.each<[string, object, JsonObject, string]>([
  ['allow', { allow: ['tool'] }, {}, 'rule `a` (test.json:1:99) allows this'],
  ['ask', { ask: ['tool'] }, {}, 'rule `a` (test.json:1:99) asks for an approval'],
  ['deny', { deny: ['tool'] }, {}, 'rule `a` (test.json:1:99) denies this'],
  [
    'deny that cannot be evaluated',
    { deny: ['tool'], args: { x: { minimum: 1 } }, reason: 'too much' },
    { x: 'a' },
    'rule `a` (test.json:1:99) cannot be evaluated for this call and denies this',
  ],
  ['deny with a reason', { deny: ['tool'], reason: 'too much' }, {}, 'too much'],
])('a rule of %s says so in a sentence', (_, rule, args, reason) => {
  expect(decideOn(policyOf({ rules: [{ id: 'a', ...rule }] }), args).reasons).toEqual([reason])
})

test('a rule tells what it has to do with a decision', () => {
  const rules = [
    { id: 'a', ask: ['tool'], approvers: { roles: ['lead', 'other'], count: 2, remember: true } },
    { id: 'b', ask: ['tool'], args: { x: { minimum: 1 } } },
    { id: 'c', allow: ['tool'] },
    { id: 'd', deny: ['tool'], shadow: true },
  ]
  const place = { file: 'test.json', line: 1, column: expect.any(Number) as number }
  const decision = decideOn(policyOf({ rules }), { x: 'a' })
  expect(decision.rules).toEqual([
    { ...place, id: 'a', effect: 'ask' },
    { ...place, id: 'b', effect: 'ask', unknown: true },
    { ...place, id: 'c', effect: 'allow' },
    { ...place, id: 'd', effect: 'deny', shadow: true },
  ])
  expect(decision.obligations).toStrictEqual([
    { kind: 'approval', approvers: { roles: ['lead', 'other'], count: 2, remember: true } },
    { kind: 'approval', approvers: { count: 1 } },
  ])
  for (const frozen of [...decision.rules, ...decision.obligations]) {
    expect(Object.isFrozen(frozen)).toBe(true)
  }
})
