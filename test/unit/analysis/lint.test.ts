import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { lintPolicy } from '../../../src/analysis/lint.ts'
import { formatDiagnostic } from '../../../src/policy/diagnostic.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import type { PolicyFile } from '../../../src/policy/document.ts'
import { defineTool, type Tool, type ToolDefinition } from '../../../src/tools/tool.ts'
import { placed } from '../policy/build.ts'

const n = { type: 'object', properties: { deep: { type: 'string' } }, additionalProperties: false }
const roles = 'roles: { user: {}, lead: { inherits: [user] } }'

function fileOf(rules: string, head = roles): PolicyFile {
  return readPolicy(`sallyport: 1\nname: test\n${head}\nrules:\n${rules}`, { file: 'test.yaml' })
}

function lint(rules: string, head?: string, tools?: readonly Tool[]): readonly string[] {
  const found = lintPolicy(fileOf(rules, head), tools === undefined ? {} : { tools })
  return placed(found.filter(({ code }) => code !== 'unused-role'))
}

function toolOf(name: string, properties: Readonly<Record<string, unknown>> = {}): Tool {
  const input = { type: 'object', properties, required: Object.keys(properties), $defs: { n } }
  return defineTool({ name, description: 'A tool.', input, execute: () => null })
}

const tool = toolOf('t', {
  n: { type: ['integer', 'null'] },
  m: { anyOf: [{ enum: ['a'] }, { $ref: '#/$defs/n' }] },
  o: { $ref: '#/$defs/n' },
  p: { $ref: '#/properties/m/anyOf/0' },
})

function allowing(tests: string): readonly string[] {
  return lint(`  - { id: a, allow: [t], args: { ${tests} } }`, roles, [tool])
}

function denying(tests: string): readonly string[] {
  return lint(`  - { id: a, deny: [t], args: { to: ${tests} } }`)
}

describe('a rule that a deny always overrules', () => {
  test.each([
    ['has a wider range of numbers', '{ minimum: 0 }', '{ type: number, minimum: 1 }'],
    ['has every value of an enum', '{ enum: [a, b] }', '{ const: b }'],
    ['cannot be evaluated for the type', '{ maximum: 1 }', '{ type: string }'],
    ['has the same pattern', "{ matches: 'a+' }", "{ matches: 'a+', maxLength: 9 }"],
    ['has a pattern that fits the literal', "{ matches: 'a+' }", '{ const: aaa }'],
    ['has the parent domain', "{ domain: ['*.x.example'] }", '{ domain: [a.x.example] }'],
    ['has the beginning of the beginning', '{ startsWith: [git] }', '{ startsWith: [git, push] }'],
    ['looks for a part of the part', '{ contains: rm }', '{ type: string, contains: rm -rf }'],
    ['excludes what the rule excludes', '{ not: { const: a } }', '{ enum: [b, c] }'],
    [
      'covers it by alternatives',
      '{ anyOf: [{ maximum: 1 }, { minimum: 1 }] }',
      '{ type: number }',
    ],
  ])('because the deny %s', (_name, deny, allow) => {
    const rules = `  - { id: a, allow: [t], args: { x: ${allow} } }\n  - { id: d, deny: [t], args: { x: ${deny} } }`
    expect(lint(rules)).toEqual(['shadowed 5:5'])
  })

  test.each([
    ['leaves a number', '{ minimum: 1 }', '{ type: number, exclusiveMaximum: 1 }'],
    ['leaves a literal', '{ enum: [a] }', '{ enum: [a, b] }'],
    ['has a narrower pattern', "{ matches: 'a' }", "{ matches: 'a+' }"],
    ['has a narrower domain', '{ domain: [a.x.example] }', "{ domain: ['*.x.example'] }"],
    ['leaves a longer text', '{ maxLength: 8 }', '{ type: string, maxLength: 9 }'],
    ['leaves broken numbers', '{ type: integer }', '{ type: number }'],
  ])('is not one whose deny %s', (_name, deny, allow) => {
    const rules = `  - { id: a, allow: [t], args: { x: ${allow} } }\n  - { id: d, deny: [t], args: { x: ${deny} } }`
    expect(lint(rules)).toEqual([])
  })

  test('may be overruled by several together', () => {
    const rules = `  - { id: a, allow: [t], args: { x: { type: number } } }
  - { id: low, deny: [t], args: { x: { maximum: 5 } } }
  - { id: high, deny: [t], args: { x: { minimum: 5 } } }`
    const [found] = lintPolicy(fileOf(rules))
    expect(found?.message).toContain('the rules `low`, `high` together always overrule it')
    expect(
      lint(rules.replace('minimum', 'exclusiveMinimum').replace('maximum: 5', 'maximum: 4')),
    ).toEqual([])
  })

  test('is reported tool by tool where only some are overruled', () => {
    const rules = `  - { id: a, allow: [t, u], who: { roles: [lead] } }\n  - { id: d, deny: ['t*'], who: { roles: [user] } }`
    expect(lint(rules)).toEqual(['shadowed 5:22'])
    expect(lint(rules.replace('[user]', '[lead]').replace('[lead]', '[user]'))).toEqual([])
  })

  test('counts only denies about no fewer callers, no less time and no argument it may lack', () => {
    const open = [
      "{ id: d, deny: ['**'], who: { roles: [lead] } }",
      "{ id: d, deny: ['**'], notWho: { roles: [lead] } }",
      "{ id: d, deny: ['**'], until: '2030-01-01T00:00:00Z' }",
      "{ id: d, deny: ['**'], shadow: true }",
      "{ id: d, deny: ['**'], args: { x: { optional: true } } }",
      "{ id: d, deny: ['**'], who: { tenants: [acme] } }",
    ]
    for (const deny of open) expect(lint(`  - { id: a, allow: [t] }\n  - ${deny}`)).toEqual([])
    expect(lint("  - { id: a, ask: [t] }\n  - { id: d, deny: ['**'] }")).toEqual(['shadowed 5:5'])
  })

  test('is told by what the tool requires', () => {
    const rules = `  - { id: a, allow: [t] }\n  - { id: d, deny: [t], args: { x: { minimum: 0 } } }`
    expect(lint(rules, roles, [toolOf('t', { x: { type: 'integer', minimum: 0 } })])).toEqual([
      'shadowed 5:5',
    ])
    expect(lint(rules, roles, [toolOf('t', { x: { type: 'integer' } })])).toEqual([])
  })
})

