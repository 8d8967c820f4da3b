import { expect, test } from 'vitest'
import { readPolicy, type ReadOptions } from '../../../src/policy/read.ts'

/** The parts of what was read, each place as the text that stands there. */
function partsOf(text: string, options: Omit<ReadOptions, 'file'> = {}): Record<string, unknown> {
  const { source: _source, ...policy } = readPolicy(text, { file: 'p', ...options })
  return shown(policy, text) as Record<string, unknown>
}

function shown(value: unknown, text: string): unknown {
  if (Array.isArray(value)) return value.map((item) => shown(item, text))
  if (typeof value !== 'object' || value === null) return value
  const { start, end, ...rest } = value as Record<string, unknown>
  const members = Object.entries(rest).map(([key, member]) => [key, shown(member, text)])
  if (typeof start !== 'number' || typeof end !== 'number') return Object.fromEntries(members)
  const place = text.slice(start, end)
  if (members.length === 0) return place
  return { ...Object.fromEntries(members), place }
}

/** A name whose text is what stands at its place. */
const name = (text: string): object => ({ text, place: text })

const head = 'sallyport: 1\nname: t\n'

test('a policy that says only what it must reads as what the documentation promises', () => {
  expect(partsOf(`${head}rules: []\n`)).toStrictEqual({
    name: 't',
    mode: 'enforce',
    identity: { anonymous: 'deny', jwt: [], apiKeys: [] },
    identityAt: undefined,
    roles: [],
    tools: undefined,
    extends: [],
    parents: [],
    variables: [],
    rules: [],
    hasRules: true,
    rulesAt: 'rules',
    flow: undefined,
    sequences: [],
    limits: [],
    guards: { paths: [], network: [], commands: [], danger: [] },
    output: [],
    auditArguments: undefined,
    approvals: {},
    tests: [],
    warnings: [],
    digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
  })
})

test('a parent without rules says where its first rule would stand: anywhere in it', () => {
  const text = `${head}roles: { a: {} }\n`
  expect(partsOf(text, { asParent: true })).toMatchObject({
    hasRules: false,
    rules: [],
    rulesAt: text,
  })
})

test('a rule reads as it is written', () => {
  const written = `{ id: a, ask: ['x.*', y], who: { roles: [r], scopes: [s:t], tenants: [acme], agents: [bot], issuers: [i] },
    notWho: { roles: [r] }, args: { n: { minimum: 1 }, /b/0: { optional: true, const: { c: [null] } } },
    except: [b], approvers: { roles: [r], remember: true }, reason: Because.,
    from: '2027-01-01T00:00:00Z', until: '2028-01-01T00:00:00.5+01:00', shadow: true }`
  const { rules } = partsOf(`${head}roles: { r: {} }
rules:
  - ${written}
  - { id: b, allow: [x], onlyArgs: [n, m] }
  - { id: c, deny: [x], who: { scopes: [s] } }
  - { id: d, ask: [x], approvers: { count: 3 }, shadow: false }
`)
  expect(rules).toStrictEqual([
    {
      id: 'a',
      effect: 'ask',
      tools: [{ text: 'x.*', place: "'x.*'" }, name('y')],
      who: {
        roles: [name('r')],
        scopes: ['s:t'],
        tenants: ['acme'],
        agents: ['bot'],
        issuers: ['i'],
        at: '{ roles: [r], scopes: [s:t], tenants: [acme], agents: [bot], issuers: [i] }',
      },
      notWho: { roles: [name('r')], at: '{ roles: [r] }' },
      args: [
        {
          name: name('n'),
          path: ['n'],
          optional: false,
          test: { minimum: 1, at: '{ minimum: 1 }' },
        },
        {
          name: name('/b/0'),
          path: ['b', '0'],
          optional: true,
          test: { const: { c: [null] }, at: '{ optional: true, const: { c: [null] } }' },
        },
      ],
      except: [name('b')],
      approvers: {
        roles: [name('r')],
        remember: true,
        count: 1,
        at: '{ roles: [r], remember: true }',
      },
      reason: 'Because.',
      from: Date.UTC(2027, 0, 1),
      until: Date.UTC(2027, 11, 31, 23, 0, 0, 500),
      shadow: true,
      at: written,
    },
    {
      id: 'b',
      effect: 'allow',
      tools: [name('x')],
      args: [],
      except: [],
      onlyArgs: [name('n'), name('m')],
      shadow: false,
      at: '{ id: b, allow: [x], onlyArgs: [n, m] }',
    },
    {
      id: 'c',
      effect: 'deny',
      tools: [name('x')],
      who: { scopes: ['s'], at: '{ scopes: [s] }' },
      args: [],
      except: [],
      shadow: false,
      at: '{ id: c, deny: [x], who: { scopes: [s] } }',
    },
    {
      id: 'd',
      effect: 'ask',
      tools: [name('x')],
      args: [],
      except: [],
      approvers: { count: 3, at: '{ count: 3 }' },
      shadow: false,
      at: '{ id: d, ask: [x], approvers: { count: 3 }, shadow: false }',
    },
  ])
})

