import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readPolicy } from '../../../src/policy/read.ts'
import { findings } from './build.ts'

const schema = JSON.parse(
  readFileSync(new URL('../../../src/policy/policy.schema.json', import.meta.url), 'utf8'),
) as object
const validate = new Ajv2020({
  strict: true,
  allowUnionTypes: true,
  strictRequired: false,
}).compile(schema)

const folder = new URL('../../../policies/', import.meta.url)

test.each(readdirSync(folder).filter((name) => name.endsWith('.yaml')))(
  'schema and reader accept policies/%s',
  (name) => {
    const text = readFileSync(new URL(name, folder), 'utf8')
    expect(findings(() => readPolicy(text, { file: name }))).toEqual([])
    expect(validate(parse(text)) ? [] : validate.errors).toEqual([])
  },
)

const base = { sallyport: 1, name: 't', rules: [] }
const rule = (fields: object): object => ({
  ...base,
  rules: [{ id: 'a', allow: ['t'], ...fields }],
})
const ask = (fields: object): object => ({ ...base, rules: [{ id: 'a', ask: ['t'], ...fields }] })
const argument = (fields: unknown, name = 'x'): object => rule({ args: { [name]: fields } })
const issuer = (fields: object): object => ({
  ...base,
  identity: { jwt: [{ issuer: 'i', audience: ['a'], algorithms: ['ES256'], ...fields }] },
})
const apiKey = (fields: object): object => ({
  ...base,
  identity: { apiKeys: [{ id: 'k', hash: `sha256:${'0'.repeat(64)}`, ...fields }] },
})
const limit = (fields: object): object => ({
  ...base,
  limits: [{ id: 'l', tools: ['t'], per: 'session', max: 1, ...fields }],
})
const sequence = (fields: object): object => ({
  ...base,
  sequences: [{ id: 's', then: { tools: ['t'], do: 'deny' }, ...fields }],
})
const guard = (kind: string, fields: object): object => ({
  ...base,
  guards: { [kind]: [{ tools: ['t'], ...fields }] },
})
const paths = (fields: object): object => guard('paths', { arg: '/path', root: '.', ...fields })
const network = (fields: object): object =>
  guard('network', { arg: '/url', hosts: ['a.example'], ...fields })
const commands = (fields: object): object =>
  guard('commands', { arg: '/argv', programs: { git: fields } })
const danger = (fields: object): object => guard('danger', { packs: ['html'], ...fields })
const testCase = (fields: object): object => ({
  ...base,
  tests: [{ name: 'n', call: { tool: 't' }, expect: 'deny', ...fields }],
})

const output = (fields: object): object => ({ ...base, output: [{ tools: ['t'], ...fields }] })

