import { expect, test } from 'vitest'
import { formatDiagnostic } from '../../../src/policy/diagnostic.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { findings, placed } from './build.ts'

const head = 'sallyport: 1\nname: t\n'
const found = (text: string): readonly string[] =>
  placed(findings(() => readPolicy(text, { file: 'p.yaml' })))

test('a small policy has the documented defaults', () => {
  const policy = readPolicy(`${head}rules: []\n`, { file: 'p.yaml' })
  expect(policy).toMatchObject({
    name: 't',
    mode: 'enforce',
    identity: { anonymous: 'deny', jwt: [], apiKeys: [] },
    roles: [],
    tools: undefined,
    rules: [],
    limits: [],
    approvals: {},
    auditArguments: undefined,
    extends: [],
    tests: [],
    warnings: [],
  })
})

test('approvals have the documented defaults', () => {
  expect(compilePolicy(readPolicy(`${head}rules: []\n`, { file: 'p.yaml' }))).toMatchObject({
    approvals: { ttlMs: 900_000, selfApproval: false },
    auditArguments: 'full',
  })
})

test('an issuer has the documented defaults', () => {
  const text = `${head}rules: []
identity:
  jwt:
    - { issuer: 'https://id.example', jwks: 'https://id.example/k', audience: [a], algorithms: [ES256] }
    - issuer: local
      secretEnv: SECRET
      audience: [a]
      algorithms: [HS256]
      typ: at+jwt
      clockSkew: 30s
      maxAge: 15m
      require: [exp, jti]
      claims: { agent: /act/sub, roles: /realm_access/roles }
      roleMap: { agents: support }
roles: { support: {} }
`
  expect(readPolicy(text, { file: 'p.yaml' }).identity.jwt).toEqual([
    {
      issuer: 'https://id.example',
      jwks: 'https://id.example/k',
      audience: ['a'],
      algorithms: ['ES256'],
      clockSkewMs: 0,
      require: ['exp', 'iat', 'sub'],
      claims: { subject: '/sub', scopes: '/scope', roles: '/roles' },
      roleMap: {},
    },
    {
      issuer: 'local',
      secretEnv: 'SECRET',
      audience: ['a'],
      algorithms: ['HS256'],
      typ: 'at+jwt',
      clockSkewMs: 30_000,
      maxAgeMs: 900_000,
      require: ['exp', 'jti'],
      claims: {
        subject: '/sub',
        scopes: '/scope',
        roles: '/realm_access/roles',
        agent: '/act/sub',
      },
      roleMap: { agents: 'support' },
    },
  ])
})

const digest = (text: string): string => readPolicy(text, { file: 'p' }).digest

test('the digest ignores tests, white space and the order of keys, and nothing else', () => {
  const plain = digest(`${head}rules: [{ id: a, allow: [x] }]\n`)
  expect(plain).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(digest('{"rules":[{"allow":["x"],"id":"a"}],"name":"t","sallyport":1}')).toBe(plain)
  const withTests = `${head}rules: [{ id: a, allow: [x] }]\ntests: [{ name: n, call: { tool: x }, expect: deny }]\n`
  expect(digest(withTests)).toBe(plain)
  expect(digest(`${head}rules: [{ id: a, allow: [y] }]\n`)).not.toBe(plain)
})

test('all errors are reported at once, with code and place', () => {
  const text = `sallyport: 2
name: Bad Name
mod: enforce
roles: { a: { inherits: [b] } }
rules:
  - { id: x, alow: [t] }
  - { id: x, allow: [t], deny: [u] }
  - { id: y, ask: [t], who: { roles: [c] }, args: { n: { maximum: ten } } }
`
  expect(found(text)).toEqual([
    'bad-value 1:12',
    'bad-value 2:7',
    'unknown-key 3:1',
    'unknown-role 4:26',
    'missing-key 6:11',
    'unknown-key 6:14',
    'missing-key 7:11',
    'unknown-role 8:39',
    'wrong-type 8:67',
  ])
})

