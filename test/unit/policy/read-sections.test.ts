import { expect, test } from 'vitest'
import { readPolicy } from '../../../src/policy/read.ts'
import type { PolicyFile } from '../../../src/policy/document.ts'

const head = 'sallyport: 1\nname: t\nrules: []\n'
const read = (text: string): PolicyFile => readPolicy(head + text, { file: 'p' })

test.each([
  ['256B', 256],
  ['999999B', 999_999],
  ['1KiB', 1024],
  ['16384KiB', 16_777_216],
  ['16MiB', 16_777_216],
])('`maxSize: %s` is %i bytes', (written, bytes) => {
  expect(read(`output: [{ tools: [t], maxSize: ${written} }]`).output[0]!.maxBytes).toBe(bytes)
})

const named = (text: string): unknown => expect.objectContaining({ text })

test('rules of output read as they are written', () => {
  const { output } = read(`output:
  - { tools: [t] }
  - { tools: ['a.*'], strip: [ansi, bidi, tags, zero-width, control], redact: [{ what: card, keep: 4 }, { what: secrets }, { matches: 'a+', keep: 8 }, { matches: b }] }
`)
  const at = expect.objectContaining({ start: expect.any(Number), end: expect.any(Number) })
  expect(output).toStrictEqual([
    { tools: [named('t')], strip: [], redact: [], at },
    {
      tools: [named('a.*')],
      strip: ['ansi', 'bidi', 'tags', 'zero-width', 'control'],
      redact: [
        { what: 'card', keep: 4 },
        { what: 'secrets', keep: 0 },
        { matches: expect.anything(), keep: 8 },
        { matches: expect.anything(), keep: 0 },
      ],
      at,
    },
  ])
})

test('cases inside of a policy read as they are written', () => {
  const at = expect.anything()
  const { tests } = read(`tests:
  - { name: '', call: { tool: '' }, expect: deny }
  - name: all
    as: { subject: s, issuer: i, roles: [r], scopes: [], tenant: t, agent: g, claims: { a: [1] } }
    prompt: Do it.
    given:
      - { tool: t, args: {}, result: null, refused: false, times: 100 }
      - { tool: u, refused: true, times: 1 }
      - { tool: v, result: [{ a: 1 }] }
    call: { tool: t, args: { a: { b: null } } }
    expect: allow
    by: rule
  - { name: nobody, as: {}, call: { tool: t }, expect: ask }
`)
  expect(tests).toStrictEqual([
    { name: '', call: { tool: '' }, expect: 'deny', given: [], at },
    {
      name: 'all',
      as: {
        subject: 's',
        issuer: 'i',
        roles: ['r'],
        scopes: [],
        tenant: 't',
        agent: 'g',
        claims: { a: [1] },
      },
      prompt: 'Do it.',
      given: [
        { tool: 't', args: {}, result: null, refused: false, times: 100 },
        { tool: 'u', refused: true, times: 1 },
        { tool: 'v', result: [{ a: 1 }] },
      ],
      call: { tool: 't', args: { a: { b: null } } },
      expect: 'allow',
      by: 'rule',
      at,
    },
    { name: 'nobody', as: {}, call: { tool: 't' }, expect: 'ask', given: [], at },
  ])
})

test('what a file says about itself, its roles, variables, records and approvals is kept', () => {
  const text = `$schema: ./policy.json
description: All of it.
mode: shadow
vars: { root: /srv/a b }
roles: { a: {}, b: { inherits: [a], scopes: [] }, c: { scopes: [x:y] } }
approvals: { ttl: 2m, selfApproval: false, onTimeout: deny, maxPending: 1 }
audit: { args: redacted, onFailure: deny }
`
  const name = (word: string): object => {
    const start = (head + text).indexOf(`${word}:`, head.length)
    return { text: word, start, end: start + word.length }
  }
  const roleAt = (head + text).indexOf('roles: {')
  const a = { text: 'a', start: roleAt + 9, end: roleAt + 10 }
  const inherited = (head + text).indexOf('[a]') + 1
  expect(read(text)).toMatchObject({
    description: 'All of it.',
    mode: 'shadow',
    variables: [{ name: name('root'), value: '/srv/a b' }],
    approvals: { ttlMs: 120_000, selfApproval: false, maxPending: 1 },
    auditArguments: 'redacted',
  })
  expect(read(text).roles).toStrictEqual([
    { name: a, inherits: [] },
    {
      name: { text: 'b', start: roleAt + 16, end: roleAt + 17 },
      inherits: [{ text: 'a', start: inherited, end: inherited + 1 }],
      scopes: [],
    },
    { name: expect.objectContaining({ text: 'c' }), inherits: [], scopes: ['x:y'] },
  ])
  expect(read('approvals: {}').approvals).toStrictEqual({})
  expect(read('approvals: { selfApproval: true }').approvals).toStrictEqual({ selfApproval: true })
})