/** The findings where an ask that is always true names another allow in its exceptions. */
function except(free: string): readonly string[] {
  return lint(`  - { id: some, allow: [t], args: { x: { const: 1 } } }
  - { id: free, allow: ${free} }
  - { id: all, ask: [t, u], except: [free] }`)
}

describe('rules without effect', () => {
  test('have tests no value passes, or conditions nobody meets', () => {
    expect(
      lint(`  - { id: a, allow: [t], args: { x: { type: integer, exclusiveMinimum: 1, exclusiveMaximum: 2 } } }
  - { id: b, allow: [t], args: { x: { type: string, enum: [1, 2] } } }
  - { id: c, deny: [t], args: { x: { type: boolean, const: 1 } } }
  - { id: d, allow: [t], who: { roles: [lead] }, notWho: { roles: [user] } }`),
    ).toEqual(['never-true 5:34', 'never-true 6:34', 'never-true 7:33', 'never-true 8:5'])
  })

  test('need an argument that they do not take', () => {
    expect(
      lint(`  - { id: a, allow: [t], args: { x: { const: 1 } }, onlyArgs: [] }
  - { id: b, allow: [t], args: { x: { const: 2 }, /y/z: { const: 1 } }, onlyArgs: [x] }
  - { id: c, allow: [t], args: { x: { const: 3 }, /y/z: { const: 1 } }, onlyArgs: [x, y] }
  - { id: d, allow: [t], args: { x: { const: 4, optional: true } }, onlyArgs: [] }`),
    ).toEqual(['never-true 5:34', 'never-true 6:51'])
  })

  test('never ask, or always do', () => {
    expect(
      lint(`  - { id: any, allow: [t], args: { x: { type: string } } }
  - { id: rest, ask: [t], except: [any], args: { x: { type: string, maxLength: 3 } } }`),
    ).toEqual(['never-asked 6:36'])
    expect(
      lint(`  - { id: some, allow: [t], args: { x: { type: string, maxLength: 3 } } }
  - { id: all, ask: [t] }`),
    ).toEqual(['always-asked 5:5'])
    expect(
      lint(`  - { id: some, allow: [t], args: { x: { type: string, maxLength: 3 } } }
  - { id: all, ask: [t], except: [some] }`),
    ).toEqual([])
  })

  test('is not always asked where an exception of the ask may hold as well', () => {
    expect(except('[t], args: { y: { const: 1 } }')).toEqual([])
    expect(except('[t], args: { x: { type: integer } }')).toEqual([])
    expect(except("['*'], args: { x: { const: 1 } }")).not.toContain('always-asked 5:5')
    for (const apart of ['[t], args: { x: { const: 2 } }', '[u]']) {
      expect(except(apart)).toContain('always-asked 5:5')
    }
  })

  test('say the same as another, in whatever order', () => {
    expect(
      lint(`  - { id: a, allow: [t, u], args: { x: { type: string, maxLength: 1 }, y: { const: 1 } } }
  - { id: b, allow: [u, t], args: { y: { const: 1 }, x: { type: string, maxLength: 1 } }, reason: Why. }
  - { id: c, allow: [u, t], args: { y: { const: 2 }, x: { type: string, maxLength: 1 } } }`),
    ).toEqual(['duplicate-rule 6:5'])
  })
})

