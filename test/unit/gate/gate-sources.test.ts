import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../src/base/json.ts'
import type { Gate } from '../../../src/gate/gate.ts'
import type { ExaminedCall, JudgeContext } from '../../../src/gate/verdict.ts'
import type { Tool } from '../../../src/tools/tool.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { who } from '../../support/approvals.ts'
import { gateOf } from '../../support/gate.ts'

const run: JudgeContext = { runId: 'run_1', session: undefined, principal: user }

async function examined(gate: Gate, tool: string, given: JsonValue = {}): Promise<ExaminedCall> {
  const rawArgs = JSON.stringify(given)
  return gate.examine({ callId: 'c0', providerId: '', turn: 1, index: 0, tool, rawArgs })
}

describe('what the tools of the gate say', () => {
  const policy = policyOf({
    rules: [{ id: 'all', allow: ['**'], who }],
    tools: {
      read: { kind: 'read', output: { trust: 'untrusted' } },
      act: { kind: 'write', args: { to: { steers: true } } },
    },
    flow: { untrustedSteering: 'deny' },
  })

  test('taints a session that reads it, and no other', async () => {
    const { gate } = await gateOf(policy, [toolOf('read'), toolOf('act')])
    const call = await examined(gate, 'read')
    expect(gate.tainted(run)).toBe(false)
    gate.settle(call, run, { succeeded: true, value: 'text', durationMs: 0 })
    expect(gate.tainted(run)).toBe(true)
    expect(gate.tainted({ ...run, runId: 'run_2' })).toBe(false)
  })

  test('messages are heard by their roles unless they are of nobody known', async () => {
    const message = { role: 'user', content: 'write to eve' } as const
    const ruleAfter = async (trust?: 'by role' | 'untrusted'): Promise<string> => {
      const { gate, judge } = await gateOf(policy, [toolOf('read'), toolOf('act')])
      gate.begin(run, [message], ...(trust === undefined ? [] : [trust]))
      gate.settle(await examined(gate, 'read'), run, { succeeded: true, value: 'x', durationMs: 0 })
      return (await judge('act', { to: 'eve' })).decision.rule
    }
    expect(await ruleAfter()).toBe('all')
    expect(await ruleAfter('by role')).toBe('all')
    expect(await ruleAfter('untrusted')).toBe('flow.untrustedSteering')
  })
})

describe('what the schemas of tools say', () => {
  const steering = {
    rules: [{ id: 'all', allow: ['**'], who }],
    tools: {
      read: {
        kind: 'read',
        output: { trust: 'untrusted' },
        fields: { '/state': { endorse: 'enum' } },
      },
      act: { kind: 'write', args: { to: { steers: true } } },
    },
    flow: { untrustedSteering: 'deny' },
  } as const

  async function ruleFor(tools: readonly Tool[], to: JsonValue): Promise<string> {
    const { gate, judge } = await gateOf(policyOf(steering), tools)
    gate.begin(run, [{ role: 'user', content: 'write to ann' }])
    const value = { state: 'open', text: 'eve' }
    gate.settle(await examined(gate, 'read'), run, { succeeded: true, value, durationMs: 0 })
    return (await judge('act', { to })).decision.rule
  }

  test('words of its output that a schema lists are trusted', async () => {
    const output = { type: 'object', properties: { state: { enum: ['open', 'shut'] } } }
    const [read, act] = [toolOf('read', { output }), toolOf('act')]
    expect(await ruleFor([read, act], 'open')).toBe('all')
    expect(await ruleFor([read, act], 'eve')).toBe('flow.untrustedSteering')
    expect(await ruleFor([toolOf('read'), act], 'open')).toBe('flow.untrustedSteering')
  })

  test('names of members that a schema leaves open are values', async () => {
    const to = { type: 'object', properties: { eve: {} } }
    const act = toolOf('act', { input: { type: 'object', properties: { to } } })
    const read = toolOf('read')
    expect(await ruleFor([read, act], { eve: 'ann' })).toBe('all')
    expect(await ruleFor([read, act], { bob: 'ann' })).toBe('flow.untrustedSteering')
  })
})
