import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../src/base/json.ts'
import type { AskedBefore } from '../../../src/gate/approval.ts'
import { createGate, type Gate } from '../../../src/gate/gate.ts'
import type { ExaminedCall, JudgeContext, Verdict } from '../../../src/gate/verdict.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { redeemPermit } from '../../../src/tools/permit.ts'
import { createRegistry } from '../../../src/tools/registry.ts'
import { allowing, policyOf, toolOf, user } from '../../support/agent.ts'
import { ada, args, asking, bob, gateAsking, refund, verdictOf } from '../../support/approvals.ts'
import { gateOf } from '../../support/gate.ts'

const run: JudgeContext = { runId: 'run_1', session: undefined, principal: user }

async function examined(gate: Gate, tool: string, given: JsonValue = {}): Promise<ExaminedCall> {
  const rawArgs = JSON.stringify(given)
  return gate.examine({ callId: 'c0', providerId: '', turn: 1, index: 0, tool, rawArgs })
}

const closed = {
  kind: 'invalid',
  error: {
    code: 'approval-unknown',
    message: 'there is no open request with this id; each is answered once',
    retryable: false,
  },
}

describe('a permit', () => {
  test('is for the call, its tool, its arguments and its caller, on the terms of the policy', async () => {
    const policy = policyOf({
      rules: [{ id: 'all', allow: ['act'] }],
      tools: { act: { kind: 'write', timeout: '5s' } },
      output: [{ tools: ['act'], redact: [{ what: 'secrets' }] }],
    })
    const act = toolOf('act')
    const { judge } = await gateOf(policy, [act], { secrets: ['hunter2-value'] })
    const verdict = await judge('act', { a: 1 }, { callId: 'c7' })
    if (verdict.kind !== 'permit') throw new Error(verdict.kind)
    const grant = redeemPermit(verdict.permit)
    expect(grant).toMatchObject({
      call: { callId: 'c7', tool: 'act' },
      tool: act,
      args: { a: 1 },
      principal: user,
      timeoutMs: 5_000,
    })
    expect(grant.refine!('hunter2-value')).toMatchObject({ value: '[redacted]' })
  })

  test('comes with the terms of the policy that is in force', async () => {
    const act = toolOf('act')
    const policies = [1, 2].map((seconds) =>
      policyOf({
        rules: [{ id: 'all', allow: ['**'] }],
        tools: { act: { kind: 'write', timeout: `${seconds}s` }, other: { kind: 'write' } },
      }).compile([act, toolOf('other')]),
    )
    let now = 0
    const { judge } = await gateOf(() => policies[now]!, [act, toolOf('other')])
    const timeoutOf = async (tool: string): Promise<number> => {
      const verdict = await judge(tool)
      if (verdict.kind !== 'permit') throw new Error(verdict.kind)
      return redeemPermit(verdict.permit).timeoutMs
    }
    expect([await timeoutOf('act'), await timeoutOf('act'), await timeoutOf('other')]).toEqual([
      1_000, 1_000, 30_000,
    ])
    now = 1
    expect(await timeoutOf('act')).toBe(2_000)
  })
})

describe('the arguments of a call', () => {
  test('are bounded as the host says, also where they are edited', async () => {
    const bounds = { maxLength: 60, maxDepth: 5 }
    const { ask, gate, judge } = await gateOf(asking(), [refund], { arguments: bounds })
    const long = { ...args, order: 'O-'.repeat(40) }
    expect((await judge('refund', long)).decision.rule).toBe('bad_json')
    const { id } = await ask('refund', args)
    const edited = { ...args, amount: 1.000_000_000_000_001e100 }
    const tooLong = await gate.answer(id, { action: 'edit', by: ada, args: edited })
    expect(tooLong).toMatchObject({ kind: 'invalid', error: { code: 'bad-json' } })
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('permit')
  })
})

const told = (message: string) => ({
  kind: 'settled',
  examined: { args, call: { tool: 'refund' } },
  verdict: {
    kind: 'refusal',
    status: 'denied-by-human',
    decision: { rule: 'approval_denied', reasons: [message] },
    error: { code: 'approval-denied', message },
  },
})