describe('held against the tools', () => {
  test('types and values the schema excludes are found', () => {
    expect(allowing('n: { type: string }')).toEqual(['schema-mismatch 5:34'])
    expect(allowing('n: { exclusiveMinimum: 1, exclusiveMaximum: 2 }')).toEqual([
      'schema-mismatch 5:34',
    ])
    expect(allowing('m: { const: b }')).toEqual(['schema-mismatch 5:34'])
    expect(allowing('p: { const: b }')).toEqual(['schema-mismatch 5:34'])
    expect(allowing('/o/deep: { type: number }')).toEqual(['schema-mismatch 5:34'])
    for (const fits of ['n: { const: null }', 'm: { const: a }', '/o/deep: { const: x }']) {
      expect(allowing(fits)).toEqual([])
    }
  })

  test('members below the top level that do not exist are errors', () => {
    const [found] = lintPolicy(
      fileOf(`  - { id: a, allow: [t], args: { /o/dep: { const: a } } }`),
      {
        tools: [tool],
      },
    )
    expect(found).toMatchObject({
      code: 'unknown-argument',
      severity: 'error',
      help: 'did you mean `deep`?',
    })
  })

  test('tools no rule is about are named', () => {
    const rules = '  - { id: a, allow: [t] }'
    const head = `${roles}\ntools: { t: { kind: read }, u: { kind: read } }`
    expect(lint(rules, head)).toEqual(['unruled-tool 4:29'])
    expect(lint(rules, roles, [tool, toolOf('v'), toolOf('w')])).toEqual(['unruled-tool 4:1'])
  })
})

describe('smells', () => {
  test('everything for everybody', () => {
    const head = `${roles}\ntools: { 't.a': { kind: read }, 't.b': { kind: read } }`
    expect(lint("  - { id: a, allow: ['**'] }")).toEqual(['allow-all 5:22'])
    expect(lint("  - { id: a, allow: ['t.*'] }", head)).toEqual(['allow-all 6:22'])
    expect(lint("  - { id: a, allow: ['**'], who: { roles: [lead] } }")).toEqual([])
    expect(lint("  - { id: a, allow: ['t.a*', t.b] }", head)).toEqual([])
  })

  test('M08: a domain written as a pattern', () => {
    expect(denying("{ matches: '.*@[^ourcompany.com$].*' }")).toEqual(['domain-pattern 5:33'])
    expect(denying("{ not: { containsMatch: '^https://(www\\.)?shop\\.example/' } }")).toEqual([
      'domain-pattern 5:33',
    ])
    expect(denying("{ matches: 'O-[0-9]{1,9}' }")).toEqual([])
    expect(denying("{ matches: '[a-z]+\\.md' }")).toEqual([])
  })

  test('P23: a secret value, which is not shown', () => {
    const secret = ['AKIA', 'IOSFODNN7EXAMPLE'].join('')
    const rules = `  - { id: a, allow: [t], args: { k: { const: ${secret} } } }`
    const found = lintPolicy(fileOf(rules)).find(({ code }) => code === 'secret-value')
    expect(found).toMatchObject({ severity: 'error', secret: true })
    expect(formatDiagnostic(found!, rules)).not.toContain(secret)
    expect(lint(`  - { id: a, allow: [t], args: { k: { const: secret } } }`)).toEqual([])
  })

  test('roles and scopes that nothing uses, scopes nobody can have', () => {
    const found = lintPolicy(
      fileOf(
        '  - { id: a, allow: [t], who: { roles: [user], scopes: [write] } }',
        'roles: { user: { scopes: [read] }, spare: {} }',
      ),
    )
    expect(placed(found)).toEqual(['unused-scope 3:10', 'unused-role 3:36', 'unmet-scope 5:5'])
  })

  test('tools whose facts leave data flow blind', () => {
    const head = `${roles}\ntools: { t: { kind: write }, u: { kind: read } }`
    const file = fileOf("  - { id: a, allow: ['*'], who: { roles: [user] } }", head)
    const flow = {
      trusted: [],
      untrustedSteering: 'ask',
      secretsOut: 'ask',
      secretFrom: 'private',
      afterUntrusted: [],
      at: file.rulesAt,
    } as const
    const tools = file.tools!.map((entry) => ({
      ...entry,
      facts: { ...entry.facts, sink: 'external' } as const,
    }))
    expect(placed(lintPolicy({ ...file, tools, flow }))).toEqual([
      'unstated-steering 4:10',
      'unstated-carrying 4:10',
      'unstated-carrying 4:30',
    ])
  })
})

