import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/base/json.ts'
import { Sessions } from '../../../src/gate/session.ts'
import type { JudgeContext, Settlement } from '../../../src/gate/verdict.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { policyOf, user } from '../../support/agent.ts'
import { gateOf } from '../../support/gate.ts'
import { policyOf as plainPolicyOf } from '../policy/build.ts'
import {
  answer,
  opened,
  probes,
  proposing,
  rulesOf,
  run,
  sections,
  settled,
  tools,
} from './session-fixtures.ts'

describe('what a session has done', () => {
  test('is nothing at first', async () => {
    expect(await rulesOf(await opened(), probes)).toEqual(['all', 'sequences.until', 'all'])
  })

  test('counts by its arguments and by how it ended', async () => {
    const gate = await opened()
    await settled(gate.gate, 'read', { args: { n: 1 } })
    expect(await rulesOf(gate, probes)).toEqual(['sequences.after', 'all', 'all'])
    expect(await rulesOf(gate, { net: { n: 2 }, drop: { n: 2 } })).toEqual([
      'all',
      'sequences.until',
    ])
    await settled(gate.gate, 'read', { args: { n: 2 }, succeeded: false })
    expect(await rulesOf(gate, { net: { n: 2 }, drop: { n: 2 } })).toEqual([
      'sequences.after',
      'sequences.until',
    ])
  })

  test.each<[string, Partial<JudgeContext>, boolean]>([
    ['the same run', {}, true],
    ['another run of it', { runId: 'run_2' }, true],
    ['another session', { session: 't' }, false],
    ['the run by itself', { session: undefined }, false],
    ['another principal', { principal: { ...user, subject: 'user-2' } }, false],
    ['another tenant', { principal: { ...user, tenant: 'org' } }, false],
    ['nobody known', { principal: null }, false],
    ['other rights of the principal', { principal: { ...user, roles: ['user', 'lead'] } }, true],
  ])('is known to %s: %s', async (_, as, isKnown) => {
    const gate = await opened()
    await settled(gate.gate, 'page', { value: 'eve' })
    const context = { ...run, ...as }
    expect(gate.gate.tainted(context)).toBe(isKnown)
  })

  test('is forgotten with a run that has no session, and with no run of an agent', async () => {
    const { gate } = await opened()
    const alone = { ...run, session: undefined }
    const child = { ...alone, lineage: { root: 'run_1', principals: [], scopes: [] } }
    await settled(gate, 'page', {}, alone)
    gate.forget({ ...child, runId: 'run_9' })
    expect(gate.tainted(alone)).toBe(true)
    gate.forget(alone)
    expect(gate.tainted(alone)).toBe(false)
    await settled(gate, 'page')
    gate.forget(run)
    expect(gate.tainted(run)).toBe(true)
  })
})

describe('results', () => {
  const act = { act: { to: 'eve' } }

  test.each<[string, string, Partial<Settlement>, string]>([
    ['of a trusted tool vouch', 'read', { value: 'eve' }, 'all'],
    [
      'of a trusted tool that has failed do not vouch',
      'read',
      { value: 'eve', succeeded: false },
      'flow.untrustedSteering',
    ],
    ['of an untrusted tool do not vouch', 'page', { value: 'eve' }, 'flow.untrustedSteering'],
    [
      'that are foreign do not vouch',
      'read',
      { value: 'eve', isForeign: true },
      'flow.untrustedSteering',
    ],
    [
      'of an agent do not vouch',
      'agent',
      { value: 'eve', isDelegated: true },
      'flow.untrustedSteering',
    ],
  ])('%s', async (_, tool, outcome, rule) => {
    const gate = await opened()
    await settled(gate.gate, 'page', { args: { page: 1 }, value: 'nothing' })
    await settled(gate.gate, tool, outcome)
    expect(await rulesOf(gate, act)).toEqual([rule])
  })
})

describe('what a session hears', () => {
  test('from its principal and its people is trusted, from nobody known it is not', async () => {
    const message = { role: 'user', content: 'write to eve' } as const
    const rules: unknown[] = []
    for (const messages of [[], [message]]) {
      for (const trust of ['by role', 'untrusted'] as const) {
        const gate = await opened()
        gate.gate.begin(run, messages, trust)
        await settled(gate.gate, 'page')
        rules.push(...(await rulesOf(gate, { act: { to: 'eve' } })))
        expect(await rulesOf(gate, { act: { to: 'user-1' } })).toEqual(['all'])
      }
    }
    const no = 'flow.untrustedSteering'
    expect(rules).toEqual([no, no, 'all', no])
  })

  test('that is untrusted taints it', async () => {
    const { gate } = await opened()
    const message = { role: 'user', content: 'write to eve' } as const
    gate.begin(run, [message])
    expect(gate.tainted(run)).toBe(false)
    gate.begin(run, [message], 'untrusted')
    expect(gate.tainted(run)).toBe(true)
  })
})

