import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/base/json.ts'
import { prepareRehearsals, type Rehearsal } from '../../../src/gate/rehearsal.ts'
import { compileSequences, SequenceLog } from '../../../src/gate/sequences.ts'
import { policyOf, user } from '../../support/agent.ts'

const then = (tools: readonly string[], effect = 'deny') => ({ tools, do: effect })

async function begin(...sequences: JsonObject[]): Promise<Rehearsal> {
  const rules = [{ id: 'all', allow: ['**'] }]
  const tools = {
    read: { kind: 'read' },
    remove: { kind: 'destructive' },
    net: { kind: 'network' },
  }
  const policy = policyOf({ rules, sequences, tools } as JsonObject).compile()
  return (await prepareRehearsals(policy))({ principal: user })
}

async function deciding(
  rehearsal: Rehearsal,
  tool: string,
  args: JsonObject = {},
): Promise<string> {
  const { effect, rule } = await rehearsal.decide({ tool, args })
  return `${effect} by ${rule}`
}

describe('a sequence `after`', () => {
  const sequence = { id: 's', after: ['read'], then: then(['net']), reason: 'a file was read' }

  test('stops what follows, from the permit of the first call on', async () => {
    const rehearsal = await begin(sequence)
    expect(await deciding(rehearsal, 'net')).toBe('allow by all')
    expect(await deciding(rehearsal, 'read')).toBe('allow by all')
    expect(await rehearsal.decide({ tool: 'net', args: {} })).toMatchObject({
      effect: 'deny',
      rule: 'sequences.s',
      reasons: ['a file was read', expect.any(String)],
      rules: [{ id: 'sequences.s', effect: 'deny' }, { id: 'all' }],
    })
    expect(await deciding(rehearsal, 'remove')).toBe('allow by all')
  })

  test('counts calls that failed', async () => {
    const rehearsal = await begin(sequence)
    await rehearsal.happened({ tool: 'read', args: {} }, 'no such file', false)
    expect(await deciding(rehearsal, 'net')).toBe('deny by sequences.s')
  })

  test('with `sameArg` concerns the same value, and what does not say which', async () => {
    const rehearsal = await begin({ ...sequence, sameArg: 'host' })
    await rehearsal.happened({ tool: 'read', args: { host: 'a' } })
    expect(await deciding(rehearsal, 'net', { host: 'b' })).toBe('allow by all')
    expect(await deciding(rehearsal, 'net', { host: 'a' })).toBe('deny by sequences.s')
    expect(await deciding(rehearsal, 'net')).toBe('deny by sequences.s')
    await rehearsal.happened({ tool: 'read', args: {} })
    expect(await deciding(rehearsal, 'net', { host: 'b' })).toBe('deny by sequences.s')
  })
})

describe('`sameArg` over a typed argument', () => {
  const tools = {
    read: { kind: 'read', args: { path: { is: 'path' } } },
    remove: { kind: 'destructive', args: { path: { is: 'path' } } },
  }
  const beginning = async (sequence: JsonObject): Promise<Rehearsal> => {
    const rules = [{ id: 'all', allow: ['**'] }]
    const policy = policyOf({ rules, tools, sequences: [sequence] } as JsonObject).compile()
    const rehearsal = (await prepareRehearsals(policy))({ principal: user })
    await rehearsal.happened({ tool: 'read', args: { path: 'notes/a.txt' } })
    return rehearsal
  }

  test.each<JsonValue[]>([
    ['./notes/a.txt'],
    ['notes//x/../a.txt'],
    ['Notes/A.txt'],
    [['notes/b.txt', 'notes/a.txt']],
    ['../a.txt'],
  ])('stops %j after `notes/a.txt`', async (path) => {
    const rehearsal = await beginning({
      id: 's',
      after: ['read'],
      sameArg: 'path',
      then: then(['remove']),
    } as unknown as JsonObject)
    expect(await deciding(rehearsal, 'remove', { path })).toBe('deny by sequences.s')
    expect(await deciding(rehearsal, 'remove', { path: 'notes/b.txt' })).toBe('allow by all')
  })

  test.each<[JsonValue, string]>([
    ['./notes/a.txt', 'allow by all'],
    ['Notes/A.txt', 'deny by sequences.s'],
    [['notes/a.txt', 'notes/b.txt'], 'deny by sequences.s'],
    ['../a.txt', 'deny by sequences.s'],
  ])('with `unless`, %j is %s', async (path, outcome) => {
    const rehearsal = await beginning({
      id: 's',
      unless: ['read'],
      sameArg: 'path',
      then: then(['remove']),
    } as unknown as JsonObject)
    expect(await deciding(rehearsal, 'remove', { path })).toBe(outcome)
  })
})

