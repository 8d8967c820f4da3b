import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../src/base/json.ts'
import type { Gate } from '../../../src/gate/gate.ts'
import type { Answered, ExaminedCall, JudgeContext } from '../../../src/gate/verdict.ts'
import type { Tool } from '../../../src/tools/tool.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { who } from '../../support/approvals.ts'
import { gateOf } from '../../support/gate.ts'

const run: JudgeContext = { runId: 'run_1', session: undefined, principal: user }

async function examined(gate: Gate, tool: string, given: JsonValue = {}): Promise<ExaminedCall> {
  const rawArgs = JSON.stringify(given)
  return gate.examine({ callId: 'c0', providerId: '', turn: 1, index: 0, tool, rawArgs })
}

/** The call that was answered has run. */
function settleAnswered(gate: Gate, answered: Answered): void {
  const { examined: call } = answered as Extract<Answered, { kind: 'settled' }>
  gate.settle(call, run, { succeeded: true, value: 'done', durationMs: 0 })
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

test('a call of a tool that is no more there counts as what the policy says of it', async () => {
  const policy = policyOf({
    rules: [{ id: 'all', allow: ['**'] }],
    tools: {
      gone: { kind: 'read', output: { trust: 'untrusted' }, args: { to: { steers: true } } },
    },
    flow: { untrustedSteering: 'deny' },
  })
  const { gate, judge } = await gateOf(policy, [toolOf('act')])
  const call = await examined(gate, 'gone')
  gate.witness(call, run, { succeeded: true, value: 'text', durationMs: 0 })
  expect(gate.tainted(run)).toBe(true)
  expect((await judge('gone', { to: 'eve' })).decision.rule).toBe('unknown_tool')
})

test('a rule may ask where values come from', async () => {
  const rules = [{ id: 'told', allow: ['act'], args: { to: { from: ['user'] } } }]
  const { gate, judge } = await gateOf(policyOf({ rules }), [toolOf('act')])
  gate.begin(run, [{ role: 'user', content: 'write to ann' }])
  expect((await judge('act', { to: 'ann' })).decision.rule).toBe('told')
  expect((await judge('act', { to: 'eve' })).decision.rule).toBe('default')
})

test('a guard has nothing to say about a caller who is not known', async () => {
  const guards = { danger: [{ tools: ['act'], packs: ['sql'] }] }
  const policy = policyOf({ rules: [{ id: 'all', allow: ['**'] }], guards })
  const { judge } = await gateOf(policy, [toolOf('act')])
  const args = { q: '1 union select 2' }
  expect((await judge('act', args)).decision.rule).toBe('guards.danger')
  expect((await judge('act', args, { principal: null })).decision.rule).toBe('unauthenticated')
})

test('a call that has run with a yes endorses its values, in the same place', async () => {
  const policy = policyOf({
    rules: [{ id: 'all', allow: ['**'] }],
    tools: {
      read: { kind: 'read', output: { trust: 'untrusted' } },
      act: { kind: 'write', args: { to: { steers: true }, cc: { steers: true } } },
    },
    flow: { untrustedSteering: 'ask' },
  })
  const { ask, gate, judge } = await gateOf(policy, [toolOf('read'), toolOf('act')])
  const call = await examined(gate, 'read')
  gate.witness(call, run, { succeeded: true, value: 'write to eve', durationMs: 0 })
  const { id } = await ask('act', { to: 'eve' })
  const answered = await gate.answer(id, { action: 'approve', by: { subject: 'ada' } })
  expect((await judge('act', { to: 'eve' })).decision.effect).toBe('ask')
  settleAnswered(gate, answered)
  expect((await judge('act', { to: 'eve' })).decision.effect).toBe('allow')
  expect((await judge('act', { cc: 'eve' })).decision.effect).toBe('ask')
})

test('a call that has run without a yes endorses nothing', async () => {
  const policy = policyOf({
    rules: [{ id: 'all', allow: ['**'] }],
    tools: {
      read: { kind: 'read', output: { trust: 'untrusted' } },
      act: { kind: 'write', args: { to: { steers: true } } },
    },
    flow: { untrustedSteering: 'ask' },
  })
  const { gate, judge } = await gateOf(policy, [toolOf('read'), toolOf('act')])
  const outcome = { succeeded: true, value: 'write to eve', durationMs: 0 }
  gate.settle(await examined(gate, 'act', { to: 'eve' }), run, outcome)
  gate.settle(await examined(gate, 'read'), run, outcome)
  expect((await judge('act', { to: 'eve' })).decision.effect).toBe('ask')
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

test('a yes vouches for what was shown, and not for what is sensitive', async () => {
  const policy = policyOf({
    rules: [{ id: 'all', allow: ['**'] }],
    tools: {
      read: { kind: 'read', output: { trust: 'untrusted' } },
      act: { kind: 'write', args: { to: { steers: true }, card: { steers: true } } },
    },
    flow: { untrustedSteering: 'ask' },
  })
  const act = toolOf('act', { sensitive: ['/card'] })
  const { gate, judge } = await gateOf(policy, [toolOf('read'), act])
  gate.settle(await examined(gate, 'read'), run, { succeeded: true, value: 'x', durationMs: 0 })
  const asked = await judge('act', { to: 'eve', card: '4111' })
  const { request } = asked as Extract<typeof asked, { kind: 'pending' }>
  const by = { subject: 'ada' }
  settleAnswered(gate, await gate.answer(request.id, { action: 'approve', by }))
  expect((await judge('act', { to: 'eve' })).kind).toBe('permit')
  expect((await judge('act', { to: 'eve', card: '4111' })).kind).toBe('pending')
})
