import { describe, expect, test } from 'vitest'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { PolicyFile } from '../../../src/policy/document.ts'
import { filesOf, identityOf, layersOf } from '../../../src/policy/inherited.ts'
import type { Policy, PolicyTool } from '../../../src/policy/policy.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { decideOn, findings, user } from './build.ts'
import { linesOf } from './said.ts'

/** A file that extends others, at a path. */
function fileAt(file: string, text: string, ...parents: PolicyFile[]): PolicyFile {
  const names = parents.map((_, index) => `./${index}.yaml`).join(', ')
  const lines = `sallyport: 1\nname: t\nextends: [${names}]\n${text}\n`
  return readPolicy(parents.length === 0 ? lines.replace(/extends.*\n/, '') : lines, {
    file,
    parents,
    asParent: true,
  })
}

const plain = (text: string, ...parents: PolicyFile[]): PolicyFile => fileAt('p', text, ...parents)
const compiled = (text: string, ...parents: PolicyFile[]): Policy =>
  compilePolicy(plain(text, ...parents))

test('the files of a policy are each there once, before their parents; those with rules decide', () => {
  const base = plain('roles: { user: {} }')
  const [one, two] = [plain('rules: []', base), plain('roles: { lead: {} }', base)]
  const top = plain('rules: []', one, two)
  expect(filesOf([top])).toEqual([top, one, base, two])
  expect(filesOf([two, one])).toEqual([two, base, one])
  expect(filesOf([])).toEqual([])
  expect(layersOf(top)).toEqual([top, one])
  expect(layersOf(base)).toEqual([base])
})

describe('approvals', () => {
  test.each<[string, string, object]>([
    ['', '', { ttlMs: 900_000, selfApproval: false }],
    ['approvals: { ttl: 1h }', '', { ttlMs: 3_600_000, selfApproval: false }],
    [
      'approvals: { ttl: 1h }',
      'approvals: { ttl: 30m }',
      { ttlMs: 1_800_000, selfApproval: false },
    ],
    ['approvals: { ttl: 1m }', 'approvals: { ttl: 30m }', { ttlMs: 60_000, selfApproval: false }],
    ['approvals: { selfApproval: true }', '', { ttlMs: 900_000, selfApproval: true }],
    [
      'approvals: { selfApproval: true }',
      'approvals: { selfApproval: false }',
      { ttlMs: 900_000, selfApproval: false },
    ],
    [
      'approvals: { selfApproval: true }',
      'approvals: { selfApproval: true }',
      { ttlMs: 900_000, selfApproval: true },
    ],
    ['approvals: { maxPending: 5 }', '', { ttlMs: 900_000, selfApproval: false, maxPending: 5 }],
    [
      'approvals: { maxPending: 5 }',
      'approvals: { maxPending: 2 }',
      { ttlMs: 900_000, selfApproval: false, maxPending: 2 },
    ],
  ])('of `%s` and, in a parent that only defines, `%s`', (own, inherited, expected) => {
    expect(compiled(`rules: []\n${own}`, plain(inherited)).approvals).toStrictEqual(expected)
    expect(compiled(`rules: []\n${inherited}`, plain(own)).approvals).toStrictEqual(expected)
  })

  test.each<[string, string, object]>([
    // a parent that decides has a say with its defaults
    ['approvals: { ttl: 1h }', '', { ttlMs: 900_000, selfApproval: false }],
    ['approvals: { ttl: 1h }', 'approvals: { ttl: 2h }', { ttlMs: 3_600_000, selfApproval: false }],
    ['approvals: { selfApproval: true }', '', { ttlMs: 900_000, selfApproval: false }],
    [
      'approvals: { selfApproval: true }',
      'approvals: { selfApproval: true }',
      { ttlMs: 900_000, selfApproval: true },
    ],
    ['approvals: { maxPending: 5 }', '', { ttlMs: 900_000, selfApproval: false, maxPending: 5 }],
    [
      'approvals: { maxPending: 5 }',
      'approvals: { maxPending: 2 }',
      { ttlMs: 900_000, selfApproval: false, maxPending: 2 },
    ],
    [
      'approvals: { maxPending: 2 }',
      'approvals: { maxPending: 5 }',
      { ttlMs: 900_000, selfApproval: false, maxPending: 2 },
    ],
  ])('of `%s` and, in a parent that decides, `%s`', (own, inherited, expected) => {
    const parent = plain(`rules: []\n${inherited}`)
    expect(compiled(`rules: []\n${own}`, parent).approvals).toStrictEqual(expected)
  })
})

