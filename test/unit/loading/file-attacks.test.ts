import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runSuite } from '../../../src/analysis/suite.ts'
import { prepareRehearsals } from '../../../src/gate/rehearsal.ts'
import { loadPolicy, parsePolicy } from '../../../src/loading/file.ts'
import { createRuntime } from '../../../src/runtime.ts'
import { scripted } from '../../../src/testing/scripted.ts'
import { agentOf, finish, statusesOf, toolOf } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { policyText, problemsOf } from '../../support/policy-files.ts'
import { decideOn, user } from '../policy/build.ts'

/** What is wrong with the text, without its help. */
function problems(text: string): Promise<readonly string[]> {
  return problemsOf(parsePolicy(text, 'p.yaml'), '')
}

async function problemsWithTool(fields: string): Promise<readonly string[]> {
  const tool = toolOf('pay', {
    input: { type: 'object', properties: { amount: {} }, additionalProperties: false },
  })
  const { compile } = await parsePolicy(policyText(fields), 'p.yaml')
  return problemsOf(
    Promise.resolve().then(() => compile([tool])),
    '',
  )
}

const rule = (fields: string): string => `rules:\n  - { id: a, ${fields} }\n`
const aliasBomb = [
  'a0: &a0 [x, x, x, x, x, x, x, x, x]',
  ...Array.from({ length: 9 }, (_, index) => {
    const item = `*a${index}`
    return `a${index + 1}: &a${index + 1} [${Array.from({ length: 9 }, () => item).join(', ')}]`
  }),
].join('\n')

describe('a policy file does not load', () => {
  test.each([
    ['P01: with a key twice', `${policyText('rules: []\nrules: []\n')}`, 'duplicate-key'],
    ['P02: with a merge key', policyText('<<: { __proto__: { x: 1 } }\nrules: []\n'), 'merge-key'],
    [
      'P02: with a key of prototypes',
      policyText('__proto__: { x: 1 }\nrules: []\n'),
      'forbidden-key',
    ],
    ['P03: with a bomb of aliases', policyText(`rules: []\n${aliasBomb}\n`), 'alias'],
    [
      'P04: with lists 10,000 deep',
      policyText(`rules: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`),
      'too-deep',
    ],
    [
      'P05: with an octal number for a duration',
      policyText('approvals: { ttl: 010 }\nrules: []\n'),
      'wrong-type',
    ],
    [
      'P05: with a number of base 60',
      policyText('approvals: { ttl: 1:30 }\nrules: []\n'),
      'bad-value',
    ],
    ['P06: with `alow`', policyText(rule('alow: [t]')), 'unknown-key'],
    ['P06: with `denny`', policyText(rule('denny: [t]')), 'unknown-key'],
    ['P06: with `scope`', policyText(rule('allow: [t], who: { scope: [a] }')), 'unknown-key'],
    ['P07: that is empty', '', 'missing-key'],
    [
      'P11: with a bad pattern',
      policyText(rule("allow: [t], args: { x: { matches: 'a(' } }")),
      'bad-pattern',
    ],
    [
      'P11: with a pattern that is not linear',
      policyText(rule("deny: [t], args: { x: { matches: '(a+)+\\1' } }")),
      'bad-pattern',
    ],
    [
      'P14: with roles in a circle',
      policyText('roles: { a: { inherits: [a] } }\nrules: []\n'),
      'role-cycle',
    ],
    [
      'P14: with an unknown role',
      policyText(rule('allow: [t], who: { roles: [nobody] }')),
      'unknown-role',
    ],
    ['P15: with nested braces', policyText(rule(`allow: ['${'{a,'.repeat(30)}']`)), 'bad-value'],
    ['P15: with an extended glob', policyText(rule("allow: ['+(+(a))']")), 'bad-value'],
    ['P16: with a bidi override', policyText(rule("deny: [t], reason: 'a\u202eb'")), 'invisible'],
    [
      'P16: with an escaped bidi override',
      policyText(rule('deny: [t], reason: "a\\u202eb"')),
      'invisible',
    ],
    [
      'P21: with `anyOf` 50 deep',
      policyText(
        rule(`deny: [t], args: { x: ${'{ anyOf: ['.repeat(50)}{ const: 1 }${'] }'.repeat(50)} }`),
      ),
      'too-deep',
    ],
    [
      'P21: with more than 4 MiB',
      policyText(`rules: []\n${'# x\n'.repeat(1024 * 1024 + 1)}`),
      'too-large',
    ],
  ])('%s', async (_, text, code) => {
    const found = await problems(text)
    expect(found.map((line) => line.split(' ')[1])).toContain(code)
  })

  test('P05: nor are words of YAML 1.1 anything but texts', async () => {
    const text = policyText(
      'roles: { no: {}, on: {} }\nrules:\n  - { id: a, allow: [t], who: { roles: [no] } }\n',
    )
    const policy = (await parsePolicy(text, 'p.yaml')).compile()
    expect(policy.roles).toEqual(['no', 'on'])
  })

  test.each([
    [
      'P08: with an argument the tool does not have',
      rule('allow: [pay], args: { amont: { const: 1 } }'),
      'unknown-argument',
    ],
    ['P10: with a glob that matches nothing', rule('deny: [py*]'), 'no-match'],
    ['P10: with a tool that does not exist', rule('deny: [pya]'), 'unknown-tool'],
  ])('%s', async (_, fields, code) => {
    const found = await problemsWithTool(fields)
    expect(found.map((line) => line.split(' ')[1])).toEqual([code])
  })
})

