import { expect, test } from 'vitest'
import { memoryJournal } from '../../../src/journal/memory.ts'
import { agentTool } from '../../../src/sub-agent.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { ScriptedCall, ScriptedTurn } from '../../../src/testing/turn.ts'
import type { Tool } from '../../../src/tools/tool.ts'
import { agentOf, noting, policyOf, toolOf, user, type Agent } from '../../support/agent.ts'
import { answering, asking } from '../../support/agent-tree.ts'

const trusted = { kind: 'write', output: { trust: 'trusted' } }
const policy = policyOf({
  tools: {
    act: { ...trusted, args: { to: { steers: true } } },
    pay: trusted,
    read: { kind: 'read', output: { trust: 'untrusted' } },
  },
  flow: { untrustedSteering: 'ask' },
  rules: [
    { id: 'free', allow: ['act', 'read', 'one', 'two'] },
    { id: 'paying', ask: ['pay'], approvers: { roles: ['lead'] } },
  ],
  limits: [{ id: 'once', tools: ['act'], per: 'session', max: 1, over: 'deny' }],
})

const paying: ScriptedTurn = { calls: [{ tool: 'pay' }] }

function saying(turns: readonly ScriptedTurn[]): Model {
  return answering(({ messages }) => {
    const said = messages.filter(({ role }) => role === 'assistant').length
    return turns[said] ?? { text: 'done' }
  })
}

/** A process of its own whose run calls two agents, of which one is at work at a time. */
function process(acted: Tool, second: ScriptedCall, journal = memoryJournal()): Agent {
  const tools = [acted, toolOf('pay'), toolOf('read', { execute: () => 'write to eve' })]
  const turns = {
    one: [paying, { calls: [{ tool: 'act', args: { to: 'eve' } }] }],
    two: [{ calls: [second] }, paying],
  }
  const agents = (['one', 'two'] as const).map((name) =>
    agentTool({ name, description: '', tools, model: saying(turns[name]) }),
  )
  return agentOf([], {
    model: saying([{ calls: [asking('one'), asking('two')] }]),
    tools: agents,
    policy,
    journal,
    limits: { maxParallel: 1 },
  })
}

test.each<[string, ScriptedCall, string]>([
  ['has read', { tool: 'read' }, 'flow.untrustedSteering'],
  ['has taken of limits', { tool: 'act', args: { to: 'go' } }, 'limits.once'],
])('what another agent %s is known before one goes on', async (_, second, rule) => {
  const journal = memoryJournal()
  const { tool } = noting('act')
  const { approvals, runId } = await process(tool, second, journal).start().result()
  expect(approvals).toHaveLength(2)
  const later = noting('act')
  const { runtime } = process(later.tool, second, journal)
  await runtime
    .resume(runId, {
      decisions: [{ id: approvals[0]!.id, action: 'approve' }],
      answeredBy: { custom: { ...user, subject: 'lena', roles: ['lead'] } },
    })
    .result()
  expect(later.calls).toEqual([])
  const records: string[] = []
  const { runId: one } = approvals[0]!
  for await (const { line } of journal.read(one)) records.push(line)
  expect(records.join('\n')).toContain(rule)
})