describe('an answer', () => {
  test('to no open request is told so, and so is the end of its time', async () => {
    const { ask, gate } = await gateAsking()
    expect(await gate.answer('apr_0', { action: 'approve', by: ada })).toEqual(closed)
    expect(gate.expire('apr_0')).toEqual(closed)
    const { id } = await ask('refund', args)
    await gate.answer(id, { action: 'deny', by: ada })
    expect(gate.expire(id)).toEqual(closed)
  })

  test('that denies says what the person says, or that one refused', async () => {
    const { ask, gate } = await gateAsking()
    const denied = async (reason?: string) => {
      const { id } = await ask('refund', args)
      return gate.answer(id, {
        action: 'deny',
        by: ada,
        ...(reason === undefined ? {} : { reason }),
      })
    }
    expect(await denied()).toMatchObject(told('a person refused this call'))
    expect(await denied('not on Sundays')).toMatchObject(told('not on Sundays'))
  })

  test('that nobody gives in time refuses the call', async () => {
    const { ask, gate, clock } = await gateAsking()
    const { id } = await ask('refund', args)
    clock.advance(900_001)
    expect(await gate.answer(id, { action: 'approve', by: ada })).toMatchObject({
      kind: 'settled',
      examined: { args },
      verdict: {
        kind: 'refusal',
        status: 'approval-expired',
        decision: { rule: 'approval_expired', reasons: ['nobody answered in time'] },
        error: { code: 'approval-expired', message: 'nobody answered in time' },
      },
    })
  })

  test('that is wrong is refused with what is wrong, and leaves the request open', async () => {
    const { ask, gate } = await gateAsking({ roles: ['lead'], count: 1 })
    const { id } = await ask('refund', args)
    expect(await gate.answer(id, { action: 'maybe' } as never)).toMatchObject({
      kind: 'invalid',
      error: { code: 'approval-invalid' },
    })
    const stranger = { action: 'edit', by: ada, args: { ...args, card: '4112' } } as const
    expect(await gate.answer(id, stranger)).toMatchObject({ error: { code: 'approval-edit' } })
    const nobody = { subject: 'eve' }
    expect(await gate.answer(id, { action: 'approve', by: nobody })).toMatchObject({
      error: { code: 'approval-not-entitled' },
    })
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('permit')
  })

  test('of a role that another one inherits counts', async () => {
    const policy = policyOf({
      roles: { user: {}, lead: {}, owner: { inherits: ['lead'] } },
      rules: [{ id: 'asked', ask: ['refund'], approvers: { roles: ['lead'], count: 1 } }],
    })
    const { ask, gate } = await gateOf(policy, [refund])
    const { id } = await ask('refund', args)
    const by = { subject: 'olga', roles: ['owner'] }
    expect(verdictOf(await gate.answer(id, { action: 'approve', by }))).toBe('permit')
  })

  test('cannot be given twice while an edit is examined', async () => {
    const { ask, gate } = await gateAsking()
    const { id } = await ask('refund', args)
    const edit = { action: 'edit', by: ada, args: { ...args, amount: 1 } } as const
    const both = await Promise.all([gate.answer(id, edit), gate.answer(id, { ...edit, by: bob })])
    expect(both.map(verdictOf)).toEqual(['permit', 'invalid'])
  })

  test('that edits takes from limits what the edit needs', async () => {
    const limits = [{ id: 'l', tools: ['refund'], per: 'session', sum: '/amount', max: 10 }]
    const { ask, gate } = await gateAsking(undefined, { limits })
    const { id } = await ask('refund', { ...args, amount: 9 })
    const edited = { ...args, amount: 4 }
    expect(verdictOf(await gate.answer(id, { action: 'edit', by: ada, args: edited }))).toBe(
      'permit',
    )
    expect(gate.limitsOf('refund', run)[0]!.used).toBe(4)
  })
})