test('the tests of an argument read as they are written', () => {
  const written = `{ type: integer, const: 1, enum: [1, a, null], minimum: -1.5, maximum: 2, exclusiveMinimum: -3,
    exclusiveMaximum: 4, multipleOf: 0.5, minLength: 0, maxLength: 9, minItems: 0, maxItems: 8,
    items: { type: 'null' }, anyItem: { not: { const: x } }, startsWith: [git, status], contains: c,
    domain: [a.example, '*.b-c.d.example'], equals: { principal: tenant }, anyOf: [{ const: 1 }, { const: 2 }],
    from: [user, system, trusted, policy], optional: false }`
  const text = `${head}rules: [{ id: a, deny: [t], args: { x: ${written} } }]\n`
  const [rule] = partsOf(text).rules as [{ args: readonly object[] }]
  expect(rule.args).toStrictEqual([
    {
      name: name('x'),
      path: ['x'],
      optional: false,
      test: {
        type: 'integer',
        const: 1,
        enum: [1, 'a', null],
        minimum: -1.5,
        maximum: 2,
        exclusiveMinimum: -3,
        exclusiveMaximum: 4,
        multipleOf: 0.5,
        minLength: 0,
        maxLength: 9,
        minItems: 0,
        maxItems: 8,
        items: { type: 'null', at: "{ type: 'null' }" },
        anyItem: { not: { const: 'x', at: '{ const: x }' }, at: '{ not: { const: x } }' },
        startsWith: ['git', 'status'],
        contains: 'c',
        domain: ['a.example', '*.b-c.d.example'],
        equals: { principal: 'tenant', at: '{ principal: tenant }' },
        anyOf: [
          { const: 1, at: '{ const: 1 }' },
          { const: 2, at: '{ const: 2 }' },
        ],
        from: ['user', 'system', 'trusted', 'policy'],
        at: written,
      },
    },
  ])
})

test('limits and sequences read as they are written', () => {
  const parts = partsOf(`${head}rules: []
limits:
  - { id: a, tools: [x], per: session, max: 1 }
  - { id: b, tools: [x], per: subject, max: 2.5, count: cost, window: 1h, over: ask, who: { scopes: [s] } }
  - { id: c, tools: [x], per: global, max: 99.5, sum: /order/a~1b }
  - { id: d, tools: [x], per: agent, max: 0.5, count: time, over: deny }
  - { id: e, tools: [x], per: tenant, max: 3, count: denials }
  - { id: f, tools: [x], per: tenant, max: 4, count: calls }
sequences:
  - { id: g, after: [x], then: { tools: [y], do: deny }, sameArg: path, reason: Why. }
  - { id: h, unless: [x], then: { tools: [y], do: ask } }
`)
  const limit = (id: string, fields: object): object => ({
    id,
    tools: [name('x')],
    at: expect.stringContaining(`{ id: ${id}, tools`),
    ...fields,
  })
  expect(parts.limits).toStrictEqual([
    limit('a', { per: 'session', max: 1, count: 'calls', over: 'deny' }),
    limit('b', {
      per: 'subject',
      max: 2.5,
      count: 'cost',
      windowMs: 3_600_000,
      over: 'ask',
      who: { scopes: ['s'], at: '{ scopes: [s] }' },
    }),
    limit('c', { per: 'global', max: 99.5, count: 'calls', sum: ['order', 'a/b'], over: 'deny' }),
    limit('d', { per: 'agent', max: 0.5, count: 'time', over: 'deny' }),
    limit('e', { per: 'tenant', max: 3, count: 'denials', over: 'deny' }),
    limit('f', { per: 'tenant', max: 4, count: 'calls', over: 'deny' }),
  ])
  expect(parts.sequences).toStrictEqual([
    {
      id: 'g',
      kind: 'after',
      earlier: [name('x')],
      sameArg: 'path',
      tools: [name('y')],
      do: 'deny',
      reason: 'Why.',
      at: expect.stringMatching(/^\{ id: g, .* \}$/),
    },
    {
      id: 'h',
      kind: 'unless',
      earlier: [name('x')],
      tools: [name('y')],
      do: 'ask',
      at: expect.stringMatching(/^\{ id: h, .* \}$/),
    },
  ])
})

const flow = (written: string): unknown => partsOf(`${head}rules: []\nflow: ${written}\n`).flow

test('flow reads with the documented defaults, and `allow` for links as if it were not there', () => {
  const trusted = ['user', 'system', 'developer']
  const plain = { trusted, secretFrom: 'private', afterUntrusted: [] }
  expect(flow('{}')).toStrictEqual({ ...plain, at: '{}' })
  const links = '{ untrustedLinks: allow }'
  expect(flow(links)).toStrictEqual({ ...plain, at: links })
  const full =
    '{ trusted: [system], untrustedSteering: ask, untrustedLinks: deny, secretsOut: deny, secretFrom: internal, afterUntrusted: [{ tools: [x], then: ask }] }'
  expect(flow(full)).toStrictEqual({
    trusted: ['system'],
    untrustedSteering: 'ask',
    untrustedLinks: 'deny',
    secretsOut: 'deny',
    secretFrom: 'internal',
    afterUntrusted: [{ tools: [name('x')], effect: 'ask', at: '{ tools: [x], then: ask }' }],
    at: full,
  })
})
