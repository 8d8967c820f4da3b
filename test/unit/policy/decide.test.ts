import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { decideOn, policyOf, user } from './build.ts'

const allow = { id: 'a', allow: ['tool'] }

test('what no rule allows is denied, and the refusal names the rule to add', () => {
  const decision = decideOn(policyOf({ rules: [] }))
  expect(decision).toMatchObject({ effect: 'deny', rule: 'default', rules: [] })
  expect(decision.reasons).toEqual([
    'no rule allows `tool`; add one to `rules` (test.json:1:90), such as `- { id: allow-tool, allow: [tool], who: { roles: [user] } }`',
  ])
})

test('a refusal names the rule that nearly allowed the call, without the values of the call', () => {
  const policy = policyOf({
    rules: [
      {
        id: 'far',
        allow: ['tool'],
        who: { roles: ['other'] },
        args: { x: { const: 1 }, y: { const: 1 } },
      },
      { id: 'near', allow: ['tool'], args: { x: { type: 'number', maximum: 100 } } },
    ],
  })
  const [reason] = decideOn(policy, { x: 7777 }).reasons
  expect(reason).toMatch(
    /nearest is `near` \(test\.json:1:\d+\), which needs `x` to satisfy `maximum: 100`$/,
  )
  expect(reason).not.toContain('7777')
})

test.each([
  [{ who: { roles: ['lead'] } }, 'is for the roles `lead`'],
  [{ who: { scopes: ['s'] } }, 'needs the scopes `s`'],
  [{ who: { tenants: ['globex'] } }, 'which is for other tenants'],
  [{ notWho: { roles: ['user'] } }, 'is not for this caller'],
  [{ args: { y: { const: 1 } } }, 'needs the argument `y`'],
  [{ onlyArgs: ['y'] }, 'does not take the argument `x`'],
  [{ until: '2020-01-01T00:00:00Z' }, 'is not valid at this time'],
  [{ args: { x: { matches: 'a+' } } }, 'needs `x` to satisfy `matches: "a+"`'],
])('the nearest rule %j says: %s', (conditions, sentence) => {
  const policy = policyOf({ rules: [{ ...allow, ...conditions }] })
  const [reason] = decideOn(policy, { x: 'b' }).reasons
  expect(reason).toContain(sentence)
  expect(reason).not.toContain('globex')
})

test('deny beats ask beats allow, and every rule that applied is listed in that order', () => {
  const policy = policyOf({
    rules: [
      allow,
      { id: 'z', ask: ['tool'] },
      { id: 'y', deny: ['tool'], args: { x: { const: 1 } } },
      { id: 'b', deny: ['tool'], args: { x: { const: 1 } } },
    ],
  })
  const denied = decideOn(policy, { x: 1 })
  expect(denied).toMatchObject({ effect: 'deny', rule: 'b', obligations: [] })
  expect(denied.rules.map(({ id }) => id)).toEqual(['b', 'y', 'z', 'a'])
  const asked = decideOn(policy, { x: 2 })
  expect(asked).toMatchObject({ effect: 'ask', rule: 'z' })
  expect(asked.rules.map(({ id }) => id)).toEqual(['z', 'a'])
})

test('a decision carries positions, digest, time and the reason of the rule', () => {
  const policy = policyOf({ rules: [{ ...allow, reason: 'Because.' }] })
  expect(decideOn(policy)).toEqual({
    effect: 'allow',
    rule: 'a',
    rules: [{ id: 'a', effect: 'allow', file: 'test.json', line: 1, column: 99 }],
    reasons: ['Because.'],
    obligations: [],
    labels: [],
    policy: { name: 'test', digest: policy.digest },
    at: '2027-01-15T08:00:00.000Z',
  })
})

test('each ask that applies states its own approvers', () => {
  const policy = policyOf({
    rules: [
      { id: 'a', ask: ['tool'], approvers: { roles: ['lead'], count: 2 } },
      { id: 'b', ask: ['tool'] },
      { id: 'c', ask: ['tool'] },
    ],
  })
  expect(decideOn(policy).obligations).toEqual([
    { kind: 'approval', approvers: { roles: ['lead'], count: 2 } },
    { kind: 'approval', approvers: { count: 1 } },
  ])
})

test('an ask that cannot be evaluated asks where the call would be allowed, and only there', () => {
  const ask = { id: 'k', ask: ['tool'], args: { x: { minimum: 1 } } }
  const both = decideOn(policyOf({ rules: [allow, ask] }), { x: 'text' })
  expect(both).toMatchObject({ effect: 'ask', rule: 'k' })
  expect(both.rules[0]).toHaveProperty('unknown', true)
  expect(decideOn(policyOf({ rules: [ask] }), { x: 'text' })).toMatchObject({
    effect: 'deny',
    rule: 'default',
  })
})