describe('requests that wait', () => {
  const pending = { approvals: { maxPending: 1 } }

  test('are counted over a run and its agents, and the run is told', async () => {
    const { ask, judge } = await gateAsking(undefined, pending)
    await ask('refund', args)
    const lineage = { root: 'run_1', principals: [], scopes: [] }
    expect(await judge('refund', args, { runId: 'child', lineage })).toMatchObject({
      kind: 'refusal',
      status: 'error-security',
      decision: {
        rule: 'approval_limit',
        reasons: ['1 calls of this run wait for a person already'],
      },
      error: { code: 'limit-reached', message: '1 calls of this run wait for a person already' },
    })
    await ask('refund', args, { runId: 'run_2' })
  })

  test('are closed when their call is released, and when their run is forgotten', async () => {
    const { ask, gate } = await gateAsking(undefined, pending)
    const first = await ask('refund', args)
    gate.release(first.callId)
    expect(await gate.answer(first.id, { action: 'approve', by: ada })).toEqual(closed)
    const second = await ask('refund', args)
    gate.forget(run)
    expect(await gate.answer(second.id, { action: 'approve', by: ada })).toEqual(closed)
    await ask('refund', args)
  })

  test('are no more for what was permitted and has not begun in its time', async () => {
    const { ask, clock, gate } = await gateAsking(undefined, pending)
    const request = await ask('refund', args, { runId: 'run_2' })
    await ask('refund', args)
    clock.advance(3_600_000)
    const asked = { request, askedAt: '2027-01-15T08:00:00.000Z' }
    const call = await examined(gate, 'refund', args)
    const again = await gate.rejudge(call, run, { ...asked, yes: [ada] })
    expect(again.decision.rule).toBe('approval_limit')
    expect((await gate.rejudge(call, run, { ...asked, yes: [] })).kind).toBe('pending')
  })
})

const before = async (): Promise<{ gate: Gate; call: ExaminedCall; asked: AskedBefore }> => {
  const { ask } = await gateAsking({ roles: ['lead'], count: 2 })
  const request = await ask('refund', args)
  const { gate } = await gateAsking({ roles: ['lead'], count: 2 })
  const askedAt = '2027-01-15T08:00:00.000Z'
  const asked = { request, askedAt, yes: [{ subject: 'ada', roles: ['lead'] }] }
  return { gate, call: await examined(gate, 'refund', args), asked }
}

describe('a call that is judged again', () => {
  test('goes on with the question that was open, and the answers it had', async () => {
    const { asked, call, gate } = await before()
    const verdict = await gate.rejudge(call, run, asked)
    expect(verdict).toMatchObject({ kind: 'pending', decision: { effect: 'ask', rule: 'asked' } })
    expect((verdict as Extract<Verdict, { kind: 'pending' }>).request).toEqual(asked.request)
    const { id } = asked.request
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('invalid')
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: bob }))).toBe('permit')
  })

  test('asks anew where the arguments are others, with the time that is left', async () => {
    const { asked, gate } = await before()
    const other = await examined(gate, 'refund', { ...args, amount: 11 })
    const verdict = await gate.rejudge(other, run, asked)
    if (verdict.kind !== 'pending') throw new Error(verdict.kind)
    expect(verdict.request).toMatchObject({
      args: { amount: 11 },
      expiresAt: asked.request.expiresAt,
      approvedBy: asked.request.approvedBy,
    })
    expect(verdict.request.id).not.toBe(asked.request.id)
    expect(await gate.answer(asked.request.id, { action: 'approve', by: bob })).toEqual(closed)
  })

  test('asks whom an earlier decision asked, also under a policy that asks nobody', async () => {
    const { ask } = await gateAsking({ roles: ['lead'], count: 1 })
    const { approvers } = await ask('refund', args)
    const { judge } = await gateAsking({ roles: ['lead'], count: 1 })
    const { decision } = await judge('refund', args)
    const { gate } = await gateOf(allowing('refund'), [refund])
    const verdict = await gate.rejudge(await examined(gate, 'refund', args), run, decision)
    expect(verdict).toMatchObject({ kind: 'pending', request: { approvers, approvedBy: [] } })
  })

  test('is permitted where enough people had said yes, and refused where the policy is', async () => {
    const { asked, call, gate } = await before()
    const yes = [ada, bob]
    expect((await gate.rejudge(call, run, { ...asked, yes })).kind).toBe('permit')
    const strict = await gateOf(policyOf({ rules: [] }), [refund])
    const again = await examined(strict.gate, 'refund', args)
    expect(await strict.gate.rejudge(again, run, { ...asked, yes })).toMatchObject({
      kind: 'refusal',
      decision: { rule: 'default' },
    })
  })
})

test('a gate knows the tools of its registry, unless a call is of a view', async () => {
  const act = toolOf('act')
  const policy = allowing('act').compile([act])
  const registry = await createRegistry([act])
  const gate = createGate({ policy, registry, clock: manualClock() })
  const call = { callId: 'c', providerId: '', turn: 1, index: 0, tool: 'act', rawArgs: '{}' }
  expect((await gate.examine(call)).tool).toBe(act)
  const none = { get: () => undefined, names: [] }
  expect((await gate.examine(call, none)).defect).toMatchObject({ step: 'unknown_tool' })
})
