import { describe, expect, test } from 'vitest'
import type { DecisionRequest } from '../../../src/policy/policy.ts'
import { decideOn, policyOf, user } from './build.ts'

const open = { rules: [{ id: 'all', allow: ['**'] }] }

function refused(reason: string, rule: string): object {
  return { effect: 'deny', rule, rules: [], labels: [], obligations: [], reasons: [reason] }
}

function x(condition: object): object {
  return { args: { x: condition } }
}

describe('a refusal before the rules says what is wrong', () => {
  test('with the name of a tool, cut where it is long', () => {
    const policy = policyOf(open, [{ name: 'tool' }])
    expect(decideOn(policy, {}, { tool: 'toll' })).toMatchObject(
      refused('there is no tool `toll`', 'unknown_tool'),
    )
    const [reason] = decideOn(policy, {}, { tool: 'x'.repeat(1000) }).reasons
    expect(reason!.length).toBeLessThan(150)
  })

  test('with the caller', () => {
    expect(decideOn(policyOf(open), {}, { principal: null })).toMatchObject(
      refused('the caller is not known', 'unauthenticated'),
    )
  })

  test('with what the tool itself needs: one of the roles, and every scope', () => {
    const requires = { roles: ['lead', 'other'], scopes: ['read', 'pay'] }
    const policy = policyOf(open, [{ name: 'tool', requires }])
    const as = (roles: string[], scopes: string[]): ReturnType<typeof decideOn> =>
      decideOn(policy, {}, { principal: { ...user, roles, scopes } })
    expect(as(['user'], ['read', 'pay'])).toMatchObject(
      refused('the tool `tool` itself needs one of the roles `lead`, `other`', 'tool.requires'),
    )
    expect(as(['lead'], ['read'])).toMatchObject(
      refused('the tool `tool` itself needs the scope `pay`', 'tool.requires'),
    )
    expect(as(['other'], ['pay', 'read']).rule).toBe('all')
  })

  test('with the failure, also of a request that cannot be read at all', () => {
    const at = '2027-01-15T08:00:00.000Z'
    const broken = { tool: 'tool', principal: user, now: 0, at } as unknown as DecisionRequest
    const rules = [{ id: 'a', allow: ['tool'], args: { x: { const: 1 } } }]
    expect(policyOf({ rules }).decide(broken)).toMatchObject({ at, rule: 'policy_error' })
    const unreadable = new Proxy(broken, {
      get() {
        throw new Error('gone')
      },
    })
    expect(policyOf({ rules }).decide(unreadable)).toMatchObject({
      at: '',
      ...refused('the policy failed: gone', 'policy_error'),
    })
  })
})

describe('the rules of a decision', () => {
  test('stand in the order of their ids, however they were found', () => {
    const ids = ['c', 'a', 'e', 'b', 'd']
    // some are looked up by value, some by range, some are always tried
    const rules = [
      ...ids.map((id, index) => ({
        id,
        allow: ['tool'],
        ...[x({ const: 1 }), x({ minimum: 0 }), x({ type: 'integer' })][index % 3],
      })),
      ...Array.from({ length: 8 }, (_, index) => ({
        id: `z${index}`,
        allow: ['tool'],
        ...x({ const: index + 10 }),
      })),
    ]
    const { rule, rules: applied } = decideOn(policyOf({ rules }), { x: 1 })
    expect(rule).toBe('a')
    expect(applied.map(({ id }) => id)).toEqual(ids.toSorted())
  })

  test('an ask gives way to the allow it excepts, not to another', () => {
    const rules = [
      { id: 'excepted', allow: ['tool'], ...x({ const: 1 }) },
      { id: 'other', allow: ['tool'] },
      { id: 'rest', ask: ['tool'], except: ['excepted'] },
    ]
    const policy = policyOf({ rules })
    expect(decideOn(policy, { x: 1 })).toMatchObject({ effect: 'allow', rule: 'excepted' })
    expect(decideOn(policy, { x: 2 })).toMatchObject({ effect: 'ask', rule: 'rest' })
  })

  test('a rule in shadow is recorded where it is true, not where nobody can tell', () => {
    const rules = [{ id: 's', deny: ['tool'], shadow: true, ...x({ minimum: 1 }) }]
    const policy = policyOf({ rules })
    const recorded = (value: number | string): readonly string[] =>
      decideOn(policy, { x: value }).rules.map(({ id }) => id)
    expect(recorded(1)).toEqual(['s'])
    expect(recorded(0)).toEqual([])
    expect(recorded('one')).toEqual([])
  })
})
