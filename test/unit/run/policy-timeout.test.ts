import { expect, test } from 'vitest'
import { agentOf, finish, policyOf, toolOf } from '../../support/agent.ts'

test('the timeout of a policy ends a call before the tool itself would', async () => {
  const slow = toolOf('slow', { timeoutMs: 60_000, execute: () => new Promise(() => undefined) })
  const policy = policyOf({
    rules: [{ id: 'may', allow: ['slow'] }],
    tools: { slow: { kind: 'read', timeout: '1ms' } },
  })
  const { start } = agentOf([{ calls: [{ tool: 'slow' }] }, { text: 'done' }], {
    tools: [slow],
    policy,
  })
  const { result } = await finish(start())
  expect(result.report.rows[0]).toMatchObject({
    status: 'timeout',
    error: { code: 'tool-timeout', message: expect.stringContaining('1 ms') },
  })
})
