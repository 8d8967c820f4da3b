import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { ada, args, asking, bob, refund, verdictOf } from '../../support/approvals.ts'
import { gateOf, type GateUnderTest } from '../../support/gate.ts'

interface Changing extends GateUnderTest {
  /** The policy with these sections is in force from now on. */
  change(sections: JsonObject): void
}

const tools = [refund, toolOf('read'), toolOf('net')]

async function gateUnder(first: Policy): Promise<Changing> {
  let policy = first
  const gate = await gateOf(() => policy, tools)
  return {
    ...gate,
    change(sections) {
      policy = policyOf(sections).compile(tools)
    },
  }
}

const all = { id: 'all', allow: ['**'] }
const asks = (approvers: JsonObject): JsonObject => ({ id: 'asked', ask: ['refund'], approvers })

function readsAtMost(max: number): JsonObject {
  return { rules: [all], limits: [{ id: 'l', tools: ['read'], per: 'session', max }] }
}

describe('a policy that has changed', () => {
  test('decides the next call, and stands in its decision', async () => {
    const { change, judge } = await gateUnder(policyOf({ rules: [all] }).compile(tools))
    const before = await judge('read')
    change({ rules: [all, { id: 'never', deny: ['read'] }] })
    const after = await judge('read')
    expect(before.decision.effect).toBe('allow')
    expect(after.decision).toMatchObject({ effect: 'deny', rule: 'never' })
    expect(after.decision.policy.digest).not.toBe(before.decision.policy.digest)
  })

  test('asks what the session did before it was in force', async () => {
    const { change, judge } = await gateUnder(policyOf({ rules: [all] }).compile(tools))
    const verdict = await judge('read')
    expect(verdict.kind).toBe('permit')
    change({
      rules: [all],
      sequences: [{ id: 's', after: ['read'], then: { tools: ['net'], do: 'deny' } }],
    })
    expect((await judge('net')).decision.rule).toBe('sequences.s')
    expect((await judge('net', {}, { runId: 'run_2' })).decision.effect).toBe('allow')
  })

  test('goes on counting what a limit has counted', async () => {
    const { change, judge } = await gateUnder(policyOf(readsAtMost(5)).compile(tools))
    await judge('read')
    await judge('read')
    change(readsAtMost(2))
    expect((await judge('read')).decision.rule).toBe('limits.l')
    change(readsAtMost(3))
    expect((await judge('read')).decision.effect).toBe('allow')
  })
})

describe('a request that was open when the policy changed', () => {
  test('is refused by a policy that denies', async () => {
    const { ask, change, gate } = await gateUnder(asking().compile(tools))
    const { id } = await ask('refund', args)
    change({ rules: [{ id: 'never', deny: ['refund'] }] })
    expect(await gate.answer(id, { action: 'approve', by: ada })).toMatchObject({
      kind: 'settled',
      verdict: { kind: 'refusal', decision: { effect: 'deny', rule: 'never' } },
    })
  })

  test('still needs everybody it asked under a policy that asks nobody', async () => {
    const { ask, change, gate } = await gateUnder(
      asking({ roles: ['lead'], count: 2 }).compile(tools),
    )
    const { id } = await ask('refund', args)
    change({ rules: [all] })
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('waiting')
    expect(await gate.answer(id, { action: 'approve', by: bob })).toMatchObject({
      kind: 'settled',
      verdict: { kind: 'permit', decision: { effect: 'ask' } },
    })
  })

  test('also needs whom the policy of now asks, and tells them', async () => {
    const { ask, change, gate } = await gateUnder(
      asking({ roles: ['user'], count: 1 }).compile(tools),
    )
    const { id, expiresAt } = await ask('refund', args)
    change({ rules: [asks({ roles: ['lead'], count: 1 })] })
    const answered = await gate.answer(id, {
      action: 'approve',
      by: { subject: 'eve', roles: ['user'] },
    })
    expect(answered).toMatchObject({
      kind: 'waiting',
      request: {
        approvers: [
          { roles: ['lead'], count: 1 },
          { roles: ['user'], count: 1 },
        ],
        approvedBy: ['eve'],
        expiresAt,
      },
    })
    const again = answered.kind === 'waiting' ? answered.request.id : ''
    expect(again).not.toBe(id)
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('invalid')
    expect(verdictOf(await gate.answer(again, { action: 'approve', by: ada }))).toBe('permit')
  })

  test('is held against limits anew', async () => {
    const { ask, change, gate, judge } = await gateUnder(asking().compile(tools))
    const { id } = await ask('refund', args)
    change({
      rules: [{ id: 'asked', ask: ['refund'] }, all],
      limits: [{ id: 'l', tools: ['**'], per: 'session', max: 1 }],
    })
    await judge('read')
    expect(await gate.answer(id, { action: 'approve', by: ada })).toMatchObject({
      verdict: { kind: 'refusal', decision: { rule: 'limits.l' } },
    })
  })
})

const limited = (...ids: string[]): JsonObject => ({
  rules: [asks({ count: 1 }), { ...all, id: 'also' }],
  limits: ids.map((id) => ({ id, tools: ['refund'], per: 'subject', max: 1 })),
})

describe('an approval under a policy that has changed', () => {
  test('takes from the limits of now', async () => {
    const { ask, change, gate } = await gateUnder(policyOf(limited('a')).compile(tools))
    const context = { runId: 'run_1', session: undefined, principal: user }
    const { id } = await ask('refund', args)
    change(limited('a', 'b'))
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('permit')
    expect(gate.limitsOf('refund', context).map(({ used }) => used)).toEqual([1, 1])
  })
})

describe('`maxPending`', () => {
  test('refuses what would ask once more in the same run', async () => {
    const { ask, change, gate, judge } = await gateUnder(
      asking(undefined, { approvals: { maxPending: 2 } }).compile(tools),
    )
    const { id } = await ask('refund', args)
    await ask('refund', args)
    expect(await judge('refund', args)).toMatchObject({
      kind: 'refusal',
      decision: { effect: 'deny', rule: 'approval_limit' },
      error: { code: 'limit-reached', message: '2 calls of this run wait for a person already' },
    })
    await ask('refund', args, { runId: 'run_2' })
    await gate.answer(id, { action: 'deny', by: ada })
    await ask('refund', args)
    change({ rules: [asks({ count: 1 })] })
    await ask('refund', args)
  })
  test('refuses what was permitted and would ask once more, by another policy', async () => {
    const pending = { approvals: { maxPending: 1 } }
    const { ask, change, gate } = await gateUnder(asking(undefined, pending).compile(tools))
    const permitted = []
    for (const callId of ['a', 'b']) {
      const { id } = await ask('refund', args, { callId })
      const answered = await gate.answer(id, { action: 'approve', by: ada })
      if (answered.kind !== 'settled' || answered.verdict.kind !== 'permit') throw new Error(callId)
      permitted.push({ examined: answered.examined, permit: answered.verdict.permit })
    }
    change({ rules: [asks({ roles: ['lead'], count: 2 })], ...pending })
    const context = { runId: 'run_1', session: undefined, principal: user }
    const renewed = []
    for (const { examined, permit } of permitted) {
      renewed.push(await gate.renew(examined, context, permit))
    }
    expect(renewed).toMatchObject([
      { kind: 'pending', agreed: [ada] },
      { kind: 'refusal', decision: { rule: 'approval_limit' } },
    ])
  })
})