test('the error names the first finding with its place, how many follow, and the repair', () => {
  expect(() => readPolicy(`${head}ruls: []\nmode: off\n`, { file: 'desk.yaml' })).toThrow(
    expect.objectContaining({
      code: 'bad-policy',
      message: 'desk.yaml:1:1: a policy needs the key `rules` and 2 more',
    }),
  )
})

test('a finding is shown with its line, the place underlined, and a suggestion', () => {
  const text = `${head}rules:\n  - id: a\n    alow: [x]\n`
  const diagnostics = findings(() => readPolicy(text, { file: 'p.yaml' }))
  const unknown = diagnostics.find(({ code }) => code === 'unknown-key')!
  expect(unknown.suggestion).toBe('allow')
  expect(formatDiagnostic(unknown, text)).toBe(
    [
      'error[unknown-key]: unknown key `alow` in a rule',
      '  --> p.yaml:5:5',
      '  |',
      '5 |     alow: [x]',
      '  |     ^^^^',
      '  |',
      '   = help: did you mean `allow`?',
      '   = try: `allow`',
    ].join('\n'),
  )
})

test('hostile text in a finding is shown escaped', () => {
  const text = `${head}rules: []\n"a\\e[31m\\u202Eb": 1\n`
  const [diagnostic] = findings(() => readPolicy(text, { file: 'p\u202e.yaml' }))
  const shown = formatDiagnostic(diagnostic!, text)
  expect(shown).not.toContain('\u001b')
  expect(shown).not.toContain('\u202e')
  expect(shown).toContain('\\u{202e}')
})

test('a key that stands where its hash belongs is never shown', () => {
  const key = 'sk-live-0123456789'
  const text = `${head}rules: []\nidentity:\n  apiKeys:\n    - { id: ci, hash: ${key} }\n`
  const diagnostics = findings(() => readPolicy(text, { file: 'p.yaml' }))
  expect(diagnostics).toHaveLength(1)
  expect(JSON.stringify(diagnostics)).not.toContain(key)
  expect(formatDiagnostic(diagnostics[0]!, text)).not.toContain(key)
})

test.each([
  ['a duplicate key', `${head}rules: []\nrules: []\n`, 'duplicate-key 4:1'],
  ['a merge key', `${head}rules: []\n<<: { mode: shadow }\n`, 'merge-key 4:1'],
  ['a key that reaches a prototype', `${head}rules: []\n__proto__: {}\n`, 'forbidden-key 4:1'],
  ['a custom tag', `${head}rules: !x []\n`, 'tag 3:8'],
  ['a core tag', `${head}rules: !!seq []\n`, 'tag 3:14'],
  ['a second document', `${head}rules: []\n---\na: 1\n`, 'directive 1:1'],
  ['a directive', `%YAML 1.1\n---\n${head}rules: []\n`, 'directive 1:1'],
  ['an alias outside of tests', `${head}roles: &a {}\nrules: []\ntools: *a\n`, 'alias 5:8'],
  ['an alias in an alias', `${head}rules: []\ntests: &a [*a]\n`, 'alias 4:12'],
  ['a byte order mark', `\ufeff${head}rules: []\n`, 'invisible 1:1'],
  ['a direction character in a comment', `${head}rules: [] # \u202e\n`, 'invisible 3:13'],
  ['a zero-width character', `${head}rules: []\nmo\u200bde: shadow\n`, 'invisible 4:3'],
  ['a lone surrogate', `${head}rules: [] # \ud800\n`, 'invisible 1:1'],
  ['an escaped one in a key', `${head}rules: []\n"\\ud800": 1\n`, 'bad-value 4:1'],
  [
    'an escaped direction character',
    `${head}rules: []\ndescription: "a\\u202Eb"\n`,
    'invisible 4:14',
  ],
  ['a number beyond 2^53', `${head}rules: []\nlimits: 9007199254740993\n`, 'bad-value 4:9'],
  ['infinity', `${head}rules: []\nlimits: .inf\n`, 'bad-value 4:9'],
  ['broken YAML', `${head}rules: [\n`, 'syntax 4:1'],
  ['an empty file', '', 'missing-key 1:1'],
  ['a comment only', '# nothing\n', 'missing-key 1:1'],
  ['a list', '- a\n', 'wrong-type 1:1'],
  ['YAML 1.1 booleans', `${head}rules: []\napprovals: { selfApproval: yes }\n`, 'wrong-type 4:28'],
  ['a number for a duration', `${head}rules: []\napprovals: { ttl: 010 }\n`, 'wrong-type 4:19'],
])('%s is an error', (_what, text, expected) => {
  expect(found(text)).toEqual([expected])
})

