import { describe, expect, test } from 'vitest'
import { buildCatalog, floorsOf, pinnedTools } from '../../../src/policy/catalog.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { PolicyTool } from '../../../src/policy/policy.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { findings, placed, policyOf, user } from './build.ts'
import { linesOf } from './said.ts'

const tools: readonly PolicyTool[] = [
  { name: 'refund', argumentNames: ['order', 'amount'] },
  { name: 'desk.read', argumentNames: ['id'] },
  { name: 'desk.write', argumentNames: ['id', 'body'] },
  { name: 'free' },
]

function found(rules: string, given: readonly PolicyTool[] | undefined = tools): readonly string[] {
  const file = readPolicy(`sallyport: 1\nname: t\n${rules}\n`, { file: 'p' })
  return placed(findings(() => compilePolicy(file, given === undefined ? {} : { tools: given })))
}

test('all names the catalogue does not know are reported at once', () => {
  const rules = `rules:
  - { id: a, allow: [refnd, refund] }
  - { id: b, deny: ['admin.**', '**'] }
  - { id: c, allow: [refund], args: { amout: { type: number } }, onlyArgs: [order, amount, note] }
limits: [{ id: l, tools: [nothing], per: session, max: 1 }]`
  expect(found(rules)).toEqual([
    'unknown-tool 4:22',
    'no-match 5:21',
    'unknown-argument 6:39',
    'unknown-argument 6:92',
    'unknown-tool 7:27',
  ])
})

test('a misspelt tool gives a suggestion', () => {
  const file = readPolicy('{"sallyport":1,"name":"t","rules":[{"id":"a","allow":["refnd"]}]}', {
    file: 'p',
  })
  expect(findings(() => compilePolicy(file, { tools }))).toMatchObject([{ suggestion: 'refund' }])
})

test.each([
  [
    'an argument one tool of the glob has',
    "rules: [{ id: a, deny: ['desk.*'], args: { body: { const: x } } }]",
    [],
  ],
  [
    'an argument no tool of the glob has',
    "rules: [{ id: a, deny: ['desk.*'], args: { amount: { const: 1 } } }]",
    ['unknown-argument 3:44'],
  ],
  [
    'an argument of a tool that takes any',
    'rules: [{ id: a, allow: [free], args: { anything: { const: 1 } } }]',
    [],
  ],
  [
    'a value inside of an argument',
    'rules: [{ id: a, allow: [refund], args: { /order/id: { const: 1 } } }]',
    [],
  ],
  [
    'a value inside of no argument',
    'rules: [{ id: a, allow: [refund], args: { /ordr/id: { const: 1 } } }]',
    ['unknown-argument 3:43'],
  ],
])('%s is checked against the schema of the tool', (_what, rules, expected) => {
  expect(found(rules)).toEqual(expected)
})

test('without a catalogue nothing is checked, with an empty one everything is', () => {
  const rules = 'rules: [{ id: a, allow: [refnd], args: { x: { const: 1 } } }]'
  const file = readPolicy(`sallyport: 1\nname: t\n${rules}\n`, { file: 'p' })
  expect(compilePolicy(file).hasTool('refnd')).toBe(true)
  expect(found(rules, [])).toEqual(['unknown-tool 3:26'])
})

test('tools of the file and tools of the host are one catalogue', () => {
  const policy = policyOf(
    { tools: { own: { kind: 'read' } }, rules: [{ id: 'a', allow: ['own', 'refund'] }] },
    tools,
  )
  expect(policy.hasTool('own')).toBe(true)
  expect(policy.hasTool('refund')).toBe(true)
  expect(policy.hasTool('other')).toBe(false)
})

test('two tools with one name are refused', () => {
  expect(() => policyOf({ rules: [] }, [{ name: 'a' }, { name: 'a' }])).toThrow(
    expect.objectContaining({ code: 'bad-option' }),
  )
})

test('limits match by tool and caller, and meet a caller who is not known', () => {
  const policy = policyOf({
    rules: [],
    limits: [
      { id: 'z', tools: ['desk.*'], per: 'session', max: 2 },
      {
        id: 'a',
        tools: ['**'],
        who: { roles: ['lead'] },
        per: 'subject',
        max: 5,
        window: '1h',
        over: 'ask',
      },
    ],
  })
  expect(policy.limits).toMatchObject([
    { id: 'a', per: 'subject', max: 5, windowMs: 3_600_000, over: 'ask', position: { line: 1 } },
    { id: 'z', per: 'session', max: 2, over: 'deny' },
  ])
  const [byCaller, byTool] = policy.limits
  expect(byTool!.matches('desk.read', user)).toBe(true)
  expect(byTool!.matches('refund', user)).toBe(false)
  expect(byCaller!.matches('refund', user)).toBe(false)
  expect(byCaller!.matches('refund', { ...user, roles: ['lead'] })).toBe(true)
  expect(byCaller!.matches('refund', null)).toBe(true)
})