describe('who may call', () => {
  const identity = `identity:
  jwt:
    - { issuer: a, audience: [x], algorithms: [ES256], jwksFile: ./keys.json }
    - { issuer: b, audience: [x], algorithms: [ES256], jwksFile: /etc/keys.json }
    - { issuer: c, audience: [x], algorithms: [HS256], secretEnv: SECRET }`

  const filesFrom = (file: string, parent: string): readonly (string | undefined)[] =>
    identityOf(fileAt(file, 'rules: []', fileAt(parent, identity))).jwt.map(
      ({ jwksFile }) => jwksFile,
    )

  test.each([
    ['p.yaml', 'org.yaml', './keys.json'],
    ['p.yaml', 'base/org.yaml', 'base/./keys.json'],
    ['/srv/p.yaml', '/srv/base/org.yaml', 'base/./keys.json'],
    ['/srv/p.yaml', '/srv/org.yaml', './keys.json'],
    ['/srv/deep/er/p.yaml', '/srv/deep/er/a/b/org.yaml', 'a/b/./keys.json'],
  ])('under %s, in %s, names key files from the child on: %s', (file, parent, name) => {
    expect(filesFrom(file, parent)).toEqual([name, '/etc/keys.json', undefined])
  })

  test('of one file is as it is written, and has no more than that', () => {
    const file = plain(`rules: []\n${identity}`)
    expect(identityOf(file)).toEqual(file.identity)
    const { jwt } = identityOf(plain('rules: []', plain(identity)))
    expect(Object.keys(jwt[2]!)).not.toContain('jwksFile')
    expect(jwt[2]).toMatchObject({ issuer: 'c', secretEnv: 'SECRET' })
    expect(identityOf(plain('rules: []', plain('roles: {}')))).toMatchObject({
      anonymous: 'deny',
      jwt: [],
    })
  })
})

test.each([
  [[], 'full'],
  [['full'], 'full'],
  [['redacted'], 'redacted'],
  [['hash'], 'hash'],
  [['full', 'redacted'], 'redacted'],
  [['redacted', 'hash', 'full'], 'hash'],
])('of %j in several files, the most closed is kept in records: %s', (words, kept) => {
  const parents = words.map((word) => plain(`audit: { args: ${word} }`))
  expect(compiled('rules: []', ...parents).auditArguments).toBe(kept)
})

const section = (tools: object): string => `tools: ${JSON.stringify(tools)}`

describe('tools of several files', () => {
  const t = { kind: 'read', args: { a: { steers: true } } }

  test('are one catalogue, merged by name', () => {
    const one = plain(section({ t, u: { kind: 'read', timeout: '5s' } }))
    const two = plain(section({ t: { kind: 'read', args: { b: { carries: true } } } }))
    const policy = compiled('rules: []', one, two)
    expect(policy.factsOf('t')).toEqual({
      kind: 'read',
      args: { a: { steers: true }, b: { carries: true } },
    })
    expect([policy.hasTool('u'), policy.hasTool('v')]).toEqual([true, false])
    expect([policy.timeoutOf('u'), policy.timeoutOf('t')]).toEqual([5_000, undefined])
  })

  test('are those of the only file that has some', () => {
    const policy = compiled('rules: []', plain(section({ t })), plain('roles: { user: {} }'))
    expect(policy.factsOf('t')).toEqual(t)
    expect(compiled('rules: []', plain('roles: { user: {} }')).hasTool('any')).toBe(true)
  })
})