const good: readonly object[] = [
  base,
  { ...base, audit: {} },
  { ...base, audit: { args: 'hash', onFailure: 'deny' } },
  { ...base, vars: { workspace: '/home/dev' }, output: [] },
  output({}),
  output({ maxSize: '256B', strip: ['ansi', 'bidi', 'tags', 'zero-width', 'control'] }),
  output({ maxSize: '16MiB', redact: [{ what: 'card', keep: 4 }, { matches: 'a+' }] }),
  output({ maxSize: '16384KiB' }),
  {
    ...base,
    $schema: './x.json',
    description: 'd',
    mode: 'shadow',
    roles: {},
    limits: [],
    tests: [],
  },
  { ...base, roles: { a: { inherits: [], scopes: [] }, b: { inherits: ['a'], scopes: ['x:y'] } } },
  { ...base, tools: { 'server.tool': { kind: 'exec' } } },
  { ...base, flow: {} },
  {
    ...base,
    flow: {
      trusted: ['user'],
      untrustedSteering: 'ask',
      untrustedLinks: 'allow',
      secretsOut: 'deny',
      secretFrom: 'internal',
      afterUntrusted: [{ tools: ['t'], then: 'deny' }],
    },
  },
  {
    ...base,
    tools: {
      a: {
        kind: 'read',
        sink: 'public',
        output: { trust: 'trusted', secrecy: 'secret', endorse: 'enum' },
        fields: { '/*/a~1b': { endorse: 'date' } },
        args: {
          x: { steers: true, carries: false, is: 'iban' },
          y: { idsFrom: ['a'], fromNamed: ['**'], known: ['k'] },
        },
      },
    },
  },
  { ...base, approvals: { ttl: '15m', selfApproval: true, onTimeout: 'deny', maxPending: 3 } },
  { ...base, extends: ['./a.yaml', './b/c-1.json'] },
  { ...base, vars: { workspace: '/srv/a b' } },
  { ...base, tools: { t: { kind: 'read', timeout: '5s' } } },
  { ...base, identity: {} },
  { ...base, identity: { anonymous: 'deny', apiKeys: [] } },
  { ...base, roles: { r: {} }, identity: { anonymous: 'role', anonymousRole: 'r' } },
  issuer({ jwks: 'https://a.example/k' }),
  issuer({ jwks: 'http://localhost:1/k' }),
  issuer({ jwksFile: './k.json', typ: 'at+jwt', clockSkew: '30s', maxAge: '1h', require: [] }),
  issuer({ jwksFile: 'k', proof: 'none' }),
  issuer({ jwksFile: 'k', proof: 'dpop' }),
  issuer({ jwksFile: 'k', proof: 'mtls' }),
  issuer({ secretEnv: 'S', algorithms: ['HS256'], claims: { agent: '/act/sub', tenant: '/a~1b' } }),
  apiKey({}),
  apiKey({ subject: 's', roles: [], scopes: ['a'], tenant: 't', expires: '2027-01-31' }),
  rule({}),
  rule({ allow: ['a.*', '**', 'x_*y'] }),
  rule({ who: { scopes: ['a'], tenants: ['t'], agents: ['g'], issuers: ['i'] } }),
  rule({ notWho: { tenants: ['t'] }, onlyArgs: [], reason: 'r' }),
  rule({ from: '2027-01-01T00:00:00Z', until: '2027-02-01t00:00:01.5+02:00' }),
  ask({ approvers: {} }),
  ask({ approvers: { count: 5 } }),
  argument({ optional: true }),
  argument({ type: 'integer', const: null, enum: [1, 'a', {}] }),
  argument({
    minimum: -1,
    maximum: 1.5,
    exclusiveMinimum: -2,
    exclusiveMaximum: 3,
    multipleOf: 0.01,
  }),
  argument({ minLength: 0, maxLength: 1, minItems: 0, maxItems: 1 }),
  argument({ items: { const: 1 }, anyItem: { not: { anyOf: [{ type: 'null' }] } } }),
  argument({ startsWith: ['a'], matches: 'a+', containsMatch: 'b', contains: 'c' }),
  argument({ domain: ['a.example', '*.b.example'], equals: { principal: 'tenant' } }),
  argument({ const: 1 }, '/a/0/b~1c'),
  argument({ items: { from: ['user', 'system', 'trusted', 'policy'] } }),
  { ...base, guards: {} },
  paths({}),
  paths({ deny: ['.git/**'], readOnly: ['*.json'], symlinks: 'inside' }),
  network({ hosts: ['*.b.example', '**'], schemes: ['http'], ports: [80], methods: ['GET'] }),
  network({ privateNetworks: 'deny', redirects: 'deny' }),
  commands({}),
  commands({ subcommands: ['status'], flags: ['--short'], maxArgs: 3 }),
  danger({}),
  danger({ packs: ['secrets', 'invisible'], do: 'ask' }),
  limit({}),
  limit({ count: 'denials' }),
  limit({ count: 'cost', max: 0.5 }),
  limit({ sum: '/amount', max: 99.5 }),
  sequence({ after: ['t'] }),
  sequence({ unless: ['t', 'u.*'], sameArg: 'path', reason: 'r' }),
  limit({ window: '1h', over: 'ask', who: { scopes: ['a'] }, per: 'global' }),
  testCase({}),
  testCase({ as: {}, prompt: '', given: [], by: 'x' }),
  testCase({
    as: {
      subject: 's',
      issuer: 'i',
      roles: [],
      scopes: [],
      tenant: 't',
      agent: 'g',
      claims: { a: 1 },
    },
    given: [
      { tool: 't', args: {}, result: null, refused: false },
      { tool: 't', refused: true, times: 100 },
    ],
    call: { tool: 't', args: { a: [1] } },
  }),
]