const said = (text: string, given: readonly PolicyTool[] = tools): readonly string[] => {
  const file = readPolicy(`sallyport: 1\nname: t\n${text}\n`, { file: 'p' })
  return linesOf(findings(() => compilePolicy(file, { tools: given })))
}

const guards = (arg: string): string => `rules: []
guards:
  paths: [{ tools: [desk.read], arg: ${arg}, root: / }]
  network: [{ tools: [desk.read], arg: ${arg}, hosts: ['**'] }]
  commands: [{ tools: [desk.read], arg: ${arg}, programs: { ls: {} } }]`

const sum = (of: string, pointer: string): readonly string[] =>
  said(`rules: []
limits: [{ id: l, tools: [${of}], per: session, sum: ${pointer}, max: 9 }]`)

const same = (earlier: string, then: string): readonly string[] =>
  said(`rules: []
sequences: [{ id: s, after: [${earlier}], sameArg: id, then: { tools: [${then}], do: deny } }]`)

describe('what is said of a name that the catalogue does not know', () => {
  const known = 'help: known are `refund`, `desk.read`, `desk.write`, `free`'

  test('in every part of a policy', () => {
    const text = `rules: [{ id: a, allow: [gone], args: { x: { const: 1 } } }]
limits: [{ id: l, tools: [gone], per: session, max: 1 }]
sequences: [{ id: s, after: [gone], then: { tools: ['gone.*'], do: deny } }]
flow: { afterUntrusted: [{ tools: [gone], then: deny }] }
guards:
  paths: [{ tools: [gone], arg: /path, root: / }]
  network: [{ tools: [gone], arg: /url, hosts: ['**'] }]
  commands: [{ tools: [gone], arg: /argv, programs: { ls: {} } }]
  danger: [{ tools: [gone], packs: [sql] }]
output: [{ tools: [gone], maxSize: 1KiB }]`
    const lines = said(text)
    expect(lines.filter((line) => line.startsWith('help'))).toEqual(Array(10).fill(known))
    expect(lines.filter((line) => !line.startsWith('help'))).toEqual([
      '3:26-30 unknown-tool: there is no tool `gone`',
      '4:27-31 unknown-tool: there is no tool `gone`',
      '5:30-34 unknown-tool: there is no tool `gone`',
      '5:53-61 no-match: `gone.*` matches no tool',
      '6:36-40 unknown-tool: there is no tool `gone`',
      '8:21-25 unknown-tool: there is no tool `gone`',
      '9:23-27 unknown-tool: there is no tool `gone`',
      '10:24-28 unknown-tool: there is no tool `gone`',
      '11:22-26 unknown-tool: there is no tool `gone`',
      '12:20-24 unknown-tool: there is no tool `gone`',
    ])
  })

  test('where there are no tools at all', () => {
    expect(said("rules: [{ id: a, allow: [gone, '**', 'a*'] }]", [])).toEqual([
      '3:26-30 unknown-tool: there is no tool `gone`',
      'help: there are no tools at all: pass those of the program (commands take `--tools`), or list them under `tools`',
      '3:38-42 no-match: `a*` matches no tool',
      'help: there are no tools at all: pass those of the program (commands take `--tools`), or list them under `tools`',
    ])
  })

  test('of an argument, with those there are', () => {
    expect(
      said(`rules:
  - { id: a, allow: [refund, free], args: { amout: { const: 1 } } }
  - { id: b, allow: ['desk.*'], args: { amount: { const: 1 }, body: { const: 1 } } }
  - { id: c, allow: ['**'], args: { anything: { const: 1 } } }
  - { id: d, allow: [desk.read], onlyArgs: [id, body] }`),
    ).toEqual([
      '4:45-50 unknown-argument: `refund` has no argument `amout`',
      'help: did you mean `amount`?',
      'try: amount',
      '5:41-47 unknown-argument: no tool of `desk.*` has an argument `amount`',
      'help: known are `id`, `body`',
      '7:49-53 unknown-argument: `desk.read` has no argument `body`',
      'help: known are `id`',
    ])
  })

  test('of an argument of a guard', () => {
    expect(said(guards('/id'))).toEqual([])
    expect(said(guards('/id/deep'))).toEqual([])
    expect(said(guards("'/*'"))).toEqual([])
    expect(said(guards("'/*/id'"))).toEqual([])
    expect(said(guards('/body/id'))).toEqual([
      '5:11-57 unknown-argument: `desk.read` has no argument `body`',
      'help: known are `id`',
      '6:13-65 unknown-argument: `desk.read` has no argument `body`',
      'help: known are `id`',
      '7:14-73 unknown-argument: `desk.read` has no argument `body`',
      'help: known are `id`',
    ])
  })

  test('of an argument that the facts of a tool name, where it would stay without its facts', () => {
    expect(
      said(`rules: []
tools:
  refund: { kind: write, args: { order: { is: id }, amout: { steers: true } } }
  free: { kind: write, args: { anything: { steers: true } } }
  gone: { kind: write, args: { anything: { steers: true } } }`),
    ).toEqual([
      '5:53-58 unknown-argument: `refund` has no argument `amout`',
      'help: did you mean `amount`?',
      'try: amount',
    ])
  })

  test('of an argument that a limit adds up, where nothing would ever count', () => {
    expect(sum('refund, free', '/amount')).toEqual([])
    expect(sum('refund', '/order/total')).toEqual([])
    expect(sum("'desk.*'", '/body')).toEqual([])
    expect(sum('refund', '/amout')).toEqual([
      '4:10-71 unknown-argument: `refund` has no argument `amout`',
      'help: did you mean `amount`?',
      'try: amount',
    ])
    expect(sum('refund, desk.read', '/amount')).toEqual([
      '4:10-83 unknown-argument: `desk.read` has no argument `amount`',
      'help: known are `id`',
    ])
  })

  test('of an argument that none of the tools of a sequence has', () => {
    expect(same('desk.read', 'desk.write')).toEqual([])
    expect(same('desk.read, refund', "'desk.*', refund")).toEqual([])
    expect(same('free', 'free')).toEqual([])
    expect(same('refund', 'desk.write')).toEqual([
      '4:13-93 unknown-argument: `refund` has no argument `id`',
      'help: known are `order`, `amount`',
    ])
    expect(same('desk.read', 'refund')).toEqual([
      '4:13-92 unknown-argument: `refund` has no argument `id`',
      'help: known are `order`, `amount`',
    ])
  })

  test('of an argument of a tool that has none', () => {
    const none = [{ name: 'none', argumentNames: [] }]
    expect(said('rules: [{ id: a, allow: [none], args: { x: { const: 1 } } }]', none)).toEqual([
      '3:41-42 unknown-argument: `none` has no argument `x`',
      'help: there is none to choose from',
    ])
  })
})