const hash = `sha256:${'0a'.repeat(32)}`

test('callers who may come with keys, or without, read as they are written', () => {
  const text = `roles: { guest: {}, bot: {} }
identity:
  anonymous: role
  anonymousRole: guest
  apiKeys:
    - { id: ci, hash: '${hash}' }
    - { id: full, hash: '${hash.replace('0', '1')}', subject: s, roles: [bot], scopes: [x:y], tenant: acme, expires: 2028-02-29 }
`
  const policy = read(text)
  expect(policy.identity).toStrictEqual({
    anonymous: 'role',
    anonymousRole: 'guest',
    jwt: [],
    apiKeys: [
      { id: 'ci', hash, roles: [], scopes: [] },
      {
        id: 'full',
        hash: hash.replace('0', '1'),
        subject: 's',
        roles: ['bot'],
        scopes: ['x:y'],
        tenant: 'acme',
        expires: '2028-02-29',
      },
    ],
  })
  const start = (head + text).indexOf('identity')
  expect(policy.identityAt).toStrictEqual({ start, end: start + 'identity'.length })
  expect(read('identity: {}').identity).toStrictEqual({ anonymous: 'deny', jwt: [], apiKeys: [] })
})

const issuer = (keys: string): unknown =>
  read(`roles: { a: {} }\nidentity: { jwt: [{ issuer: i, audience: [a, b], ${keys} }] }`).identity
    .jwt[0]

test('an issuer may have any of its keys, and signatures of one kind', () => {
  const rest = {
    issuer: 'i',
    audience: ['a', 'b'],
    clockSkewMs: 0,
    require: ['exp', 'iat', 'sub'],
    claims: { subject: '/sub', scopes: '/scope', roles: '/roles' },
    roleMap: {},
  }
  const open = 'ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512, EdDSA'
  expect(issuer(`algorithms: [${open}], jwksFile: k.json`)).toStrictEqual({
    ...rest,
    algorithms: open.split(', '),
    jwksFile: 'k.json',
  })
  expect(issuer('algorithms: [HS256, HS384, HS512], secretEnv: A_1')).toStrictEqual({
    ...rest,
    algorithms: ['HS256', 'HS384', 'HS512'],
    secretEnv: 'A_1',
  })
  expect(
    issuer(
      'algorithms: [ES256], jwksFile: k, require: [], proof: mtls, claims: { subject: /a, scopes: /b, roles: /c, tenant: /d, agent: /e~1 }, roleMap: { "x y": a }',
    ),
  ).toStrictEqual({
    ...rest,
    algorithms: ['ES256'],
    jwksFile: 'k',
    require: [],
    proof: 'mtls',
    claims: { subject: '/a', scopes: '/b', roles: '/c', tenant: '/d', agent: '/e~1' },
    roleMap: { 'x y': 'a' },
  })
})

test.each([
  ['2027-01-01T00:00:00Z', Date.UTC(2027, 0, 1)],
  ['2028-02-29t23:59:59z', Date.UTC(2028, 1, 29, 23, 59, 59)],
  ['2027-10-10T10:10:10.123456789Z', Date.UTC(2027, 9, 10, 10, 10, 10, 123)],
  ['2027-12-31T00:00:00.5+23:59', Date.UTC(2027, 11, 30, 0, 1, 0, 500)],
  ['2027-11-30T20:00:00-09:30', Date.UTC(2027, 11, 1, 5, 30)],
  ['2027-08-19T19:30:00-20:00', Date.UTC(2027, 7, 20, 15, 30)],
  ['2027-07-20T09:05:06+12:00', Date.UTC(2027, 6, 19, 21, 5, 6)],
])('the time %s is known', (written, milliseconds) => {
  const text = `sallyport: 1\nname: t\nrules: [{ id: a, deny: [t], until: '${written}' }]\n`
  expect(readPolicy(text, { file: 'p' }).rules[0]!.until).toBe(milliseconds)
})

test.each([
  'sequences: []',
  'output: []',
  'limits: []',
  'tests: []',
  'roles: {}',
  'roles: { a: { inherits: [], scopes: [] } }',
  'vars: {}',
  'approvals: {}',
  'audit: {}',
  'guards: {}',
  'identity: { apiKeys: [] }',
  'identity: { apiKeys: [{ id: k, hash: "sha256:0000000000000000000000000000000000000000000000000000000000000000", roles: [], scopes: [] }] }',
  'flow: { trusted: [], afterUntrusted: [] }',
  'tests: [{ name: n, as: { roles: [], scopes: [] }, given: [], call: { tool: t }, expect: deny }]',
])('nothing is wrong with `%s`, which says nothing', (written) => {
  expect(read(written).warnings).toEqual([])
})
