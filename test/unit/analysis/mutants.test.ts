import { expect, test } from 'vitest'
import { coverageOf } from '../../../src/analysis/coverage.ts'
import { mutants } from '../../../src/analysis/mutants.ts'
import { mutationOf } from '../../../src/analysis/mutation.ts'
import { runSuite } from '../../../src/analysis/suite.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { PolicyFile } from '../../../src/policy/document.ts'
import { policyOf } from '../policy/build.ts'

function fileOf(fields: object): PolicyFile {
  return policyOf({ rules: [], ...fields }).document
}

function changes(fields: object, only: RegExp = /./): readonly string[] {
  return [...mutants(fileOf(fields))]
    .map(({ kind, what }) => `${kind}: ${what}`)
    .filter((text) => only.test(text))
}

test('a rule is left out, says something else, and loses its conditions one by one', () => {
  const rule = {
    id: 'a',
    allow: ['x', 'y'],
    who: { roles: ['user', 'lead'], scopes: ['s'] },
    args: { n: { type: 'number', maximum: 5 } },
    onlyArgs: ['n'],
    until: '2027-01-01T00:00:00Z',
  }
  expect(changes({ rules: [rule] })).toEqual([
    'dropped: rule `a` is left out',
    'effect: rule `a` says `ask`',
    'effect: rule `a` says `deny`',
    'dropped: `who` of rule `a` does not ask for `roles`',
    'member: `who` of rule `a` lacks `user` in `roles`',
    'member: `who` of rule `a` lacks `lead` in `roles`',
    'dropped: `who` of rule `a` does not ask for `scopes`',
    'member: `tools` of rule `a` lacks `x`',
    'member: `tools` of rule `a` lacks `y`',
    'dropped: rule `a` has no `onlyArgs`',
    'dropped: rule `a` is valid at all times',
    'dropped: argument `n` of rule `a` is not looked at',
    'dropped: argument `n` of rule `a` is not tested by `maximum`',
    'bound: argument `n` of rule `a` has `maximum: 4`',
    'bound: argument `n` of rule `a` has `maximum: 6`',
  ])
})

function ofArgument(a: object, only: RegExp): readonly string[] {
  return changes({ rules: [{ id: 'r', allow: ['x'], args: { a } }] }, only)
}