describe('a catalogue', () => {
  const file = readPolicy(
    'sallyport: 1\nname: t\nrules: []\ntools: { a: { kind: read, args: { x: { steers: true } } }, b: { kind: write } }\n',
    { file: 'p' },
  )

  test('is undefined where nobody has named a tool', () => {
    expect(buildCatalog(undefined, undefined)).toBeUndefined()
    expect(buildCatalog([], undefined)).toEqual(new Map())
    expect(buildCatalog(undefined, [])).toEqual(new Map())
  })

  test('has the tools of the file and of the host, with the facts of both', () => {
    const host = {
      name: 'a',
      argumentNames: ['x'],
      facts: { kind: 'write', sink: 'public' },
    } as const
    expect(buildCatalog(file.tools, [host, { name: 'c' }])).toEqual(
      new Map<string, PolicyTool>([
        [
          'a',
          {
            name: 'a',
            argumentNames: ['x'],
            facts: { kind: 'read', sink: 'public', args: { x: { steers: true } } },
          },
        ],
        ['b', { name: 'b', facts: { kind: 'write' } }],
        ['c', { name: 'c', facts: {} }],
      ]),
    )
  })

  test('has no tool of the host twice', () => {
    const name = 'x'.repeat(130)
    expect(() => buildCatalog(undefined, [{ name }, { name }])).toThrow(
      expect.objectContaining({
        code: 'bad-option',
        message: `two tools have the name \`${'x'.repeat(128)}… (2 more characters)\``,
        help: 'leave one of them out, or give it a name of its own',
      }),
    )
  })

  test('tells which tools need something of a caller', () => {
    const requires = { scopes: ['s'] }
    const catalog = buildCatalog(file.tools, [{ name: 'c', requires }])
    expect(floorsOf(catalog)).toEqual(new Map([['c', requires]]))
    expect(floorsOf(undefined)).toEqual(new Map())
  })

  test.each<[string | undefined, string | undefined, object | undefined]>([
    [undefined, undefined, undefined],
    [undefined, 'new', undefined],
    ['old', undefined, undefined],
    ['old', 'old', { pin: 'old', isKept: true }],
    ['old', 'new', { pin: 'new', isKept: false }],
  ])('tells of a tool pinned to %s that is %s: %j', (stated, pin, expected) => {
    const entry = { ...file.tools![0]!, ...(stated === undefined ? {} : { pin: stated }) }
    const tool = { name: 'a', ...(pin === undefined ? {} : { pin }) }
    const pinned = pinnedTools([entry], [tool, { name: 'other', pin: 'new' }])
    expect([...pinned]).toEqual(expected === undefined ? [] : [['a', expected]])
    expect(pinnedTools([entry], undefined)).toEqual(new Map())
    expect(pinnedTools(undefined, [tool])).toEqual(new Map())
  })
})