const bad: readonly unknown[] = [
  { ...base, audit: { args: 'none' } },
  { ...base, audit: { onFailure: 'allow' } },
  { ...base, audit: { what: 'hash' } },
  null,
  { ...base, vars: { workspace: 5 } },
  { ...base, vars: { workspace: 'a\u202eb' } },
  output({ maxSize: '255B' }),
  output({ maxSize: '17MiB' }),
  output({ maxSize: '16385KiB' }),
  output({ maxSize: 64 }),
  output({ strip: [] }),
  output({ strip: ['html'] }),
  output({ redact: [{}] }),
  output({ redact: [{ what: 'card', matches: 'a' }] }),
  output({ redact: [{ what: 'card', keep: 9 }] }),
  output({ redact: [{ what: 'name' }] }),
  [],
  'text',
  {},
  { ...base, sallyport: 2 },
  rule({ id: 'default' }),
  rule({ id: 'tool.requires' }),
  rule({ id: 'limits.x' }),
  rule({ id: 'sequences.x' }),
  { ...base, sallyport: '1' },
  { ...base, name: 'Bad' },
  { ...base, name: '' },
  { ...base, mode: 'off' },
  { ...base, rules: {} },
  { ...base, rulez: [] },
  { ...base, flow: { untrustedSteering: 'allow' } },
  { ...base, flow: { secretFrom: 'public' } },
  { ...base, flow: { trusted: ['assistant'] } },
  { ...base, flow: { afterUntrusted: [{ tools: ['t'] }] } },
  { ...base, vars: { 'a b': 'c' } },
  { ...base, vars: { a: 1 } },
  { ...base, vars: { a: '' } },
  { ...base, tools: { t: { kind: 'read', timeout: 5 } } },
  { ...base, tools: { t: { kind: 'read', timeout: '0s' } } },
  { ...base, extends: [] },
  { ...base, extends: './a.yaml' },
  { ...base, extends: ['a.yaml'] },
  { ...base, extends: ['/etc/a.yaml'] },
  { ...base, extends: ['../a.yaml'] },
  { ...base, extends: ['./a/../../b.yaml'] },
  { ...base, extends: ['./../b.yaml'] },
  { ...base, extends: ['./././b.yaml'] },
  { ...base, extends: ['https://a.example/p.yaml'] },
  { ...base, extends: ['./a.txt'] },
  { ...base, extends: Array.from({ length: 9 }, () => './a.yaml') },
  { ...base, description: 'a\u202eb' },
  { ...base, roles: { 'a b': {} } },
  { ...base, roles: { a: null } },
  { ...base, roles: { a: { inherits: 'b' } } },
  { ...base, tools: {} },
  { ...base, tools: { a: {} } },
  { ...base, tools: { a: { kind: 'run' } } },
  { ...base, tools: { a: { kind: 'read', sink: 'far' } } },
  { ...base, tools: { a: { kind: 'read', output: { trust: 'some' } } } },
  { ...base, tools: { a: { kind: 'read', fields: { 'no-pointer': {} } } } },
  { ...base, tools: { a: { kind: 'read', args: { x: { steer: true } } } } },
  { ...base, tools: { a: { kind: 'read', args: { x: { known: [] } } } } },
  { ...base, approvals: { ttl: '0s' } },
  { ...base, approvals: { ttl: 15 } },
  { ...base, approvals: { maxPending: 0 } },
  { ...base, approvals: { maxPending: 1.5 } },
  { ...base, approvals: { onTimeout: 'allow' } },
  { ...base, identity: { anonymous: 'role' } },
  { ...base, identity: { anonymousRole: 'r' } },
  { ...base, identity: { anonymous: 'allow' } },
  { ...base, identity: { jwt: [] } },
  issuer({}),
  issuer({ jwks: 'https://a.example', jwksFile: 'k' }),
  issuer({ jwks: 'http://a.example' }),
  issuer({ jwks: 'http://localhost.evil.example' }),
  issuer({ jwksFile: 'k', algorithms: ['none'] }),
  issuer({ jwksFile: 'k', audience: [] }),
  issuer({ jwksFile: 'k', claims: { subject: 'sub' } }),
  issuer({ jwksFile: 'k', claims: { other: '/x' } }),
  issuer({ jwksFile: 'k', proof: 'tls' }),
  issuer({ jwksFile: 'k', proof: null }),
  issuer({ jwksFile: 'k', clockSkew: '1 s' }),
  issuer({ secretEnv: 'lower', algorithms: ['HS256'] }),
  apiKey({ hash: 'sha256:abc' }),
  apiKey({ hash: `hmac-sha256:${'0'.repeat(64)}` }),
  apiKey({ expires: '31.1.2027' }),
  apiKey({ role: [] }),
  rule({ deny: ['t'] }),
  rule({ allow: [] }),
  rule({ allow: 't' }),
  rule({ allow: ['{a,b}'] }),
  rule({ allow: ['***'] }),
  rule({ id: 'ä' }),
  rule({ id: 5 }),
  rule({ except: ['a'] }),
  ask({ onlyArgs: [] }),
  rule({ approvers: {} }),
  ask({ approvers: { count: 0 } }),
  ask({ approvers: { count: 6 } }),
  rule({ who: {} }),
  rule({ who: { roles: [] } }),
  rule({ who: { role: ['a'] } }),
  rule({ args: {} }),
  rule({ reason: '' }),
  rule({ reason: 'x'.repeat(201) }),
  rule({ shadow: 1 }),
  rule({ from: '2027-01-01' }),
  rule({ from: '2027-13-01T00:00:00Z' }),
  rule({ priority: 1 }),
  argument({}),
  argument(null),
  argument({ type: 'text' }),
  argument({ enum: [] }),
  argument({ minimum: '1' }),
  argument({ multipleOf: 0 }),
  argument({ minLength: -1 }),
  argument({ maxItems: 1.5 }),
  argument({ items: {} }),
  argument({ anyOf: [] }),
  argument({ not: { optional: true } }),
  argument({ startsWith: [] }),
  argument({ matches: 5 }),
  argument({ pattern: 'a' }),
  argument({ contains: '' }),
  argument({ domain: ['localhost'] }),
  argument({ domain: ['A.example'] }),
  argument({ equals: { principal: 'roles' } }),
  argument({ equals: 'tenant' }),
  argument({ from: ['tool'] }),
  argument({ from: [] }),
  argument({ optional: 'yes' }),
  argument({ const: 1 }, '/a~b'),
  argument({ const: 1 }, ''),
  { ...base, guards: { files: [] } },
  paths({ arg: 'path' }),
  paths({ root: '' }),
  paths({ symlinks: 'follow' }),
  network({ hosts: [] }),
  network({ hosts: ['A.example'] }),
  network({ hosts: ['localhost'] }),
  network({ ports: [0] }),
  network({ privateNetworks: 'allow' }),
  commands({ flag: [] }),
  commands({ maxArgs: -1 }),
  guard('commands', { arg: '/argv', programs: {} }),
  guard('commands', { arg: '/argv', programs: { 'git status': {} } }),
  danger({ packs: [] }),
  danger({ packs: ['virus'] }),
  danger({ do: 'allow' }),
  limit({ per: 'user' }),
  limit({ max: 0 }),
  limit({ max: 1.5 }),
  limit({ over: 'allow' }),
  limit({ window: 60 }),
  limit({ count: 'turns' }),
  limit({ count: 'calls', sum: '/amount' }),
  limit({ count: 'denials', max: 1.5 }),
  limit({ sum: 'amount' }),
  sequence({ after: ['t'], unless: ['t'] }),
  sequence({}),
  sequence({ after: ['t'], then: { tools: ['t'], do: 'allow' } }),
  testCase({ expect: 'refuse' }),
  testCase({ call: {} }),
  testCase({ as: { role: 'x' } }),
  testCase({ given: [{ args: {} }] }),
  testCase({ given: [{ tool: 't', refused: 1 }] }),
  testCase({ given: [{ tool: 't', times: 0 }] }),
  testCase({ given: [{ tool: 't', times: 101 }] }),
  testCase({ given: [{ tool: 't', refused: true, result: 1 }] }),
  testCase({ call: { tool: 't', args: [] } }),
]

