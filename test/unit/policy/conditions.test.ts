import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { CompiledRule } from '../../../src/policy/compiled-rule.ts'
import { compileRoles } from '../../../src/policy/caller.ts'
import { evaluate } from '../../../src/policy/condition.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { no, unknown, yes, type Truth } from '../../../src/policy/truth.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import { user } from './build.ts'

const now = Date.parse('2027-01-15T08:00:00Z')

function compiled(rule: object): CompiledRule {
  const roles = { user: {}, lead: { inherits: ['user'] }, other: {} }
  const text = JSON.stringify({ sallyport: 1, name: 't', roles, rules: [rule] })
  const file = readPolicy(text, { file: 'p' })
  return new CompiledRule(file.rules[0]!, 0, file.source)
}

function truthOf(conditions: object, args: JsonObject, effect = 'allow', at = now): Truth {
  const { conditions: first } = compiled({ id: 'a', [effect]: ['t'], ...conditions })
  return evaluate(first, { tool: 't', args, principal: user, now: at, at: '' })
}

describe('the conditions of a rule', () => {
  test.each<[object, JsonObject, Truth]>([
    [{}, {}, yes],
    [{ args: { x: { minimum: 2 } } }, { x: 2 }, yes],
    [{ args: { x: { minimum: 2 } } }, { x: 1.9 }, no],
    [{ args: { x: { maximum: 2 } } }, { x: 2 }, yes],
    [{ args: { x: { maximum: 2 } } }, { x: 2.1 }, no],
    [{ args: { x: { exclusiveMinimum: 2 } } }, { x: 2 }, no],
    [{ args: { x: { exclusiveMinimum: 2 } } }, { x: 2.1 }, yes],
    [{ args: { x: { exclusiveMaximum: 2 } } }, { x: 2 }, no],
    [{ args: { x: { exclusiveMaximum: 2 } } }, { x: 1.9 }, yes],
    [{ args: { x: { minimum: 0 } } }, { x: -1 }, no],
    [{ args: { x: { maximum: 0 } } }, { x: 1 }, no],
    [{ args: { x: { type: 'integer' } } }, { x: 2 }, yes],
    [{ args: { x: { type: 'integer' } } }, { x: 2.5 }, no],
    [{ args: { x: { type: 'integer', minimum: 1 } } }, { x: 2.5 }, no],
    [{ args: { x: { type: 'number' } } }, { x: 2.5 }, yes],
    [{ args: { x: { type: 'number' } } }, { x: '2' }, no],
    [{ args: { x: { type: 'integer', maximum: 9 } } }, { x: '2' }, no],
    [{ args: { x: { maximum: 9 } } }, { x: '2' }, unknown],
    [{ args: { x: { maximum: 9 } } }, {}, no],
    [{ args: { x: { type: 'string', maximum: 9 } } }, { x: 2 }, no],
    [{ args: { x: { type: 'string', maximum: 9 } } }, { x: '2' }, unknown],
    [{ args: { x: { maximum: 9, multipleOf: 2 } } }, { x: 3 }, no],
    [{ args: { x: { maximum: 9, multipleOf: 2 } } }, { x: 4 }, yes],
    [{ args: { x: { type: 'string' } } }, { x: 'a' }, yes],
    [{ args: { x: { maximum: 9 }, y: { const: 1 } } }, { x: '2', y: 1 }, unknown],
    [{ args: { x: { maximum: 9 }, y: { const: 1 } } }, { x: '2', y: 2 }, no],
    [{ args: { x: { const: 1 }, y: { maximum: 9 } } }, { x: 1, y: '2' }, unknown],
    [{ args: { '/x/y': { const: 1 } } }, { x: { y: 1 } }, yes],
    [{ args: { '/x/y': { const: 1 } } }, { x: { y: 2 } }, no],
    [{ args: { '/x/y': { const: 1 } } }, { x: {} }, no],
    [{ args: { '/x/y': { const: 1 } } }, { x: 'y' }, unknown],
    [{ args: { '/x/y': { const: 1, optional: true } } }, { x: {} }, yes],
    [{ args: { '/x/y': { const: 1, optional: true } } }, { x: 'y' }, unknown],
    [{ args: { x: { const: 1, optional: true } } }, {}, yes],
    [{ args: { x: { const: 1, optional: true } } }, { x: 2 }, no],
    [{ args: { toString: { const: 1, optional: true } } }, {}, yes],
    [{ onlyArgs: ['x'] }, { x: 1 }, yes],
    [{ onlyArgs: ['x'] }, { x: 1, y: 1 }, no],
    [{ onlyArgs: ['x', 'y'] }, { y: 1 }, yes],
    [{ onlyArgs: ['x'], args: { x: { const: 1 } } }, { x: 2 }, no],
    [{ onlyArgs: ['x'], args: { x: { const: 1 } } }, { x: 1, y: 1 }, no],
  ])('%j of %j are %d', (conditions, args, truth) => {
    expect(truthOf(conditions, args)).toBe(truth)
  })

  test('take an absent argument as no reason to deny, optional or not', () => {
    for (const optional of [{}, { optional: true }]) {
      const args = { x: { const: 1, ...optional }, '/y/z': { const: 1, ...optional } }
      expect(truthOf({ args }, {}, 'deny')).toBe(no)
      expect(truthOf({ args: { '/y/z': { const: 1, ...optional } } }, { y: {} }, 'deny')).toBe(no)
    }
  })

  test.each<[object, number, Truth]>([
    [{ from: '2027-01-15T08:00:00Z' }, now, yes],
    [{ from: '2027-01-15T08:00:00Z' }, now - 1, no],
    [{ until: '2027-01-15T08:00:00Z' }, now, no],
    [{ until: '2027-01-15T08:00:00Z' }, now - 1, yes],
    [{ from: '2027-01-15T08:00:00Z' }, Number.NaN, unknown],
    [{ until: '2027-01-15T08:00:00Z' }, Number.NaN, unknown],
  ])('%j at %d are %d, also beside others', (window, at, truth) => {
    expect(truthOf(window, {}, 'allow', at)).toBe(truth)
    const beside = { ...window, onlyArgs: ['x'], args: { x: { const: 1 } } }
    expect(truthOf(beside, { x: 1 }, 'allow', at)).toBe(truth)
    expect(truthOf(beside, { x: 2 }, 'allow', at)).toBe(no)
  })
})