/** After a call with `at`, which a guard reads below `/srv/work` unless it is a URL. */
async function begun(
  is: string | undefined,
  kind: 'after' | 'unless',
  first: string,
): Promise<Rehearsal> {
  const facts = is === undefined ? {} : { args: { at: { is } } }
  const tools = { read: { kind: 'read', ...facts }, remove: { kind: 'destructive', ...facts } }
  const rules = [{ id: 'all', allow: ['**'] }]
  const paths = [
    { tools: ['*'], arg: '/at', root: '/srv/work' },
    { tools: ['other'], arg: '/at', root: '/' },
    { tools: ['*'], arg: '/else', root: '/' },
  ]
  const sequences = [{ id: 's', [kind]: ['read'], sameArg: 'at', then: then(['remove']) }]
  const guards = is === 'url' ? {} : { guards: { paths } }
  const known = { ...tools, other: { kind: 'read' } }
  const policy = policyOf({ rules, tools: known, sequences, ...guards } as JsonObject).compile()
  const rehearsal = (await prepareRehearsals(policy))({ principal: user })
  await rehearsal.happened({ tool: 'read', args: { at: first } })
  return rehearsal
}

describe('`sameArg` where spellings of one thing differ', () => {
  test.each<[string | undefined, string, string]>([
    ['path', 'a.txt', '/srv/work/a.txt'],
    ['path', '/srv/work/A.txt', 'a.txt'],
    [undefined, 'b/../a.txt', '/srv/work/a.txt'],
    [undefined, './a.txt', 'a.txt'],
    ['url', 'https://a.example/x', 'https://a.example/x#1'],
    ['url', 'http://a.example/x#2', 'https://A.example/x#1'],
    ['url', 'http://a.example:80/x', 'http://a.example/x'],
    ['url', 'HTTPS://a.example:443/x', 'http://a.example/x'],
    ['url', 'a.example/x', 'https://a.example/x'],
    ['url', 'https://a.example/%78?%7E-', 'https://a.example/x?~%2D'],
    ['url', 'https://a.example/%41%62%5A%7a%5f%2e', 'https://a.example/AbZz_.'],
    ['url', 'https://a.example/%30%39', 'https://a.example/09'],
  ])('stops %s `%s` once it was `%s`', async (is, at, first) => {
    const rehearsal = await begun(is, 'after', first)
    expect(await deciding(rehearsal, 'remove', { at })).toBe('deny by sequences.s')
    const other = is === 'url' ? 'https://a.example/y' : 'y.txt'
    expect(await deciding(rehearsal, 'remove', { at: other })).toBe('allow by all')
  })

  test.each<[string, JsonValue, JsonValue, JsonValue]>([
    ['/at/*', ['a.txt'], ['/srv/work/a.txt'], ['b.txt']],
    ['/at/to', { to: 'a.txt' }, { '0': '/srv/work/a.txt' }, { '0': 'b.txt' }],
    ['/*', 'a.txt', '/srv/work/a.txt', 'b.txt'],
  ])('wherever a guard of %s reads a path', async (arg, first, at, other) => {
    const rules = [{ id: 'all', allow: ['**'] }]
    const tools = { read: { kind: 'read' }, remove: { kind: 'destructive' } }
    const guards = { paths: [{ tools: ['read', 'remove'], arg, root: '/srv/work' }] }
    const sequences = [{ id: 's', after: ['read'], sameArg: 'at', then: then(['remove']) }]
    const policy = policyOf({ rules, tools, sequences, guards } as JsonObject).compile()
    const log = new SequenceLog(compileSequences(policy))
    log.permitted('read', { at: first })
    expect(log.check('remove', { at })).toHaveLength(1)
    expect(log.check('remove', { at: other })).toEqual([])
  })

  test.each<[string, string, string]>([
    ['url', 'https://a.example/x', 'https://a.example/x'],
    ['url', 'https://a.example/x', 'http://A.example/x#1'],
    ['path', 'notes/a.txt', 'Notes/a.txt'],
    ['email', 'ann@a.example', 'Ann@a.example'],
  ])('also for tools that say nothing about it: %s `%s` and `%s`', async (is, typed, plain) => {
    const rules = [{ id: 'all', allow: ['**'] }]
    const sequences = [{ id: 's', after: ['**'], sameArg: 'at', then: then(['**']) }]
    const tools = { read: { kind: 'read', args: { at: { is } } }, remove: { kind: 'destructive' } }
    const policy = policyOf({ rules, tools, sequences } as JsonObject).compile()
    const calls = [
      ['read', typed],
      ['remove', plain],
    ] as const
    for (const [[first, at], [second, again]] of [calls, calls.toReversed()] as const) {
      const log = new SequenceLog(compileSequences(policy))
      log.permitted(first!, { at: at! })
      expect(log.check(second!, { at: again! })).toHaveLength(1)
      expect(log.check(second!, { at: again!.replace(/x|n/, 'q') })).toEqual([])
    }
  })

  test('and not where the port or what is escaped differs', async () => {
    const rehearsal = await begun('url', 'after', 'https://a.example/a%2Fb')
    for (const at of ['https://a.example/a/b', 'https://a.example:80/a%2Fb']) {
      expect(await deciding(rehearsal, 'remove', { at })).toBe('allow by all')
    }
  })

  test('lets nothing pass that is not the same to the letter', async () => {
    const path = await begun('path', 'unless', 'a.txt')
    expect(await deciding(path, 'remove', { at: '/srv/work/a.txt' })).toBe('deny by sequences.s')
    expect(await deciding(path, 'remove', { at: './a.txt' })).toBe('allow by all')
    const url = await begun('url', 'unless', 'https://a.example/x')
    expect(await deciding(url, 'remove', { at: 'https://a.example/x#1' })).toBe(
      'deny by sequences.s',
    )
  })
})