function moved(a: object): readonly string[] {
  return ofArgument(a, /^bound/).map((text) => /`(\w+: [^`]+)`$/.exec(text)![1]!)
}

test('bounds move by one unit of their last digit, and sizes never below nothing', () => {
  expect(moved({ minimum: 0.25 })).toEqual(['minimum: 0.24', 'minimum: 0.26'])
  expect(moved({ exclusiveMinimum: 500 })).toHaveLength(2)
  expect(moved({ minLength: 0 })).toEqual(['minLength: 1'])
  expect(moved({ items: { maximum: 1 } })).toEqual(['maximum: 0', 'maximum: 2'])
  expect(moved({ anyOf: [{ minItems: 1 }, { const: 1 }] })).toEqual(['minItems: 0', 'minItems: 2'])
})

test('lists inside of tests lose their members one by one', () => {
  expect(ofArgument({ enum: ['a', 'b'] }, /^member/)).toHaveLength(2)
  expect(ofArgument({ domain: ['a.example', 'b.example'] }, /^member/)).toHaveLength(2)
  expect(ofArgument({ startsWith: ['git', 'log'] }, /^member/)).toEqual([
    'member: `startsWith` of argument `a` of rule `r` takes anything for `git`',
    'member: `startsWith` of argument `a` of rule `r` takes anything for `log`',
  ])
  expect(ofArgument({ not: { enum: [1, 2] } }, /^member/)).toHaveLength(2)
  expect(ofArgument({ anyOf: [{ const: 1 }, { const: 2 }] }, /^member/)).toHaveLength(2)
})

test('limits are left out, inverted and moved while a test can tell', () => {
  const limit = { id: 'l', tools: ['x'], per: 'session', max: 3, over: 'ask' }
  expect(changes({ limits: [limit] })).toEqual([
    'dropped: limit `l` is left out',
    'effect: limit `l` says `deny`',
    'bound: limit `l` ends at 2',
    'bound: limit `l` ends at 4',
  ])
  expect(changes({ limits: [{ ...limit, max: 200 }] })).toEqual([])
  expect(changes({ limits: [{ ...limit, max: 2000, sum: '/amount' }] })).toHaveLength(4)
})

test('sequences are left out and inverted', () => {
  const sequence = { id: 's', after: ['x'], then: { tools: ['y'], do: 'deny' }, sameArg: 'a' }
  expect(changes({ sequences: [sequence] })).toEqual([
    'dropped: sequence `s` is left out',
    'effect: sequence `s` says `ask`',
    'dropped: sequence `s` has no `sameArg`',
  ])
})

test('what is left out, weakened or inverted is essential, conditions and limits are not', () => {
  const fields = {
    rules: [
      { id: 'a', allow: ['x'], args: { n: { const: 1 } } },
      { id: 'd', deny: ['y'] },
    ],
    flow: { secretsOut: 'ask', untrustedSteering: 'deny' },
    sequences: [{ id: 's', after: ['x'], then: { tools: ['y'], do: 'ask' } }],
    limits: [{ id: 'l', tools: ['x'], per: 'session', max: 3, over: 'ask' }],
  }
  const essential = [...mutants(fileOf(fields))].filter((mutant) => mutant.essential === true)
  expect(essential.map(({ what }) => what)).toEqual([
    'rule `a` is left out',
    'rule `a` says `deny`',
    'rule `d` is left out',
    'rule `d` says `ask`',
    'rule `d` says `allow`',
    '`flow.untrustedSteering` is left out',
    '`flow.untrustedSteering` says `ask`',
    '`flow.secretsOut` is left out',
    'sequence `s` is left out',
  ])
})

test('rules that only record are left alone', () => {
  expect(changes({ rules: [{ id: 'a', allow: ['x'], shadow: true }] })).toEqual([])
})

const as = { roles: ['user'] }
const call = (n: number): object => ({ tool: 'tool', args: { n } })
const bounded = { id: 'a', allow: ['tool'], args: { n: { type: 'number', maximum: 5 } } }

test('a change that no test notices survives, with its place', async () => {
  const tests = [
    { name: 'at', as, call: call(5), expect: 'allow' },
    { name: 'over', as, call: call(7), expect: 'deny' },
  ]
  const file = fileOf({ rules: [bounded], tests })
  const { killed, survivors, total } = await mutationOf(file, compilePolicy, { tests: file.tests })
  expect(survivors).toMatchObject([
    {
      kind: 'bound',
      what: 'argument `n` of rule `a` has `maximum: 6`',
      file: 'test.json',
      line: 1,
    },
  ])
  expect(killed).toBe(total - 1)
})

test('tests at every border kill every change', async () => {
  const tests = [
    { name: 'at', as, call: call(5), expect: 'allow' },
    { name: 'over', as, call: call(6), expect: 'deny', by: 'default' },
  ]
  const file = fileOf({ rules: [bounded], tests })
  const { killed, total } = await mutationOf(file, compilePolicy, { tests: file.tests })
  expect([killed, total]).toEqual([7, 7])
})

test('coverage names the parts that no test reaches, overruled parts count as reached', async () => {
  const policy = policyOf({
    rules: [
      { id: 'a', allow: ['tool'] },
      { id: 'b', deny: ['tool'], args: { n: { const: 1 } } },
      { id: 'c', deny: ['never'] },
    ],
    sequences: [{ id: 's', after: ['tool'], then: { tools: ['other'], do: 'deny' } }],
    limits: [
      { id: 'two', tools: ['tool'], per: 'session', max: 1, over: 'deny' },
      { id: 'bill', tools: ['tool'], per: 'session', count: 'cost', max: 1, over: 'deny' },
    ],
    tests: [
      { name: 'both', as, call: call(1), expect: 'deny' },
      { name: 'used up', as, given: [call(2)], call: call(2), expect: 'deny' },
    ],
  })
  const coverage = coverageOf(policy.document, await runSuite(policy))
  expect(coverage).toMatchObject({ total: 5, reached: 3 })
  expect(coverage.missing.map(({ rule }) => rule)).toEqual(['c', 'sequences.s'])
})

test('a bound that ends where another rule decides anyway is not counted, one that shows is', async () => {
  const rules = [
    { id: 'small', allow: ['pay'], args: { amount: { maximum: 100 } } },
    { id: 'large', ask: ['pay'], args: { amount: { exclusiveMinimum: 100, maximum: 200 } } },
  ]
  const amounts = { 100: 'allow', 101: 'ask', 100.5: 'ask', 200: 'ask', 200.5: 'deny' }
  const tests = Object.entries(amounts).map(([amount, expected]) => ({
    name: amount,
    as: { roles: ['user'] },
    call: { tool: 'pay', args: { amount: Number(amount) } },
    expect: expected,
  }))
  const survivorsOf = async (known: typeof tests): Promise<readonly string[]> => {
    const { survivors } = await mutationOf(fileOf({ rules, tests: known }), compilePolicy, {
      tests: compilePolicy(fileOf({ rules, tests: known })).tests,
    })
    return survivors.filter(({ kind }) => kind === 'bound').map(({ what }) => what)
  }
  expect(await survivorsOf(tests)).toEqual([])
  expect(await survivorsOf(tests.filter(({ name }) => name !== '200.5'))).toEqual([
    'argument `amount` of rule `large` has `maximum: 201`',
  ])
})