test('an ask gives way to the allow it excepts, but not when it cannot be evaluated', () => {
  const policy = policyOf({
    rules: [
      { id: 'safe', allow: ['tool'], args: { x: { startsWith: ['git'] } } },
      { id: 'rest', ask: ['tool'], except: ['safe'], args: { x: { items: { maxLength: 9 } } } },
    ],
  })
  expect(decideOn(policy, { x: ['git'] })).toMatchObject({ effect: 'allow', rule: 'safe' })
  expect(decideOn(policy, { x: ['make'] })).toMatchObject({ effect: 'ask', rule: 'rest' })
  expect(decideOn(policy, { x: ['git', 5] })).toMatchObject({ effect: 'ask', rule: 'rest' })
})

test('onlyArgs refuses every other argument', () => {
  const policy = policyOf({ rules: [{ ...allow, onlyArgs: ['x'] }] })
  expect(decideOn(policy, { x: 1 }).effect).toBe('allow')
  expect(decideOn(policy, {}).effect).toBe('allow')
  expect(decideOn(policy, { x: 1, y: 1 }).effect).toBe('deny')
})

test.each<[string, object[], string[]]>([
  ['allow', [{ id: 'a', allow: ['tool'] }], ['allow', 'deny', 'deny', 'deny', 'deny']],
  [
    'allow that takes its absence',
    [{ id: 'a', allow: ['tool'], optional: true }],
    ['allow', 'deny', 'allow', 'allow', 'deny'],
  ],
  [
    'deny',
    [{ id: 'd', deny: ['tool'], optional: true }],
    ['deny', 'allow', 'allow', 'allow', 'deny'],
  ],
])(
  'an %s finds an argument inside of another, unless that is a text',
  (_what, written, effects) => {
    const rules = written.map(({ optional, ...rule }: { optional?: boolean }) => ({
      ...rule,
      args: { '/to/name': { const: 'ada', ...(optional === true ? { optional } : {}) } },
    }))
    const policy = policyOf({ rules: 'deny' in rules[0]! ? [allow, ...rules] : rules })
    const calls = [{ to: { name: 'ada' } }, { to: { name: 'eve' } }, { to: {} }, {}, { to: 'ada' }]
    expect(calls.map((call) => decideOn(policy, call as JsonObject).effect)).toEqual(effects)
  },
)

test('a time window begins with `from` and ends before `until`', () => {
  const policy = policyOf({
    rules: [{ ...allow, from: '2027-01-01T00:00:00Z', until: '2027-02-01T00:00:00+01:00' }],
  })
  const at = (time: string): string => decideOn(policy, {}, { now: Date.parse(time) }).effect
  expect(at('2026-12-31T23:59:59.999Z')).toBe('deny')
  expect(at('2027-01-01T00:00:00Z')).toBe('allow')
  expect(at('2027-01-31T22:59:59.999Z')).toBe('allow')
  expect(at('2027-01-31T23:00:00Z')).toBe('deny')
})

test('without a time a window cannot be evaluated: a deny fires, an allow does not', () => {
  const window = { from: '2020-01-01T00:00:00Z' }
  const now = Number.NaN
  expect(decideOn(policyOf({ rules: [{ ...allow, ...window }] }), {}, { now }).effect).toBe('deny')
  const deny = { id: 'd', deny: ['tool'], until: '2020-01-01T00:00:00Z' }
  expect(decideOn(policyOf({ rules: [allow, deny] }), {}).effect).toBe('allow')
  expect(decideOn(policyOf({ rules: [allow, deny] }), {}, { now }).effect).toBe('deny')
})

test('roles inherit, scopes need all, and ceilings cut scopes', () => {
  const policy = policyOf({
    roles: {
      viewer: { scopes: ['read'] },
      editor: { inherits: ['viewer'], scopes: ['write'] },
      free: {},
    },
    rules: [
      { id: 'r', allow: ['read'], who: { roles: ['viewer'], scopes: ['read'] } },
      { id: 'w', allow: ['write'], who: { scopes: ['read', 'write'] } },
    ],
  })
  const as = (roles: string[], scopes: string[], tool: string): string =>
    decideOn(policy, {}, { principal: { subject: 's', roles, scopes }, tool }).effect
  expect(as(['editor'], ['read', 'write'], 'read')).toBe('allow')
  expect(as(['editor'], ['read', 'write'], 'write')).toBe('allow')
  expect(as(['viewer'], ['read', 'write'], 'write')).toBe('deny')
  expect(as(['free'], ['read', 'write'], 'write')).toBe('allow')
  expect(as(['free', 'viewer'], ['read', 'write'], 'write')).toBe('deny')
  expect(as(['unheard-of'], ['read'], 'read')).toBe('deny')
  const effective = policy.effective({ roles: ['editor', 'x'], scopes: ['read', 'admin'] })
  expect([...effective.roles].toSorted()).toEqual(['editor', 'viewer'])
  expect([...effective.scopes]).toEqual(['read'])
})