describe('P07: nothing is allowed', () => {
  test('without rules', async () => {
    const policy = (await parsePolicy(policyText('rules: []\n'))).compile()
    expect(decideOn(policy)).toMatchObject({ effect: 'deny', rule: 'default' })
  })

  test('without a policy', async () => {
    const { runtime } = agentOf([{ calls: [{ tool: 'act' }] }, { text: 'done' }], {
      tools: [toolOf('act')],
    })
    const finished = await finish(runtime.run({ input: 'go' }))
    expect(statusesOf(finished)).toEqual(['error-security'])
  })

  test('when the file is missing: there is no policy then', async () => {
    const missing = loadPolicy(join(temporaryFolder(), 'gone.yaml'))
    await expect(missing).rejects.toMatchObject({ code: 'bad-file' })
  })
})

/** Whether the test of the file passes when its rule has this condition. */
async function passesWith(condition: string): Promise<boolean> {
  const text = policyText(
    `roles: { user: {} }\n${rule(`allow: [pay], args: { amount: ${condition} }`)}tests:\n` +
      '  - { name: small, as: { roles: [user] }, call: { tool: pay, args: { amount: 5 } }, expect: allow }\n',
  )
  const results = await runSuite((await parsePolicy(text)).compile())
  return results.every((result) => result.passed)
}

test('P09: a condition the wrong way round fails a test inside the file', async () => {
  expect(await passesWith('{ type: number, maximum: 100 }')).toBe(true)
  expect(await passesWith('{ type: number, minimum: 100 }')).toBe(false)
})

test('P19: an agent that writes its own policy is denied by a guard', async () => {
  const text = policyText(`rules:
  - { id: edit, allow: [write] }
tools: { write: { kind: write, args: { path: { is: path } } } }
guards:
  paths: [{ tools: [write], arg: /path, root: /srv/work, readOnly: ['**/*.policy.yaml', '*.policy.yaml'] }]
`)
  const policy = (await parsePolicy(text)).compile()
  const rehearsal = (await prepareRehearsals(policy))({ principal: user })
  const writing = async (path: string): Promise<string> => {
    const { effect, rule: by } = await rehearsal.decide({ tool: 'write', args: { path } })
    return `${effect} by ${by}`
  }
  expect(await writing('notes.txt')).toBe('allow by edit')
  expect(await writing('agent.policy.yaml')).toBe('deny by guards.paths')
  expect(await writing('sub/agent.policy.yaml')).toBe('deny by guards.paths')
})

test('P20: a policy in shadow needs the consent of the host, and the report says so', async () => {
  const policy = await parsePolicy(policyText('mode: shadow\nrules: []\n'))
  const make = (): unknown => createRuntime({ model: scripted([]), policy })
  expect(make).toThrow(expect.objectContaining({ code: 'bad-policy' }))
  const { start } = agentOf([{ text: 'done' }], { policy, allowShadow: true })
  const { result } = await finish(start())
  expect(result.report.header.policy.mode).toBe('shadow')
})

test('P21: 10,000 rules load and decide', async () => {
  const rules = Array.from({ length: 10_000 }, (_, index) => ({
    id: `r${index}`,
    allow: [`tool${index}`],
  }))
  const policy = (await parsePolicy(JSON.stringify({ sallyport: 1, name: 'p', rules }))).compile()
  expect(decideOn(policy, {}, { tool: 'tool9999' }).rule).toBe('r9999')
  expect(decideOn(policy, {}, { tool: 'tool10000' }).rule).toBe('default')
})