describe('a sequence `unless`', () => {
  const sequence = { id: 's', unless: ['read'], then: then(['remove'], 'ask') }

  test('asks until the first call has succeeded', async () => {
    const rehearsal = await begin(sequence)
    expect(await deciding(rehearsal, 'remove')).toBe('ask by sequences.s')
    await rehearsal.happened({ tool: 'read', args: {} }, 'no such file', false)
    expect(await deciding(rehearsal, 'remove')).toBe('ask by sequences.s')
    await rehearsal.happened({ tool: 'read', args: {} })
    expect(await deciding(rehearsal, 'remove')).toBe('allow by all')
  })

  test('with `sameArg` needs the same value, compared as JSON', async () => {
    const rehearsal = await begin({ ...sequence, sameArg: 'path' })
    await rehearsal.happened({ tool: 'read', args: { path: { a: 1, b: 2 } } })
    expect(await deciding(rehearsal, 'remove', { path: 'x' })).toBe('ask by sequences.s')
    expect(await deciding(rehearsal, 'remove')).toBe('ask by sequences.s')
    expect(await deciding(rehearsal, 'remove', { path: { b: 2, a: 1 } })).toBe('allow by all')
  })
})

test.each<[JsonObject, string]>([
  [{ after: ['read', 'remove'] }, 'forbids this once `read`, `remove` was called in the session'],
  [{ unless: ['read'] }, 'forbids this until `read` was called in the session'],
  [
    { unless: ['read'], sameArg: 'path' },
    'forbids this until `read` was called with the same `path` in the session',
  ],
])('a sequence %j without a reason of its own says what it forbids', async (fields, reason) => {
  const rehearsal = await begin({ id: 's', then: then(['net']), ...fields })
  if ('after' in fields) await rehearsal.happened({ tool: 'read', args: {} })
  const { reasons } = await rehearsal.decide({ tool: 'net', args: {} })
  expect(reasons[0]).toBe(`sequence \`s\` ${reason}`)
})

describe('a sequence of several tools', () => {
  const several = { id: 's', after: ['read', 'remove'], then: then(['net', 'remove']) }

  test.each(['read', 'remove'])('begins with any of them: %s', async (first) => {
    const rehearsal = await begin(several)
    await rehearsal.happened({ tool: first, args: {} })
    expect(await deciding(rehearsal, 'net')).toBe('deny by sequences.s')
    expect(await deciding(rehearsal, 'remove')).toBe('deny by sequences.s')
    expect(await deciding(rehearsal, 'read')).toBe('allow by all')
  })
})