test('tenants, agents and issuers tell callers apart, also two in a row', () => {
  const policy = policyOf({
    rules: [
      { id: 't', allow: ['tool'], who: { tenants: ['acme'] } },
      { id: 'd', deny: ['tool'], who: { agents: ['nightly'] } },
      { id: 'i', deny: ['tool'], notWho: { issuers: ['https://id.example'] } },
    ],
  })
  const good = { ...user, tenant: 'acme', issuer: 'https://id.example' }
  expect(decideOn(policy, {}, { principal: good }).effect).toBe('allow')
  expect(decideOn(policy, {}, { principal: { ...good, tenant: 'globex' } }).rule).toBe('default')
  expect(decideOn(policy, {}, { principal: { ...good, agent: 'nightly' } }).rule).toBe('d')
  expect(decideOn(policy, {}, { principal: { ...good, issuer: 'https://x.example' } }).rule).toBe(
    'i',
  )
  expect(decideOn(policy, {}, { principal: good }).effect).toBe('allow')
})

test('a principal that changes between two calls is judged anew', () => {
  const policy = policyOf({ rules: [{ ...allow, who: { roles: ['lead'] } }] })
  const roles = ['lead']
  const principal = { subject: 's', roles, scopes: [] }
  expect(decideOn(policy, {}, { principal }).effect).toBe('allow')
  roles[0] = 'user'
  expect(decideOn(policy, {}, { principal }).effect).toBe('deny')
})

test('S2-33 a caller who is not known, a tool that does not exist and a floor are denied first', () => {
  const policy = policyOf({ rules: [{ id: 'a', allow: ['**'] }] }, [
    { name: 'tool' },
    { name: 'pay', requires: { roles: ['lead'], scopes: ['pay'] } },
  ])
  const rule = (options: Parameters<typeof decideOn>[2]): string =>
    decideOn(policy, {}, options).rule
  expect(rule({})).toBe('a')
  expect(rule({ principal: null })).toBe('unauthenticated')
  expect(rule({ tool: 'toolx' })).toBe('unknown_tool')
  expect(rule({ tool: 'pay' })).toBe('tool.requires')
  expect(rule({ tool: 'pay', principal: { ...user, roles: ['lead'] } })).toBe('tool.requires')
  expect(rule({ tool: 'pay', principal: { ...user, roles: ['lead'], scopes: ['pay'] } })).toBe('a')
})

test.each(['constructor', 'toString', '__proto__', 'tool ', 'Tool', 't\u043eol', 'tool\u0000', ''])(
  'the tool name %j is unknown',
  (tool) => {
    const policy = policyOf({ rules: [{ id: 'a', allow: ['**'] }] }, [{ name: 'tool' }])
    expect(decideOn(policy, {}, { tool }).rule).toBe('unknown_tool')
    expect(policy.hasTool(tool)).toBe(false)
  },
)

test('without a catalogue a tool needs a name that tools can have', () => {
  const policy = policyOf({ rules: [{ id: 'a', allow: ['**'] }] })
  expect(decideOn(policy, {}, { tool: 'server.any_tool' }).effect).toBe('allow')
  expect(decideOn(policy, {}, { tool: 'send_m\u043eney' }).rule).toBe('unknown_tool')
})

test('an exception inside a decision is a deny', () => {
  const policy = policyOf({ rules: [{ ...allow, args: { x: { type: 'string' } } }] })
  const args = {
    get x(): string {
      throw new Error('trap')
    },
  }
  expect(decideOn(policy, args)).toMatchObject({
    effect: 'deny',
    rule: 'policy_error',
    reasons: ['the policy failed: trap'],
  })
  const broken = policy.decide(undefined as never)
  expect(broken).toMatchObject({ effect: 'deny', rule: 'policy_error' })
})

test.each([
  ['const', { const: 'c7' }],
  ['enum', { enum: ['c7', 'x'] }],
  ['range', { type: 'number', minimum: 70, maximum: 70 }],
])('rules that are looked up by %s are found among many', (kind, needle) => {
  const other = (index: number): object =>
    kind === 'range' ? { type: 'number', minimum: 100 + index } : { const: `other${index}` }
  const rules = Array.from({ length: 200 }, (_, index) => ({
    id: `r${index}`,
    allow: ['tool'],
    args: { x: other(index) },
  }))
  const policy = policyOf({
    rules: [...rules, { id: 'needle', allow: ['tool'], args: { x: needle } }],
  })
  expect(decideOn(policy, { x: kind === 'range' ? 70 : 'c7' }).rule).toBe('needle')
  expect(decideOn(policy, { x: 'unheard' }).rule).toBe('default')
  expect(decideOn(policy, {}).rule).toBe('default')
})

test('reasons are bounded however many rules apply, the rules are all listed', () => {
  const rules = Array.from({ length: 50 }, (_, index) => ({ id: `d${index}`, deny: ['tool'] }))
  const decision = decideOn(policyOf({ rules }))
  expect(decision.rules).toHaveLength(50)
  expect(decision.reasons).toHaveLength(8)
})