test.each([
  ['brackets', '['.repeat(200_000)],
  ['braces', '{a: '.repeat(50_000)],
  ['dashes', '- '.repeat(200_000)],
  ['question marks', '? '.repeat(200_000)],
  ['JSON', `${'['.repeat(60)}${']'.repeat(60)}`],
  ['indentation', Array.from({ length: 60 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  [
    'anyOf',
    `${head}rules: [{ id: a, allow: [t], args: { x: ${'{ anyOf: ['.repeat(50)}{ const: 1 }${'] }'.repeat(50)} } }]`,
  ],
])('nesting of %s beyond the bound is refused before it costs anything', (_what, text) => {
  const diagnostics = findings(() => readPolicy(text, { file: 'p' }))
  expect(diagnostics.map(({ code }) => code)).toContain('too-deep')
})

test('a file beyond the bound of its length is not read', () => {
  expect(found(`${head}rules: []\n#${'x'.repeat(4 * 1024 * 1024)}`)).toEqual(['too-large 1:1'])
})

const withAliases = (count: number): string =>
  `${head}rules: []\ntests:\n  - &a { name: n, call: { tool: t }, expect: deny }\n${'  - *a\n'.repeat(count)}`

test('tests may use up to 50 aliases', () => {
  expect(readPolicy(withAliases(50), { file: 'p' }).tests).toHaveLength(51)
  expect(found(withAliases(60))).toEqual(['alias 56:5'])
})

test('places are right in JSON, in flow style and behind characters of two code units', () => {
  expect(
    found('{"sallyport": 1,\n\t"name": "t", "description": "😀", "rulez": [], "rules": []}'),
  ).toEqual(['unknown-key 2:36'])
  expect(found('{ sallyport: 1, name: t, description: 😀, rulez: [], rules: [] }')).toEqual([
    'unknown-key 1:43',
  ])
})

test.each([
  ['full', 'redacted', 'redacted'],
  ['redacted', 'full', 'redacted'],
  ['full', 'hash', 'hash'],
])('of `%s` in a file and `%s` in its parent records keep %s', (own, inherited, kept) => {
  const parentText = `${head}audit: { args: ${inherited} }\n`
  const parent = readPolicy(parentText, { file: 'parent.yaml', asParent: true })
  const text = `${head}extends: [./parent.yaml]\nrules: []\naudit: { args: ${own} }\n`
  const policy = compilePolicy(readPolicy(text, { file: 'p.yaml', parents: [parent] }))
  expect(policy.auditArguments).toBe(kept)
})

test.each(['audit: { args: none }', 'audit: { onFailure: allow }', 'audit: { arguments: hash }'])(
  '`%s` is refused',
  (line) => {
    const diagnostics = findings(() => readPolicy(`${head}rules: []\n${line}\n`, { file: 'p' }))
    expect(diagnostics.map(({ code }) => code)).toHaveLength(1)
  },
)

test.each([
  ['two effects', '{ id: a, allow: [t], deny: [t] }', 'missing-key'],
  ['no effect', '{ id: a }', 'missing-key'],
  ['an empty list of tools', '{ id: a, allow: [] }', 'bad-value'],
  ['except beside allow', '{ id: a, allow: [t], except: [b] }', 'bad-value'],
  ['onlyArgs beside ask', '{ id: a, ask: [t], onlyArgs: [b] }', 'bad-value'],
  ['approvers beside deny', '{ id: a, deny: [t], approvers: { count: 1 } }', 'bad-value'],
  ['except of what is no allow rule', '{ id: a, ask: [t], except: [a] }', 'unknown-rule'],
  ['an unknown role', '{ id: a, allow: [t], who: { roles: [x] } }', 'unknown-role'],
  ['an unknown approver', '{ id: a, ask: [t], approvers: { roles: [x] } }', 'unknown-role'],
  ['an empty who', '{ id: a, allow: [t], who: {} }', 'bad-value'],
  ['an empty args', '{ id: a, allow: [t], args: {} }', 'bad-value'],
  ['an empty test', '{ id: a, allow: [t], args: { x: {} } }', 'bad-value'],
  [
    'an optional inside of a test',
    '{ id: a, allow: [t], args: { x: { not: { optional: true } } } }',
    'unknown-key',
  ],
  ['a broken pointer', '{ id: a, allow: [t], args: { /a~b: { const: 1 } } }', 'bad-value'],
  ['look-ahead', "{ id: a, allow: [t], args: { x: { matches: '(?=a)' } } }", 'bad-pattern'],
  ['a back-reference', "{ id: a, allow: [t], args: { x: { matches: '(a)\\1' } } }", 'bad-pattern'],
  ['a broken pattern', "{ id: a, allow: [t], args: { x: { containsMatch: '[' } } }", 'bad-pattern'],
  [
    'a huge pattern',
    `{ id: a, allow: [t], args: { x: { matches: '${'a'.repeat(1001)}' } } }`,
    'bad-pattern',
  ],
  [
    'a pattern of a huge program',
    "{ id: a, allow: [t], args: { x: { matches: '(.{900}){1}(.{900}){1}(\\pL{900}){1}x{900}y{900}' } } }",
    'bad-pattern',
  ],
  [
    'a domain with capitals',
    '{ id: a, allow: [t], args: { x: { domain: [Desk.example] } } }',
    'bad-value',
  ],
  ['multipleOf zero', '{ id: a, allow: [t], args: { x: { multipleOf: 0 } } }', 'bad-value'],
  [
    'a fraction of a length',
    '{ id: a, allow: [t], args: { x: { maxLength: 1.5 } } }',
    'wrong-type',
  ],
  ['a time without offset', "{ id: a, allow: [t], from: '2027-01-01T00:00:00' }", 'bad-value'],
  ['a day that does not exist', "{ id: a, allow: [t], from: '2027-02-30T00:00:00Z' }", 'bad-value'],
  [
    'a window without time',
    "{ id: a, allow: [t], from: '2027-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' }",
    'never-true',
  ],
  ['an id that is not ASCII', '{ id: ä, allow: [t] }', 'bad-value'],
  ['a reason that is too long', `{ id: a, allow: [t], reason: ${'x'.repeat(201)} }`, 'bad-value'],
  ['six approvers', '{ id: a, ask: [t], approvers: { count: 6 } }', 'bad-value'],
  ['braces in a glob', "{ id: a, allow: ['{a,b}'] }", 'bad-value'],
])('%s is an error', (_what, rule, code) => {
  const diagnostics = findings(() => readPolicy(`${head}rules: [${rule}]\n`, { file: 'p' }))
  expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code])
})

test.each([
  ["'(?!a)b'", 'look-around'],
  ["'(a)\\1'", 'back-references'],
  ["'a{1001}'", '1000'],
])('a pattern %s that RE2 does not have is refused with a hint', (pattern, hint) => {
  const text = `${head}rules: [{ id: a, deny: [t], args: { x: { matches: ${pattern} } } }]\n`
  expect(findings(() => readPolicy(text, { file: 'p' }))[0]!.help).toContain(hint)
})

const issuer = 'issuer: i, audience: [a]'

test.each([
  ['a role without anonymous', '{ anonymousRole: r }', 'missing-key'],
  ['anonymous without a role', '{ anonymous: role }', 'missing-key'],
  ['an unknown anonymous role', '{ anonymous: role, anonymousRole: x }', 'unknown-role'],
  [
    'an unmapped role',
    `{ jwt: [{ ${issuer}, algorithms: [ES256], jwksFile: k, roleMap: { a: x } }] }`,
    'unknown-role',
  ],
  ['no source of keys', `{ jwt: [{ ${issuer}, algorithms: [ES256] }] }`, 'missing-key'],
  [
    'two sources of keys',
    `{ jwt: [{ ${issuer}, algorithms: [ES256], jwksFile: k, jwks: 'https://a.example' }] }`,
    'missing-key',
  ],
  [
    'a key set over http',
    `{ jwt: [{ ${issuer}, algorithms: [ES256], jwks: 'http://a.example/' }] }`,
    'bad-value',
  ],
  [
    'a key set at a look-alike of loopback',
    `{ jwt: [{ ${issuer}, algorithms: [ES256], jwks: 'http://localhost.evil.example/' }] }`,
    'bad-value',
  ],
  [
    'a key set with a user',
    `{ jwt: [{ ${issuer}, algorithms: [ES256], jwks: 'https://u:p@a.example/' }] }`,
    'bad-value',
  ],
  [
    'a secret for public keys',
    `{ jwt: [{ ${issuer}, algorithms: [ES256], secretEnv: S }] }`,
    'bad-value',
  ],
  [
    'public keys for a secret',
    `{ jwt: [{ ${issuer}, algorithms: [HS256], jwks: 'https://a.example' }] }`,
    'bad-value',
  ],
  [
    'mixed algorithms',
    `{ jwt: [{ ${issuer}, algorithms: [ES256, HS256], jwksFile: k }] }`,
    'bad-value',
  ],
  ['the algorithm none', `{ jwt: [{ ${issuer}, algorithms: [none], jwksFile: k }] }`, 'bad-value'],
  [
    'a secret in the file',
    `{ jwt: [{ ${issuer}, algorithms: [HS256], secretEnv: 'hunter2' }] }`,
    'bad-value',
  ],
  [
    'a proof of an unknown kind',
    `{ jwt: [{ ${issuer}, algorithms: [ES256], jwksFile: k, proof: DPoP }] }`,
    'bad-value',
  ],
  [
    'one issuer twice',
    `{ jwt: [{ ${issuer}, algorithms: [ES256], jwksFile: k }, { ${issuer}, algorithms: [ES256], jwksFile: j }] }`,
    'duplicate-id',
  ],
  [
    'one key id twice',
    `{ apiKeys: [{ id: a, hash: 'sha256:${'0'.repeat(64)}' }, { id: a, hash: 'sha256:${'1'.repeat(64)}' }] }`,
    'duplicate-id',
  ],
  [
    'one key twice',
    `{ apiKeys: [{ id: a, hash: 'sha256:${'0'.repeat(64)}' }, { id: b, hash: 'sha256:${'0'.repeat(64)}' }] }`,
    'duplicate-id',
  ],
  [
    'an expiry that is no day',
    `{ apiKeys: [{ id: a, hash: 'sha256:${'0'.repeat(64)}', expires: 2027-02-30 }] }`,
    'bad-value',
  ],
])('identity with %s is an error', (_what, identity, code) => {
  const text = `${head}rules: []\nroles: { r: {} }\nidentity: ${identity}\n`
  const diagnostics = findings(() => readPolicy(text, { file: 'p' }))
  expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code])
})

