import { expect, test } from 'vitest'
import { runSuite } from '../../../src/analysis/suite.ts'
import { policyOf } from '../policy/build.ts'

const call = { tool: 'tool' }
const as = { roles: ['user'] }

async function outcome(
  fields: object,
  testFields: object,
): Promise<readonly [boolean, string, string]> {
  const policy = policyOf({
    rules: [{ id: 'a', allow: ['tool'] }],
    ...fields,
    tests: [{ name: 'n', call, expect: 'allow', as, ...testFields }],
  })
  const [result] = await runSuite(policy)
  return [result!.passed, result!.decision.effect, result!.decision.rule]
}

test('a case passes when the decision is the expected one, by the expected rule', async () => {
  expect(await outcome({}, {})).toEqual([true, 'allow', 'a'])
  expect(await outcome({}, { by: 'a' })).toEqual([true, 'allow', 'a'])
  expect(await outcome({}, { by: 'b' })).toEqual([false, 'allow', 'a'])
  expect(await outcome({}, { expect: 'deny' })).toEqual([false, 'allow', 'a'])
})

test('a case without a caller is anonymous as the policy says', async () => {
  expect(await outcome({}, { as: undefined })).toEqual([false, 'deny', 'unauthenticated'])
  const identity = { anonymous: 'role', anonymousRole: 'other' }
  const rules = [{ id: 'o', allow: ['tool'], who: { roles: ['other'] } }]
  expect(await outcome({ identity, rules }, { as: undefined })).toEqual([true, 'allow', 'o'])
})

test('earlier calls count for limits, and a denied call is not counted again', async () => {
  const given = [{ tool: 'tool' }, { tool: 'tool' }]
  const limit = { id: 'l', tools: ['tool'], per: 'session', max: 2 }
  expect(await outcome({ limits: [limit] }, { given })).toEqual([false, 'deny', 'limits.l'])
  expect(await outcome({ limits: [limit] }, { given: given.slice(1) })).toEqual([
    true,
    'allow',
    'a',
  ])
  expect(await outcome({ limits: [{ ...limit, over: 'ask' }] }, { given })).toEqual([
    false,
    'ask',
    'limits.l',
  ])
  expect(await outcome({ limits: [limit], rules: [] }, { given })).toEqual([
    false,
    'deny',
    'default',
  ])
  expect(await outcome({ limits: [{ ...limit, tools: ['x'] }] }, { given })).toEqual([
    true,
    'allow',
    'a',
  ])
})

test('a limit that denies beats one that asks, and both are in the decision', async () => {
  const limit = { tools: ['tool'], per: 'session', max: 1 }
  const policy = policyOf({
    rules: [{ id: 'a', allow: ['tool'] }],
    limits: [
      { ...limit, id: 'a', over: 'ask' },
      { ...limit, id: 'b', over: 'deny' },
    ],
    tests: [{ name: 'n', as, call, given: [call], expect: 'deny', by: 'limits.b' }],
  })
  const [result] = await runSuite(policy)
  expect(result!.passed).toBe(true)
  expect(result!.decision.rules.map(({ id }) => id)).toEqual(['limits.b', 'a', 'limits.a'])
})

test('time windows need the time to be given', async () => {
  const policy = policyOf({
    rules: [{ id: 'a', allow: ['tool'], from: '2027-01-01T00:00:00Z' }],
    tests: [{ name: 'n', as, call, expect: 'allow' }],
  })
  expect((await runSuite(policy))[0]!.passed).toBe(false)
  expect((await runSuite(policy, { now: Date.parse('2027-06-01T00:00:00Z') }))[0]!.passed).toBe(
    true,
  )
})

test('a limit or sequence is named by its id alone where no rule has that id', async () => {
  const limits = [{ id: 'l', tools: ['tool'], per: 'session', max: 1 }]
  const sequences = [{ id: 's', after: ['tool'], then: { tools: ['tool'], do: 'deny' } }]
  const rules = [{ id: 'l', allow: ['tool'] }]
  const expected = { given: [call], expect: 'deny' }
  expect((await outcome({ limits }, { ...expected, by: 'l' }))[0]).toBe(true)
  expect((await outcome({ limits, rules }, { ...expected, by: 'l' }))[0]).toBe(false)
  expect((await outcome({ sequences }, { ...expected, by: 's' }))[0]).toBe(true)
  expect((await outcome({ sequences }, { ...expected, by: 'l' }))[0]).toBe(false)
})

test('an earlier call that was refused counts as a denial and not as a call', async () => {
  const rules = [
    { id: 'a', allow: ['tool'] },
    { id: 'no', deny: ['tool'], args: { shut: { const: true } } },
  ]
  const probing = { id: 'l', tools: ['tool'], per: 'session', count: 'denials', max: 2 }
  const refused = { tool: 'tool', args: { shut: true }, refused: true }
  const of = async (limit: object, given: readonly object[]): Promise<string> =>
    (await outcome({ rules, limits: [limit] }, { given }))[2]
  expect(await of(probing, [refused])).toBe('a')
  expect(await of(probing, [refused, refused])).toBe('limits.l')
  expect(await of(probing, [{ ...refused, times: 2 }])).toBe('limits.l')
  expect(await of(probing, [call, call])).toBe('a')
  expect(await of(probing, [{ ...call, refused: true }, refused])).toBe('a')
  expect(await of({ ...probing, count: 'calls', max: 1 }, [{ ...call, refused: true }])).toBe('a')
})