describe('a policy that asks nothing of sessions', () => {
  test('keeps nothing and is never tainted', async () => {
    const gate = await opened({ rules: [{ id: 'all', allow: ['**'] }] })
    gate.gate.begin(run, [{ role: 'user', content: 'x' }], 'untrusted')
    gate.gate.remember(run, [{ runId: 'run_0', message: { role: 'user', content: 'x' } }])
    await settled(gate.gate, 'page')
    expect(gate.gate.tainted(run)).toBe(false)
    expect(await rulesOf(gate, probes)).toEqual(['all', 'all', 'all'])
  })
})

describe('a policy that asks only what was called', () => {
  test('hears and remembers text without minding it', async () => {
    const { flow: _flow, ...rest } = sections
    const gate = await opened(rest as JsonObject)
    gate.gate.begin(run, [{ role: 'user', content: 'x' }])
    gate.gate.begin(run, [{ role: 'user', content: 'x' }], 'untrusted')
    gate.gate.remember(run, [
      { runId: 'run_0', message: { role: 'user', content: 'x' }, untrusted: true },
    ])
    await settled(gate.gate, 'read', { args: { n: 1 } })
    expect(gate.gate.tainted(run)).toBe(false)
    expect(await rulesOf(gate, probes)).toEqual(['sequences.after', 'all', 'all'])
  })
})

describe('a policy that has changed', () => {
  const plain = { rules: [{ id: 'all', allow: ['**'] }], tools: sections['tools'] } as JsonObject

  test('is told everything the session did, heard, remembered and had approved', async () => {
    const all = policyOf(plain).compile(tools)
    const strict = policyOf(sections).compile(tools)
    for (const first of [all, strict]) {
      let policy: Policy = first
      const gate = await gateOf(() => policy, tools)
      gate.gate.begin(run, [{ role: 'user', content: 'write to ann' }])
      gate.gate.remember(run, [
        { runId: 'run_0', message: proposing('c1', 'read', { n: 1 }) },
        { runId: 'run_0', message: answer('c1', 'read', 'x'), status: 'success' },
      ])
      await settled(gate.gate, 'page')
      const call = {
        callId: 'a',
        providerId: '',
        turn: 1,
        index: 0,
        tool: 'act',
        rawArgs: '{"to":"bob"}',
      }
      gate.gate.recall(await gate.gate.examine(call), run, { approved: true, isCounted: false })
      policy = policyOf(sections).compile(tools)
      const no = 'flow.untrustedSteering'
      expect(await rulesOf(gate, probes)).toEqual(['sequences.after', 'all', no])
      for (const [to, rule] of [
        ['ann', 'all'],
        ['bob', 'all'],
        ['cid', no],
      ]) {
        expect(await rulesOf(gate, { act: { to: to! } })).toEqual([rule])
      }
      // runs that were told are still known
      gate.gate.remember(run, [
        { runId: 'run_0', message: proposing('c2', 'read', { n: 2 }) },
        { runId: 'run_0', message: answer('c2', 'read', 'x'), status: 'success' },
      ])
      expect(await rulesOf(gate, { net: { n: 2 } })).toEqual(['all'])
    }
  })
})

const named = (session: string): JudgeContext => ({ ...run, session })

describe('sessions', () => {
  const policy = plainPolicyOf({ rules: [], sequences: sections['sequences'] as JsonValue })

  test('that are too many let nobody new through', () => {
    let current = policy
    const sessions = new Sessions(() => current, { mayChange: true, surroundings: {} })
    for (let index = 0; index < 100_000; index++) sessions.of(named(`s${index}`))
    expect(() => sessions.of(named('one more'))).toThrow('too many sessions are open')
    expect(sessions.of(named('s0'))).toBe(sessions.of(named('s0')))
    current = plainPolicyOf({ rules: [] })
    expect(sessions.of(named('s0'))).toBeDefined()
    sessions.forget(named('s1'))
    expect(sessions.of(named('one more'))).toBeDefined()
  })

  test('that are too long are not judged under a policy that has changed', () => {
    const event = { kind: 'permitted', callId: 'c', tool: 'read', args: {} } as const
    let current = policy
    const sessions = new Sessions(() => current, { mayChange: true, surroundings: {} })
    const other = plainPolicyOf({ rules: [] })
    for (const name of ['most', 'too many']) {
      for (let index = 0; index < 100_000; index++) sessions.note(named(name), event)
    }
    sessions.note(named('too many'), event)
    sessions.note(named('too many'), event)
    sessions.withdraw(named('too many'), 'c')
    expect(sessions.of(named('too many'))).toBeDefined()
    current = other
    expect(sessions.of(named('most'))).toBeDefined()
    expect(() => sessions.of(named('too many'))).toThrow(
      'the session is too long to be judged under a policy that has changed',
    )
  })
})