test.each([
  'http://localhost:8080/keys',
  'http://127.0.0.1/',
  'http://[::1]:1/',
  'https://a.example/k',
])('a key set at %s is accepted', (url) => {
  const text = `${head}rules: []\nidentity: { jwt: [{ ${issuer}, algorithms: [ES256], jwks: '${url}' }] }\n`
  expect(readPolicy(text, { file: 'p' }).identity.jwt[0]!.jwks).toBe(url)
})

test.each([
  ['itself', '{ a: { inherits: [a] } }', ['role-cycle 3:10']],
  [
    'in a circle',
    '{ a: { inherits: [b] }, b: { inherits: [a] } }',
    ['role-cycle 3:10', 'role-cycle 3:32'],
  ],
  ['an unknown one', '{ a: { inherits: [x] } }', ['unknown-role 3:26']],
])('a role that inherits %s is an error', (_what, roles, expected) => {
  expect(found(`${head}roles: ${roles}\nrules: []\n`)).toEqual(expected)
})

test('one misspelt role gives one suggestion', () => {
  const text = `${head}roles: { support: {} }\nrules: [{ id: a, allow: [t], who: { roles: [suport] } }]\n`
  expect(findings(() => readPolicy(text, { file: 'p' }))).toMatchObject([
    { code: 'unknown-role', suggestion: 'support', help: 'did you mean `support`?' },
  ])
})

