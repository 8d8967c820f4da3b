import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { RunOptions } from '../../../src/runtime-options.ts'
import { agentOf, allowing, finish, noting, only, policyOf } from '../../support/agent.ts'

const scope = [
  { tools: ['read_*'] },
  { tools: ['pay'], args: { amount: { type: 'number', maximum: 10 } } },
] as const

async function running(
  calls: readonly { readonly tool: string; readonly args?: JsonObject }[],
  options: Partial<RunOptions> = { scope },
) {
  const tools = ['read_file', 'pay', 'mail'].map((name) => noting(name).tool)
  const policy = allowing('read_file', 'pay')
  const { start } = agentOf([{ calls }, { text: 'done' }], { tools, policy })
  return finish(start(options))
}

test('a run for a task is denied what the task does not need', async () => {
  const { result, events } = await running([
    { tool: 'read_file' },
    { tool: 'pay', args: { amount: 10 } },
    { tool: 'pay', args: { amount: 11 } },
    { tool: 'pay' },
  ])
  expect(result.report.rows.map(({ status, decision }) => [status, decision?.rule])).toEqual([
    ['success', 'allowed'],
    ['success', 'allowed'],
    ['error-security', 'scope'],
    ['error-security', 'scope'],
  ])
  expect(result.report.header.scope).toEqual(scope)
  expect(only(events, 'run-start')[0]!.scope).toEqual(scope)
})

test('a scope permits nothing that the policy does not', async () => {
  const { result } = await running([{ tool: 'mail' }], { scope: { tools: ['**'] } })
  expect(result.report.rows[0]).toMatchObject({
    status: 'error-security',
    decision: { rule: 'default' },
  })
})

test('the model is told that the task does not need the call', async () => {
  const { result } = await running([{ tool: 'pay', args: { amount: 99 } }])
  const message = result.messages.findLast(({ role }) => role === 'tool')
  expect(message?.content).toContain('this run was started for a task')
})

test.each<[string, unknown]>([
  ['a tool that does not exist', { tools: ['red_file'] }],
  ['no tools', { tools: [] }],
  ['an unknown member', { tools: ['pay'], who: { roles: ['user'] } }],
  ['an unknown test', { tools: ['pay'], args: { amount: { most: 1 } } }],
  ['no object', 'pay'],
  ['a list of texts', ['pay']],
])('a scope with %s is refused and nothing runs', async (_, wrong) => {
  const { tool, calls } = noting('pay')
  const { start, model } = agentOf([{ calls: [{ tool: 'pay' }] }], {
    tools: [tool],
    policy: allowing('pay'),
  })
  const run = start({ scope: wrong as NonNullable<RunOptions['scope']> })
  await expect(run.result()).rejects.toMatchObject({ code: 'bad-option' })
  expect([calls, model.requests.length]).toEqual([[], 0])
})

test('a scope may demand that an argument comes from the user', async () => {
  const policy = policyOf({
    rules: [{ id: 'all', allow: ['**'] }],
    flow: { untrustedSteering: 'ask' },
  })
  const paying = async (input: string): Promise<string | undefined> => {
    const calls = [{ tool: 'pay', args: { to: 'ada' } }]
    const { start } = agentOf([{ calls }, { text: 'done' }], {
      tools: [noting('pay').tool],
      policy,
    })
    const from = [{ tools: ['pay'], args: { to: { from: ['user'] } } }]
    const { result } = await finish(start({ input, scope: from }))
    return result.report.rows[0]!.decision?.rule
  }
  expect(await paying('pay ada what we owe')).toBe('all')
  expect(await paying('pay everybody')).toBe('scope')
})