describe('calls that do not say which', () => {
  test('are stopped by `after` only once something happened', async () => {
    const rehearsal = await begin({
      id: 's',
      after: ['read'],
      sameArg: 'host',
      then: then(['net']),
    })
    expect(await deciding(rehearsal, 'net')).toBe('allow by all')
    await rehearsal.happened({ tool: 'read', args: { host: 'a' } })
    expect(await deciding(rehearsal, 'net')).toBe('deny by sequences.s')
  })

  test('do not count for `unless`', async () => {
    const rehearsal = await begin({
      id: 's',
      unless: ['read'],
      sameArg: 'path',
      then: then(['net']),
    })
    await rehearsal.happened({ tool: 'read', args: {} })
    expect(await deciding(rehearsal, 'net', { path: 'a' })).toBe('deny by sequences.s')
    expect(await deciding(rehearsal, 'net')).toBe('deny by sequences.s')
  })
})

test('a permitted call that is judged again counts for nothing until then, equal ones go on counting', () => {
  const after = { id: 'a', after: ['read'], sameArg: 'n', then: then(['net']) }
  const log = new SequenceLog(
    compileSequences(policyOf({ sequences: [after] } as JsonObject).compile()),
  )
  const isStopped = (n: number): boolean => log.check('net', { n }).length > 0
  log.permitted('read', { n: 1 }, 'one')
  log.permitted('read', { n: 1 }, 'two')
  log.withdraw('one')
  expect(isStopped(1)).toBe(true)
  log.withdraw('two')
  expect(isStopped(1)).toBe(false)
  log.permitted('read', { n: 1 }, 'one')
  log.ran('one')
  log.withdraw('one')
  expect(isStopped(1)).toBe(true)
  // of so many that nobody hears of again the first ones count for good
  for (let n = 2; n < 100; n++) log.permitted('read', { n }, `call ${n}`)
  log.withdraw('call 2')
  log.withdraw('call 99')
  expect([2, 3, 98, 99].map(isStopped)).toEqual([true, true, true, false])
})

test('more values than are remembered stand for all of them', () => {
  const after = { id: 'a', after: ['read'], sameArg: 'n', then: then(['net']) }
  const unless = { id: 'u', unless: ['read'], sameArg: 'n', then: then(['remove']) }
  const policy = policyOf({ sequences: [after, unless] } as JsonObject).compile()
  const log = new SequenceLog(compileSequences(policy))
  const stopped = (tool: string, n: number): readonly string[] =>
    log.check(tool, { n }).map(({ rule }) => rule)
  for (let n = 0; n < 10_000; n++) {
    log.permitted('read', { n })
    log.succeeded('read', { n })
  }
  expect(stopped('net', -1)).toEqual([])
  expect(stopped('remove', 9_999)).toEqual([])
  log.permitted('read', { n: 10_000 })
  log.succeeded('read', { n: 10_000 })
  expect(stopped('net', -1)).toEqual(['sequences.a'])
  expect(stopped('remove', 10_000)).toEqual(['sequences.u'])
})

test('a deny of a rule outranks a sequence that asks', async () => {
  const rules = [{ id: 'no', deny: ['net'] }]
  const sequences = [{ id: 's', unless: ['read'], then: then(['net'], 'ask') }]
  const policy = policyOf({ rules, sequences } as JsonObject).compile()
  const rehearsal = (await prepareRehearsals(policy))({ principal: user })
  expect(await deciding(rehearsal, 'net')).toBe('deny by no')
})