test.each([
  '{ minimum: 5, maximum: 4 }',
  '{ exclusiveMinimum: 5, maximum: 5 }',
  '{ minItems: 2, maxItems: 1 }',
  '{ minLength: 2, maxLength: 1 }',
  '{ minimum: 5, enum: [1, 2] }',
])('an allow whose range %s is empty is a warning', (range) => {
  const text = `${head}rules: [{ id: a, allow: [t], args: { x: ${range} } }]\n`
  expect(readPolicy(text, { file: 'p' }).warnings).toMatchObject([
    { code: 'never-true', severity: 'warning' },
  ])
})

test.each([
  'default',
  'unknown_tool',
  'unauthenticated',
  'tool.requires',
  'policy_error',
  'bad_json',
  'bad_args',
  'truncated',
  'gate_error',
  'approval_denied',
  'approval_expired',
  'approval_limit',
  'stopped',
  'limits.calls',
  'guards.paths',
  'flow.x',
  'sequences.x',
  'hooks.x',
])('no rule can have the id %s, by which a decision without a rule is known', (id) => {
  const text = `${head}rules: [{ id: ${id}, allow: [t] }]`
  const [finding, ...others] = findings(() => readPolicy(text, { file: 'p.yaml' }))
  expect(others).toEqual([])
  expect(finding).toMatchObject({ code: 'bad-value', message: `the id \`${id}\` is reserved` })
})

test.each(['limits', 'Default', 'default-2', 'flows.x', 'tool.require', 'my.limits.x'])(
  'a rule can have the id %s, which is only near to a reserved one',
  (id) => {
    expect(found(`${head}rules: [{ id: ${id}, allow: [t] }]`)).toEqual([])
  },
)

test('limits, roles and scopes are free of the reserved ids of rules', () => {
  const limits = 'limits: [{ id: default, tools: [t], per: session, max: 1 }]'
  const roles = 'roles: { default: { scopes: [flow.x] } }'
  expect(found(`${head}rules: []\n${limits}\n${roles}`)).toEqual([])
})

test('a fraction where a whole number is needed is named in the message', () => {
  const text = `${head}rules: []\nlimits: [{ id: l, tools: [t], per: session, max: 1.5 }]`
  expect(findings(() => readPolicy(text, { file: 'p.yaml' }))).toMatchObject([
    { code: 'wrong-type', message: '`max` has to be a whole number, not 1.5' },
  ])
})