/** As if every file it extends were there. */
function readWithParents(text: string, document: object): void {
  const { extends: names = [] } = document as { readonly extends?: readonly string[] }
  const parents = names.map((file) => readPolicy(JSON.stringify(base), { file }))
  readPolicy(text, { file: 'p', parents })
}

test.each([
  ['roles alone', { roles: { a: {} }, identity: { anonymous: 'role', anonymousRole: 'a' } }],
  ['tools and approvals', { tools: { a: { kind: 'read' } }, approvals: { ttl: '1m' } }],
])('schema and reader accept a parent of %s', (_, fields) => {
  const document = { sallyport: 1, name: 't', ...fields }
  const text = JSON.stringify(document)
  expect(findings(() => readPolicy(text, { file: 'p', asParent: true }))).toEqual([])
  expect(validate(document) ? [] : validate.errors).toEqual([])
})

test.each([{ limits: [] }, { mode: 'enforce' }, { tests: [] }])(
  'schema and reader refuse a parent without rules that has %j',
  (fields) => {
    const document = { sallyport: 1, name: 't', ...fields }
    const text = JSON.stringify(document)
    const found = findings(() => readPolicy(text, { file: 'p', asParent: true }))
    expect(found.map(({ code }) => code)).toEqual(['not-evaluated'])
    expect(validate(document)).toBe(false)
  },
)

test.each(good.map((document) => [JSON.stringify(document), document]))(
  'schema and reader accept %s',
  (text, document) => {
    expect(findings(() => readWithParents(text as string, document))).toEqual([])
    expect(validate(document) ? [] : validate.errors).toEqual([])
  },
)

test.each(bad.map((document) => [JSON.stringify(document), document]))(
  'schema and reader refuse %s',
  (text, document) => {
    expect(findings(() => readPolicy(text as string, { file: 'p' }))).not.toEqual([])
    expect(validate(document)).toBe(false)
  },
)