describe('a policy and a parent with rules', () => {
  const parent = `mode: shadow
rules: [{ id: b, allow: ['t*'] }]
limits: [{ id: m, tools: ['t*'], per: session, max: 1 }]`
  const own = `rules: [{ id: a, allow: [t, u] }, { id: c, deny: [t], args: { x: { const: 1 } } }]
limits: [{ id: n, tools: [t], per: session, max: 1 }, { id: l, tools: [t], per: session, max: 1 }]`
  const tools: readonly PolicyTool[] = [{ name: 't' }, { name: 'tt' }, { name: 'u' }]
  const policyOf = (text: string, above = parent): Policy =>
    compilePolicy(plain(text, plain(above)), { tools })

  test('decide together, and count together', () => {
    const policy = policyOf(own)
    const outcome = (tool: string, args = {}): string => {
      const { effect, rule } = decideOn(policy, args, { tool })
      return `${effect} by ${rule}`
    }
    expect([outcome('t'), outcome('t', { x: 1 }), outcome('u'), outcome('tt')]).toEqual([
      'allow by a',
      'deny by c',
      'deny by default',
      'deny by default',
    ])
    expect(policy.layers).toHaveLength(2)
    expect(policy.limits.map(({ id }) => id)).toEqual(['l', 'm', 'n'])
    expect(decideOn(policy, {}).policy).toEqual({ name: 't', digest: policy.digest })
    expect(Object.isFrozen(policy)).toBe(true)
    expect(policy.layers.every((layer) => Object.isFrozen(layer))).toBe(true)
  })

  test('are in shadow mode only where both are', () => {
    expect(policyOf(own).mode).toBe('enforce')
    expect(policyOf(`mode: shadow\n${own}`).mode).toBe('shadow')
    expect(policyOf(`mode: shadow\n${own}`, parent.replace('shadow', 'enforce')).mode).toBe(
      'enforce',
    )
  })

  test('know a tool only where both do', () => {
    const list = 'tools: { t: { kind: read }, u: { kind: read } }'
    const policy = compilePolicy(
      plain(`${list}\nrules: []`, plain('rules: []\ntools: { t: { kind: read } }')),
    )
    expect(['t', 'u', 'v'].map((tool) => policy.hasTool(tool))).toEqual([true, false, false])
    // what one file knows of a tool holds in all of them
    expect(policy.layers[1]!.factsOf('u')).toEqual({ kind: 'read' })
  })

  test('are both held against the tools', () => {
    const found = findings(() =>
      compilePolicy(
        plain('rules: [{ id: a, allow: [z] }]', plain("rules: [{ id: b, allow: ['y*'] }]")),
        { tools },
      ),
    )
    expect(linesOf(found)).toEqual([
      '4:26-27 unknown-tool: there is no tool `z`',
      'help: did you mean `t`?',
      'try: t',
      '3:26-30 no-match: `y*` matches no tool',
      'help: known are `t`, `tt`, `u`',
    ])
  })
})

test('a policy tells what it was made of', () => {
  const tools: readonly PolicyTool[] = [
    { name: 't', requires: { scopes: ['s'] }, facts: { kind: 'write' } },
    { name: 'u', pin: 'sha256-new' },
  ]
  const file = plain(`mode: shadow
roles: { user: {}, lead: { inherits: [user] } }
tools: { u: { kind: read, pin: 'sha256-${'A'.repeat(43)}=' } }
rules: [{ id: a, allow: [t, u] }]
tests: [{ name: n, call: { tool: t }, expect: deny }]`)
  const policy = compilePolicy(file, { tools })
  expect(policy).toMatchObject({
    name: 't',
    mode: 'shadow',
    file: 'p',
    digest: file.digest,
    roles: ['user', 'lead'],
    limits: [],
    tests: [{ name: 'n' }],
    warnings: [],
  })
  expect(policy.document).toBe(file)
  expect(policy.layers).toEqual([policy])
  expect(policy.factsOf('t')).toEqual({ kind: 'write' })
  expect(Object.isFrozen(policy.identity)).toBe(true)
  expect(decideOn(policy, {}, { tool: 't' }).rule).toBe('tool.requires')
  expect(decideOn(policy, {}, { tool: 't', principal: { ...user, scopes: ['s'] } }).rule).toBe('a')
  expect(decideOn(policy, {}, { tool: 'u' }).rule).toBe('tool_changed')
  expect([policy.hasTool('t'), policy.hasTool('u'), policy.hasTool('v')]).toEqual([
    true,
    true,
    false,
  ])
})