const request = (args: JsonObject) => ({ tool: 't', args, principal: user, now, at: '' })

describe('an argument with required values', () => {
  test('need not be tested again once it was found, unless more is tested of it', () => {
    const whole = compiled({ id: 'a', allow: ['t'], args: { x: { maximum: 5 }, y: { const: 2 } } })
    expect(evaluate(whole.conditionsFound, request({ x: 5 }))).toBe(yes)
    expect(evaluate(whole.conditionsFound, request({ x: 6 }))).toBe(no)
    expect(evaluate(whole.conditions, request({ x: 5 }))).toBe(no)
    const more = compiled({ id: 'a', allow: ['t'], args: { x: { enum: [1, 2], maximum: 1 } } })
    expect(more.conditionsFound).toBe(more.conditions)
    expect(evaluate(more.conditionsFound, request({ x: 2 }))).toBe(no)
    const none = compiled({ id: 'a', allow: ['t'], args: { x: { maximum: 1 } } })
    expect(none.required).toBeUndefined()
    expect(none.conditionsFound).toBe(none.conditions)
  })
})

describe('the callers of a rule', () => {
  const effective = compileRoles(
    readPolicy(
      'sallyport: 1\nname: t\nrules: []\nroles: { user: {}, lead: { inherits: [user], scopes: [s, t] }, other: { scopes: [] } }\n',
      { file: 'p' },
    ).roles,
  )
  const concerns = (rule: object, principal: Principal): boolean =>
    compiled({ id: 'a', allow: ['t'], ...rule }).concerns(principal, effective(principal))

  const all = { tenant: 'acme', agent: 'bot', issuer: 'https://id.example', scopes: ['s', 't'] }

  test.each<[object, Partial<Principal>, boolean]>([
    [{ roles: ['user'] }, {}, true],
    [{ roles: ['lead'] }, {}, false],
    [{ roles: ['lead', 'user'] }, {}, true],
    [{ roles: ['user'] }, { roles: ['lead'] }, true],
    [{ roles: ['user'] }, { roles: [] }, false],
    [{ scopes: ['s'] }, { scopes: ['s'] }, true],
    [{ scopes: ['s', 't'] }, { scopes: ['s'] }, false],
    [{ scopes: ['s', 't'] }, { scopes: ['t', 's', 'u'] }, true],
    [{ scopes: ['u'] }, { scopes: ['u'], roles: ['lead'] }, false],
    [{ scopes: ['s'] }, { scopes: ['s'], roles: ['other'] }, false],
    [{ scopes: ['s'] }, { scopes: ['s'], roles: ['other', 'lead'] }, true],
    [{ tenants: ['acme'] }, all, true],
    [{ tenants: ['acme', 'globex'] }, { tenant: 'globex' }, true],
    [{ tenants: ['globex'] }, all, false],
    [{ tenants: ['acme'] }, {}, false],
    [{ agents: ['bot'] }, all, true],
    [{ agents: ['other'] }, all, false],
    [{ agents: ['bot'] }, {}, false],
    [{ issuers: ['https://id.example'] }, all, true],
    [{ issuers: ['https://other.example'] }, all, false],
    [{ issuers: ['https://id.example'] }, {}, false],
    [{ roles: ['user'], tenants: ['acme'], agents: ['bot'], scopes: ['s'] }, all, true],
    [{ roles: ['lead'], tenants: ['acme'], agents: ['bot'], scopes: ['s'] }, all, false],
    [{ roles: ['user'], tenants: ['globex'], agents: ['bot'], scopes: ['s'] }, all, false],
  ])('are %j: %j is one of them, %s', (who, fields, expected) => {
    const principal = { ...user, ...fields }
    expect(concerns({ who }, principal)).toBe(expected)
    expect(concerns({ notWho: who }, principal)).toBe(!expected)
    const both = { who: { roles: ['user', 'lead', 'other'] }, notWho: who }
    expect(concerns(both, principal)).toBe(!expected && principal.roles.length > 0)
  })

  test('have the roles that theirs inherit, and of unknown ones nothing', () => {
    const { roles, scopes } = effective({ roles: ['lead', 'gone', 'lead'], scopes: ['s', 'x'] })
    expect([[...roles].toSorted(), [...scopes]]).toEqual([['lead', 'user'], ['s']])
    const none = effective({ roles: ['gone'], scopes: ['s', 'x'] })
    expect([[...none.roles], [...none.scopes]]).toEqual([[], ['s', 'x']])
    const closed = effective({ roles: ['other'], scopes: ['s'] })
    expect([...closed.scopes]).toEqual([])
  })
})