describe('an argument of a sequence', () => {
  const rules = [{ id: 'all', allow: ['**'] }]
  const beginning = async (kind: 'after' | 'unless', is?: string): Promise<Rehearsal> => {
    const fact = is === undefined ? {} : { args: { x: { is } } }
    const policy = policyOf({
      rules,
      tools: { read: { kind: 'read', ...fact }, net: { kind: 'network', ...fact } },
      sequences: [{ id: 's', [kind]: ['read'], sameArg: 'x', then: then(['net']) }],
    } as unknown as JsonObject).compile()
    return (await prepareRehearsals(policy))({ principal: user })
  }

  test.each<[string | undefined, JsonValue, JsonValue, boolean, boolean]>([
    // its form, what was read, what is called, and whether `after` and `unless` call them the same
    [undefined, 'a', ' a ', true, true],
    [undefined, 'é', 'e\u0301', true, true],
    [undefined, 'A', 'a', true, false],
    [undefined, 1, '1', true, true],
    [undefined, true, 'true', true, true],
    [undefined, null, 'null', true, true],
    [undefined, ['a', 'b'], ['b'], true, true],
    [undefined, ['a', 'b'], ['c', 'b'], true, false],
    [undefined, ['a'], 'a', true, true],
    [undefined, { k: 'a' }, 'a', true, false],
    [undefined, { k: 'a' }, { k: 'a' }, true, true],
    [undefined, { k: 'a', l: 1 }, { l: 1, k: 'a' }, true, true],
    [undefined, [['a']], [['a']], true, true],
    [undefined, 'a', 'b', false, false],
    ['text', 'a', ' a', true, true],
    ['argv', 'a', ' a', true, true],
    ['sql', 'a', ' a', true, true],
    ['id', 'a', ' a', true, true],
    ['id', 'a', 'b', false, false],
    ['email', 'Ann@Mail.Example', 'Ann@mail.example', true, true],
    ['url', 'https://a.example', 'https://A.example:443/', true, true],
    ['url', 'https://a.example', 'https://b.example', false, false],
    ['money', '1.250', '1.250', true, true],
    ['money', '13%', '13 %', true, false],
    ['money', '13%', '13%', true, true],
    ['money', '1.250', '7.00', false, false],
    ['money', '12.50', '12,5', true, true],
    // what some tools read in one way and some in another is like either, and stands for neither
    ['money', '1.250', 1.25, true, false],
    ['money', '1250', '1.250', true, false],
    ['money', 1.125, 1.125, true, true],
    // what cannot be read may be any
    ['money', 'thirteen', 'thirteen', true, false],
    ['money', 'thirteen', '13', true, false],
    ['url', 'no url', 'https://a.example', true, false],
    ['url', 'https://a.example', 'no url', true, false],
    // nothing is no value at all
    [undefined, [], 'a', true, false],
    [undefined, 'a', [], true, false],
    [undefined, {}, 'a', true, false],
  ])('that is %s: %j and %j', async (is, read, called, afterSame, unlessSame) => {
    const outcomes: string[] = []
    for (const kind of ['after', 'unless'] as const) {
      const rehearsal = await beginning(kind, is)
      await rehearsal.happened({ tool: 'read', args: { x: read } })
      outcomes.push(await deciding(rehearsal, 'net', { x: called }))
    }
    expect(outcomes).toEqual([
      afterSame ? 'deny by sequences.s' : 'allow by all',
      unlessSame ? 'allow by all' : 'deny by sequences.s',
    ])
  })

  test('is one of the call itself, and no member that every object has', async () => {
    const policy = policyOf({
      sequences: [{ id: 's', after: ['read'], sameArg: 'constructor', then: then(['net']) }],
    } as unknown as JsonObject).compile()
    const log = new SequenceLog(compileSequences(policy))
    log.permitted('read', { constructor: 'a' })
    expect(log.check('net', { constructor: 'b' })).toEqual([])
    log.permitted('read', {})
    expect(log.check('net', { constructor: 'b' })).toHaveLength(1)
  })
})

test('a sequence is compiled with its place, and finds with its words', () => {
  const sequences = [
    { id: 'a', after: ['read'], then: then(['net'], 'ask'), reason: 'because' },
    { id: 'b', unless: ['read'], sameArg: 'n', then: then(['net']) },
  ]
  const [a, b] = compileSequences(policyOf({ sequences } as JsonObject).compile())
  const position = { file: 'desk.yaml', line: 1, column: expect.any(Number) as number }
  expect(a).toMatchObject({ id: 'a', kind: 'after', do: 'ask', reason: 'because', position })
  expect(Object.keys(a!)).not.toContain('sameArg')
  expect(b).toMatchObject({ id: 'b', kind: 'unless', do: 'deny', sameArg: 'n', position })
  const log = new SequenceLog([a!, b!])
  log.permittedAny()
  expect(log.check('net', { n: 1 })).toEqual([
    { effect: 'ask', rule: 'sequences.a', position: a!.position, reason: 'because' },
    { effect: 'deny', rule: 'sequences.b', position: b!.position, reason: b!.reason },
  ])
  expect(log.check('read', { n: 1 })).toEqual([])
})