/** A tool with an argument that nobody says anything about, but what is given. */
function hosted(name: string, more: Pick<ToolDefinition, 'annotations' | 'facts'>): Tool {
  const input = { properties: { x: {} } }
  return defineTool({ name, description: 'A tool.', input, execute: () => null, ...more })
}

test('tools of the host that rules permit and no file names state nothing to data flow either', () => {
  const flow = 'flow: { untrustedSteering: deny }'
  const tools = [
    hosted('t', {}),
    hosted('r', { annotations: { readOnly: true } }),
    hosted('s', { facts: { args: { x: { steers: true } } } }),
    hosted('u', {}),
  ]
  const rules = `  - { id: a, allow: [t, r, s] }
  - { id: b, ask: ['**'], args: { x: { const: 1 } } }
  - { id: d, deny: [u], args: { x: { const: 2 } } }`
  expect(lint(rules, flow, tools)).toEqual(['unstated-steering 5:22', 'unstated-steering 6:20'])
  expect(lint('  - { id: a, allow: [t] }', flow)).toEqual([])
})

test.each(['support-desk', 'locked'])('policies/%s.yaml has no finding', (name) => {
  const url = new URL(`../../../policies/${name}.yaml`, import.meta.url)
  expect(lintPolicy(readPolicy(readFileSync(url, 'utf8'), { file: name }))).toEqual([])
})

describe('facts about data flow that nothing uses', () => {
  const rule = '  - { id: a, allow: [t] }\n'
  const found = (facts: string, flow = ''): readonly string[] =>
    lintPolicy(fileOf(rule, `tools: { t: { ${facts} } }\n${flow}`))
      .filter(({ code }) => code === 'flow-unset')
      .map(({ range, help }) => `${range.start.line}:${range.start.column} ${help}`)

  test.each([
    ['kind: write, args: { x: { steers: true } }', '{ untrustedSteering: ask }'],
    ['kind: write, args: { x: { carries: true } }', '{ untrustedLinks: ask }'],
    ['kind: read, output: { trust: untrusted }', '{ untrustedSteering: ask }'],
    ['kind: write, sink: public', '{ untrustedSteering: ask }'],
    [
      'kind: read, sink: external, args: { x: { steers: true, carries: true } }',
      '{ untrustedSteering: ask, untrustedLinks: ask, secretsOut: ask }',
    ],
  ])('without `flow`: %s', (facts, flow) => {
    expect(found(facts)).toEqual([
      expect.stringMatching(new RegExp(`^3:10 write \`flow: ${flow}\``)),
    ])
    expect(found(facts, `flow: ${flow}`)).toEqual([])
  })

  test('without the key of `flow` that they are for', () => {
    const facts = 'kind: read, sink: external, args: { x: { steers: true, carries: true } }'
    expect(found(facts, 'flow: { untrustedSteering: ask }')).toEqual([
      '3:10 add `secretsOut: ask` or `secretsOut: deny` to `flow`, or write `carries: false`',
    ])
    expect(found(facts, 'flow: { secretsOut: deny }')).toEqual([
      expect.stringContaining('add `untrustedSteering: ask`'),
    ])
    const barred = 'flow: { secretsOut: deny, afterUntrusted: [{ tools: [t], then: deny }] }'
    expect(found(facts, barred)).toEqual([])
  })

  test('are no finding where the policy has decided that they do not matter', () => {
    expect(found('kind: write')).toEqual([])
    const label = 'output: { trust: untrusted }'
    expect(found(`kind: exec, ${label}, args: { x: { steers: false } }`)).toEqual([])
    const outside = 'kind: write, sink: public, output: { secrecy: public }'
    const carries = `${outside}, args: { x: { carries: true } }`
    expect(found(carries, 'flow: { untrustedLinks: deny }')).toEqual([])
  })

  test('are none where a file it extends has the `flow`', () => {
    const parent = readPolicy(
      `sallyport: 1\nname: p\nrules: [{ id: p, allow: ['**'] }]\nflow: { untrustedSteering: ask }`,
      { file: 'parent.yaml' },
    )
    const text = `sallyport: 1\nname: c\nextends: [./parent.yaml]\ntools: { t: { kind: write, args: { x: { steers: true } } } }\nrules:\n${rule}`
    const codes = (parents: readonly PolicyFile[]): readonly string[] =>
      lintPolicy(readPolicy(text, { file: 'c.yaml', parents })).map(({ code }) => code)
    expect(codes([parent])).not.toContain('flow-unset')
    expect(codes([{ ...parent, flow: undefined }])).toContain('flow-unset')
  })
})
