import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readPolicyText } from '../../../src/loading/text.ts'
import { expectDecision, policySuite } from '../../../src/testing/policy-suite.ts'
import { toolOf } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { root, runProgram } from '../../support/program.ts'

const desk = `sallyport: 1
name: desk
identity: { anonymous: deny }
roles: { support: {} }
tools: { refund: { kind: write } }
rules:
  - id: small
    allow: [refund]
    who: { roles: [support] }
    args: { amount: { type: number, maximum: 100 } }
limits: [{ id: calls, tools: [refund], per: session, max: 2, over: deny }]
`
const ada = { subject: 'ada', roles: ['support'] }

const tests = `tests:
  - name: small refunds
    as: { subject: ada, roles: [support] }
    call: { tool: refund, args: { amount: 7 } }
    expect: allow
    by: small
  - name: large refunds
    as: { subject: ada, roles: [support] }
    call: { tool: refund, args: { amount: 700 } }
    expect: allow
`

function fileOf(text: string, name = 'desk.yaml', folder = temporaryFolder()): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('the tests of a policy as cases', () => {
  test('pass and fail one by one, with their places and what was decided instead', async () => {
    const path = fileOf(desk + tests)
    const cases = await policySuite(path)
    expect(cases.map(({ name, place }) => [name, place])).toEqual([
      ['small refunds', { file: path, line: 13, column: 5 }],
      ['large refunds', { file: path, line: 18, column: 5 }],
    ])
    await expect(cases[0]!.run()).resolves.toBeUndefined()
    const failure = await cases[1]!.run().catch((error: unknown) => error as Error)
    expect(failure).toMatchObject({
      name: 'AssertionError',
      code: 'ERR_ASSERTION',
      actual: { effect: 'deny', by: 'default' },
      message: expect.stringMatching(
        /^expected allow, got deny by default\n {2}call: refund \{"amount":700\}\n {2}why: /,
      ),
    })
    expect((failure as Error).stack).toContain(`at tests (${path}:18:5)`)
  })

  test('are validated by the schemas of tools that are given', async () => {
    const path = fileOf(desk + tests)
    const input = { type: 'object', properties: { amount: { type: 'string' } } }
    const [small] = await policySuite(path, { tools: [toolOf('refund', { input })] })
    await expect(small!.run()).rejects.toThrow(/got deny by bad_args/)
  })

  test('may stand in a file beside the policy', async () => {
    const folder = temporaryFolder()
    fileOf(desk, 'desk.yaml', folder)
    const beside = fileOf(`policy: desk.yaml\n${tests}`, 'desk.test.yaml', folder)
    const [small, large] = await policySuite(beside)
    expect(small!.place).toEqual({ file: beside, line: 3, column: 5 })
    await small!.run()
    await expect(large!.run()).rejects.toThrow(/got deny by default/)
  })

  test('are not none', async () => {
    await expect(policySuite(fileOf(desk))).rejects.toThrow(/has no tests/)
    await expect(policySuite('/not/there.test.yaml')).rejects.toMatchObject({ code: 'bad-file' })
    await expect(policySuite(fileOf('rules: ['))).rejects.toMatchObject({ code: 'bad-policy' })
  })

  test('are cases for the runner that comes with Node', async () => {
    const path = fileOf(desk + tests)
    const program = fileOf(
      `import { test } from 'node:test'
       import { policySuite } from '${root}/src/testing/policy-suite.ts'
       for (const { name, run } of await policySuite('${path}')) test(name, run)`,
      'policy.test.mjs',
    )
    const { code, out } = await runProgram(program)
    expect(code).toBe(1)
    expect(out).toMatch(/✔ small refunds/)
    expect(out).toMatch(/✖ large refunds/)
    expect(out).toContain(`${path}:18:5`)
  })
})

describe('an expected decision', () => {
  const policy = readPolicyText(desk, 'desk.yaml')

  test('is returned when it is what is decided', async () => {
    const call = { tool: 'refund', args: { amount: 7 } }
    const decision = await expectDecision(policy, { as: ada, call, expect: 'allow', by: 'small' })
    expect(decision).toMatchObject({ effect: 'allow', rule: 'small' })
  })

  test('knows what was before', async () => {
    const call = { tool: 'refund', args: { amount: 7 } }
    const given = [{ ...call, times: 2, result: 'done' }]
    await expectDecision(policy, { as: ada, given, call, expect: 'deny', by: 'limits.calls' })
    await expectDecision(policy, { call, expect: 'deny', by: 'unauthenticated' })
  })

  test('rejects with what was decided instead', async () => {
    const call = { tool: 'refund', args: { amount: 7 } }
    await expect(expectDecision(policy, { as: ada, call, expect: 'ask' })).rejects.toThrow(
      'expected ask, got allow by small (desk.yaml:7:5)',
    )
    await expect(
      expectDecision(policy, { as: ada, call, expect: 'allow', by: 'large' }),
    ).rejects.toThrow('expected allow by large, got allow by small')
  })

  test('is refused when no test could say it', async () => {
    const call = { tool: 'refund' }
    const wrong = { ass: ada, call, expect: 'allow' as const }
    await expect(expectDecision(policy, wrong)).rejects.toMatchObject({ code: 'bad-policy' })
  })
})
