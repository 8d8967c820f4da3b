import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { mutationOf } from '../../../src/analysis/mutation.ts'
import { runSuite } from '../../../src/analysis/suite.ts'
import { loadPolicy } from '../../../src/loading/file.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { readPolicy } from '../../../src/policy/read.ts'
import { policyOf as loadedPolicyOf, toolOf } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { gateOf } from '../../support/gate.ts'
import { decideOn, findings, placed, policyOf } from '../../unit/policy/build.ts'

const head = 'sallyport: 1\nname: t\n'

function found(text: string): readonly string[] {
  return placed(findings(() => readPolicy(text, { file: 'p.yaml' })))
}

const limit = (window: string): string =>
  `${head}rules: []\nlimits: [{ id: l, tools: [t], per: session, max: 1, window: ${window} }]\n`

const rule = (fields: string): string => `${head}rules:\n  - { id: a, ${fields} }\n`

/** A list of nine, with a name to be repeated by. */
function level(name: string, of: string): string {
  return `&${name} [${Array.from({ length: 9 }, () => of).join(', ')}]`
}

describe('a file does not load', () => {
  test.each([
    ['P01: with a key twice', `${head}rules: []\nrules: []\n`, ['duplicate-key 4:1']],
    [
      'P01: with a key twice in a rule, however it is written',
      rule('allow: [t], "allow": [u]'),
      ['duplicate-key 4:26'],
    ],
    ['P02: with a merge key', `${head}rules: []\n<<: {__proto__: {x: 1}}\n`, ['merge-key 4:1']],
    [
      'P02: with a key that reaches a prototype',
      `${head}rules: []\nvars: { __proto__: a }\n`,
      ['forbidden-key 4:9'],
    ],
    [
      'P05: with a number for a duration, which YAML 1.1 would read in octal',
      limit('010'),
      ['wrong-type 4:61'],
    ],
    ['P05: with a time of day for a duration', limit('1:30'), ['bad-value 4:61']],
    [
      'P05: with a word for a boolean',
      `${head}rules: []\napprovals: { selfApproval: yes }\n`,
      ['wrong-type 4:28'],
    ],
    ['P06: with `alow`', rule('alow: [t]'), ['missing-key 4:11', 'unknown-key 4:14']],
    ['P06: with `denny`', rule('denny: [t]'), ['missing-key 4:11', 'unknown-key 4:14']],
    ['P06: with `scope`', rule('allow: [t], who: { scope: [x] }'), ['unknown-key 4:33']],
    ['P06: with `maximun`', rule('allow: [t], args: { x: { maximun: 1 } }'), ['unknown-key 4:39']],
    ['P07: that is empty', '', ['missing-key 1:1']],
    ['P07: without rules', head, ['missing-key 1:1']],
    [
      'P11: with half a pattern',
      rule(`allow: [t], args: { x: { matches: '(a' } }`),
      ['bad-pattern 4:48'],
    ],
    [
      'P14: with roles that inherit each other',
      `${head}roles: { a: { inherits: [b] }, b: { inherits: [a] } }\nrules: []\n`,
      ['role-cycle 3:10', 'role-cycle 3:32'],
    ],
    [
      'P14: with a role nobody defines',
      rule('allow: [t], who: { roles: [ghost] }'),
      ['unknown-role 4:41'],
    ],
    [
      'P15: with braces in a glob',
      rule(`allow: ['${'{a,'.repeat(40)}b${'}'.repeat(40)}']`),
      ['bad-value 4:22'],
    ],
    ['P15: with nested repetition in a glob', rule(`allow: ['+(+(a))']`), ['bad-value 4:22']],
    [
      'P16: with a direction character in an id',
      `${head}rules: [{ id: "a\u202eb", allow: [t] }]\n`,
      ['invisible 3:17'],
    ],
    [
      'P16: with an escaped one in a reason',
      rule(`deny: [t], reason: "x\\u202Ey"`),
      ['invisible 4:33'],
    ],
    [
      'P21: with choices 50 deep',
      rule(`allow: [t], args: { x: ${'{ anyOf: ['.repeat(50)}{ const: 1 }${'] }'.repeat(50)} }`),
      ['too-deep 4:187'],
    ],
    [
      'P21: that is larger than what is read',
      `${head}#${' '.repeat(4 * 1024 * 1024)}`,
      ['too-large 1:1'],
    ],
  ])('%s', (_what, text, expected) => {
    expect(found(text)).toEqual(expected)
  })

  test.each([head, `${head}rules: []\n`])(
    'P03: with aliases that multiply, also in tests',
    (start) => {
      const lists = ['x', ...'abcdefgh'].map((name, index, all) =>
        level(`${name}${index}`, index === 0 ? 'x' : `*${all[index - 1]}${index - 1}`),
      )
      const text = `${start}tests:\n${lists.map((list) => `  - ${list}\n`).join('')}`
      const codes = new Set(found(text).map((place) => place.split(' ')[0]))
      expect(codes).toContain('alias')
    },
  )

  test.each([
    ['YAML', `${head}rules: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`],
    ['JSON', `{"sallyport":1,"name":"t","rules":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
  ])('P04: nested 10,000 deep in %s', (_format, text) => {
    expect(findings(() => readPolicy(text, { file: 'p' })).map(({ code }) => code)).toEqual([
      'too-deep',
    ])
  })

  test('P07: when it is not there', async () => {
    await expect(loadPolicy(join(temporaryFolder(), 'none.yaml'))).rejects.toMatchObject({
      code: 'bad-file',
    })
  })

  test('P08: with an argument the tool does not have', () => {
    const rules = [{ id: 'a', allow: ['car'], args: { resturant: { type: 'string' } } }]
    const tools = [{ name: 'car', argumentNames: ['restaurant', 'day'] }]
    expect(findings(() => policyOf({ rules }, tools))).toMatchObject([
      { code: 'unknown-argument', help: 'did you mean `restaurant`?' },
    ])
  })

  test('P10: with a glob that stands for no tool', () => {
    const rules = [{ id: 'a', deny: ['male.*'] }]
    const tools = [{ name: 'mail.send' }]
    expect(findings(() => policyOf({ rules }, tools)).map(({ code }) => code)).toEqual(['no-match'])
  })
})

test('P05: a name that YAML 1.1 takes for a boolean stays a name', () => {
  const text = `${head}roles: { no: {}, off: {} }\nrules: [{ id: y, allow: [on], who: { roles: [no] } }]\n`
  const policy = compilePolicy(readPolicy(text, { file: 'p.yaml' }))
  const effectFor = (role: string): string => {
    const principal = { subject: 's', roles: [role], scopes: [] }
    return decideOn(policy, {}, { tool: 'on', principal }).effect
  }
  expect(effectFor('no')).toBe('allow')
  expect(effectFor('off')).toBe('deny')
})

test('P07: without a rule nothing is permitted', () => {
  expect(decideOn(policyOf({ rules: [] }))).toMatchObject({ effect: 'deny', rule: 'default' })
})

test('P09: a condition the wrong way round fails the tests of its file', async () => {
  const who = { subject: 'u', roles: ['user'], scopes: [] }
  const tests = [
    { name: 'own', as: who, call: { tool: 'delete', args: { id: 'mine' } }, expect: 'allow' },
    { name: 'other', as: who, call: { tool: 'delete', args: { id: 'x' } }, expect: 'deny' },
  ]
  const withTest = (id: object): ReturnType<typeof policyOf> =>
    policyOf({ rules: [{ id: 'own', allow: ['delete'], args: { id } }], tests })
  const outcomes = async (id: object): Promise<readonly boolean[]> => {
    const policy = withTest(id)
    const results = await runSuite(policy, { tests: policy.tests })
    return results.map(({ passed }) => passed)
  }
  expect(await outcomes({ const: 'mine' })).toEqual([true, true])
  expect(await outcomes({ not: { const: 'mine' } })).toEqual([false, false])
  // and a suite that would not notice says so
  const { document } = withTest({ const: 'mine' })
  const { survivors } = await mutationOf(document, compilePolicy, {
    tests: document.tests.slice(0, 1),
  })
  expect(survivors.length).toBeGreaterThan(0)
})

test('P19: the folder of the policy is out of reach of what writes in the workspace', async () => {
  const guards = {
    paths: [
      {
        tools: ['write'],
        arg: '/path',
        root: '/srv/workspace',
        deny: ['.sallyport/**', '**/*.policy.yaml'],
      },
    ],
  }
  const policy = loadedPolicyOf({ rules: [{ id: 'all', allow: ['write'] }], guards })
  const { judge } = await gateOf(policy, [toolOf('write')])
  const write = async (path: string): Promise<string> => {
    const { decision } = await judge('write', { path })
    return `${decision.effect} by ${decision.rule}`
  }
  expect(await write('notes.txt')).toBe('allow by all')
  for (const path of [
    '../desk.yaml',
    '/srv/desk.yaml',
    '.sallyport/settings.json',
    '.SALLYPORT/settings.json',
    'sub/own.policy.yaml',
    'sub/../own.Policy.YAML',
  ]) {
    expect(await write(path)).toBe('deny by guards.paths')
  }
})

test('P21: 10,000 rules load and are decided about', () => {
  const rules = Array.from({ length: 10_000 }, (_, index) => ({
    id: `r${index}`,
    allow: ['tool'],
    args: { x: { const: index } },
  }))
  const policy = policyOf({ rules })
  expect(decideOn(policy, { x: 9999 })).toMatchObject({ effect: 'allow', rule: 'r9999' })
  expect(decideOn(policy, { x: 10_000 })).toMatchObject({ effect: 'deny', rule: 'default' })
})
