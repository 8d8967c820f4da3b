import { describe, expect, test } from 'vitest'
import { readPolicy } from '../../../src/policy/read.ts'
import { RuleTable } from '../../../src/policy/rule-table.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import { user } from './build.ts'

const effective = ({ roles, scopes }: Principal): { roles: Set<string>; scopes: Set<string> } => ({
  roles: new Set(roles),
  scopes: new Set(scopes),
})

function tableOf(rules: readonly object[]): RuleTable {
  const text = JSON.stringify({ sallyport: 1, name: 't', roles: { lead: {} }, rules })
  const file = readPolicy(text, { file: 'p' })
  return new RuleTable(file.rules, file.source, effective, 'p:1:1')
}

const ids = (rules: readonly { readonly rule: { readonly id: string } }[]): readonly string[] =>
  rules.map(({ rule }) => rule.id)

describe('the rules of a tool', () => {
  test('are those that name it or match it, each once, in the order of their ids', () => {
    const table = tableOf([
      { id: 'e', allow: ['x.read', 'x.*', '**', 'x.read'] },
      { id: 'a', deny: ['*'] },
      { id: 'd', ask: ['x.read'] },
      { id: 'c', allow: ['y.read'] },
      { id: 'b', allow: ['x.**'] },
    ])
    expect(ids(table.rulesOf('x.read'))).toEqual(['b', 'd', 'e'])
    expect(ids(table.rulesOf('x.write'))).toEqual(['b', 'e'])
    expect(ids(table.rulesOf('y.read'))).toEqual(['c', 'e'])
    expect(ids(table.rulesOf('y'))).toEqual(['a', 'e'])
    expect(ids(table.rulesOf('constructor'))).toEqual(['a', 'e'])
  })

  test('are compiled once for all tools', () => {
    const table = tableOf([
      { id: 'a', allow: ['x', 'y'] },
      { id: 'b', allow: ['**'] },
    ])
    const [first] = table.rulesOf('x')
    expect(table.rulesOf('y')[0]).toBe(first)
    expect(table.rulesOf('x')).toBe(table.rulesOf('x'))
  })

  test('are remembered for a thousand tools; the oldest makes room', () => {
    const table = tableOf([{ id: 'a', allow: ['**'] }])
    const names = Array.from({ length: 1000 }, (_, at) => `t${at}`)
    const known = names.map((name) => table.rulesOf(name))
    expect(names.every((name, at) => table.rulesOf(name) === known[at])).toBe(true)
    table.rulesOf('one-more')
    expect(table.rulesOf('t1')).toBe(known[1])
    expect(table.rulesOf('t0')).not.toBe(known[0])
    expect(table.rulesOf('t1')).not.toBe(known[1])
  })
})

const foundBy = (table: RuleTable, fields: Partial<Principal>): readonly string[] => {
  const found: string[] = []
  table
    .caller({ ...user, roles: [], ...fields })
    .rulesFor('x')
    .candidates({ tool: 'x', args: {}, principal: user, now: 0, at: '' }, ({ rule }) =>
      found.push(rule.id),
    )
  return found
}

const as = (at: number): Principal => ({ subject: 's', roles: [`r${at}`], scopes: [] })

describe('callers', () => {
  const rules = [
    { id: 'a', allow: ['x'], who: { roles: ['lead'] } },
    { id: 'b', allow: ['x'], who: { tenants: ['acme'] } },
    { id: 'c', allow: ['x'], notWho: { agents: ['bot'] } },
    { id: 'd', allow: ['x'], who: { issuers: ['i'], scopes: ['s'] } },
  ]

  test('meet the rules whose conditions on them hold', () => {
    const table = tableOf(rules)
    expect(foundBy(table, {})).toEqual(['c'])
    expect(foundBy(table, { roles: ['lead'] })).toEqual(['a', 'c'])
    expect(foundBy(table, { tenant: 'acme' })).toEqual(['b', 'c'])
    expect(foundBy(table, { agent: 'bot' })).toEqual([])
    expect(foundBy(table, { issuer: 'i' })).toEqual(['c'])
    expect(foundBy(table, { issuer: 'i', scopes: ['s'] })).toEqual(['c', 'd'])
    expect(foundBy(table, { issuer: 'j', scopes: ['s'] })).toEqual(['c'])
    expect(foundBy(table, { scopes: ['s'] })).toEqual(['c'])
    expect(foundBy(table, {})).toEqual(['c'])
  })

  test('whom no rule can tell apart are one', () => {
    const table = tableOf(rules)
    const same = { ...user, subject: 'other', tenant: 'nobody', agent: 'none', issuer: 'no' }
    const one = table.caller(user)
    expect(table.caller({ ...user })).toBe(one)
    expect(table.caller(same)).toBe(one)
    expect(table.caller(user)).toBe(one)
  })

  test.each<[string, Partial<Principal>]>([
    ['roles', { roles: ['user', 'lead'] }],
    ['fewer roles', { roles: [] }],
    ['scopes', { scopes: ['s'] }],
    ['a tenant that a rule names', { tenant: 'acme' }],
    ['an agent that a rule names', { agent: 'bot' }],
    ['an issuer that a rule names', { issuer: 'i' }],
  ])('with other %s are others', (_, fields) => {
    const table = tableOf(rules)
    const one = table.caller(user)
    const other = table.caller({ ...user, ...fields })
    expect(other).not.toBe(one)
    expect(table.caller(user)).toBe(one)
    expect(table.caller({ ...user, ...fields })).toBe(other)
  })

  test('whose roles and scopes only look alike when they are written down are two', () => {
    const table = tableOf(rules)
    const two = [
      { roles: ['a', 'b'], scopes: [] },
      { roles: ['a'], scopes: ['b'] },
      { roles: ['a,b'], scopes: [] },
      { roles: ['a","b'], scopes: [] },
      { roles: [], scopes: ['a', 'b'] },
    ].map((rights) => table.caller({ subject: 's', ...rights }))
    expect(new Set(two).size).toBe(two.length)
  })

  test('who change after they were met are others', () => {
    const table = tableOf(rules)
    const roles = ['user']
    const scopes = ['s']
    const principal = { subject: 's', roles, scopes }
    const one = table.caller(principal)
    roles[0] = 'lead'
    const other = table.caller(principal)
    expect(other).not.toBe(one)
    scopes[0] = 't'
    expect(table.caller(principal)).not.toBe(other)
    expect([...one.rights.roles, ...one.rights.scopes]).toEqual(['user', 's'])
    expect(one.hintsFor('x').withoutRule).toContain('roles: [user]')
  })

  test('are remembered for sixty-four kinds; the one not met for the longest makes room', () => {
    const table = tableOf(rules)
    const known = Array.from({ length: 64 }, (_, at) => table.caller(as(at)))
    expect(known.every((caller, at) => table.caller(as(at)) === caller)).toBe(true)
    table.caller(as(64))
    expect(table.caller(as(1))).toBe(known[1])
    expect(table.caller(as(0))).not.toBe(known[0])
  })

  test('keep the rules of a tool once they were asked for, and what is said about it', () => {
    const caller = tableOf(rules).caller(user)
    expect(caller.keptRules('x')).toBeUndefined()
    const found = caller.rulesFor('x')
    expect(caller.rulesFor('x')).toBe(found)
    expect(caller.keptRules('x')).toBe(found)
    expect(caller.keptRules('y')).toBeUndefined()
    expect(caller.hintsFor('x')).toBe(caller.hintsFor('x'))
    expect(caller.hintsFor('x').withoutRule).toContain('(p:1:1)')
  })
})
