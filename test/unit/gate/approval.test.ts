import { describe, expect, test } from 'vitest'
import type { ApprovalAnswer } from '../../../src/gate/verdict.ts'
import { policyOf } from '../../support/agent.ts'
import { ada, args, bob, gateAsking, refund, verdictOf, who } from '../../support/approvals.ts'
import { gateOf } from '../../support/gate.ts'

describe('an approval request', () => {
  test('shows what an answer is bound to, without what is sensitive', async () => {
    const { ask, clock } = await gateAsking({ roles: ['lead'], count: 1 })
    const request = await ask('refund', args)
    expect(request).toMatchObject({
      tool: 'refund',
      args: { order: 'O-1', amount: 10, card: '[redacted]' },
      argsDigest: expect.stringMatching(/^sha256:/),
      askedBy: { subject: 'user-1' },
      approvers: [{ roles: ['lead'], count: 1 }],
      editable: ['/amount'],
      expiresAt: new Date(clock.now() + 900_000).toISOString(),
    })
    expect(JSON.stringify(request)).not.toMatch(/(?<![0-9a-f])4111(?![0-9a-f])/)
  })

  test('cannot be changed by whoever is asked', async () => {
    const { ask } = await gateAsking()
    const request = await ask('refund', args)
    expect(() => (request.editable as string[]).push('')).toThrow(TypeError)
    expect(() => Object.assign(request, { approvers: [] })).toThrow(TypeError)
  })
})

describe('an answer', () => {
  test('approves once', async () => {
    const { ask, gate } = await gateAsking()
    const { id } = await ask('refund', args)
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('permit')
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('invalid')
  })

  test('denies, with its reason', async () => {
    const { ask, gate } = await gateAsking()
    const { id } = await ask('refund', args)
    const answered = await gate.answer(id, { action: 'deny', by: ada, reason: 'not this one' })
    expect(answered).toMatchObject({
      kind: 'settled',
      verdict: {
        kind: 'refusal',
        status: 'denied-by-human',
        decision: { effect: 'deny', rule: 'approval_denied', reasons: ['not this one'] },
        error: { code: 'approval-denied' },
      },
    })
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('invalid')
  })

  test('from the principal of the run does not count', async () => {
    const { ask, gate } = await gateAsking()
    const { id } = await ask('refund', args)
    const self = { subject: 'user-1', roles: ['lead'] }
    expect(await gate.answer(id, { action: 'approve', by: self })).toMatchObject({
      kind: 'invalid',
      error: { code: 'approval-own', message: expect.stringContaining('user-1') },
    })
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('permit')
  })

  test('from the principal counts where the policy says so', async () => {
    const approvals = { ttl: '15m', selfApproval: true }
    const { ask, gate } = await gateAsking(undefined, { approvals })
    const { id } = await ask('refund', args)
    const by = { subject: 'user-1' }
    expect(verdictOf(await gate.answer(id, { action: 'approve', by }))).toBe('permit')
  })

  test.each([
    ['nobody named', undefined],
    ['no role', { subject: 'eve' }],
    ['another role', { subject: 'eve', roles: ['user', 'guest'] }],
    ['a role the policy does not know', { subject: 'eve', roles: ['Lead', 'lead '] }],
  ])('with %s does not count where a role is asked for', async (_, by) => {
    const { ask, gate } = await gateAsking({ roles: ['lead'], count: 1 })
    const { id } = await ask('refund', args)
    for (const action of ['approve', 'deny'] as const) {
      const answer = by === undefined ? { action } : { action, by }
      expect(verdictOf(await gate.answer(id, answer))).toBe('invalid')
    }
  })

  test.each<[string, unknown]>([
    ['true', true],
    ['a text', 'approve'],
    ['an empty object', {}],
    ['another action', { action: 'reject' }],
    ['an action in capitals', { action: 'APPROVE' }],
    ['a list', ['approve']],
    ['an unknown member', { action: 'approve', remember: true }],
    ['an approver without subject', { action: 'approve', by: {} }],
    ['an approver with an empty subject', { action: 'approve', by: { subject: '' } }],
    ['roles that are a text', { action: 'approve', by: { subject: 'ada', roles: 'lead' } }],
    ['a reason that is no text', { action: 'deny', reason: {} }],
  ])('that is %s is no answer', async (_, answer) => {
    const { ask, gate } = await gateAsking()
    const { id } = await ask('refund', args)
    expect(await gate.answer(id, answer as ApprovalAnswer)).toMatchObject({
      kind: 'invalid',
      error: { code: 'approval-invalid' },
    })
  })

  test('for a request nobody made is refused', async () => {
    const { gate } = await gateAsking()
    expect(verdictOf(await gate.answer('apr_0', { action: 'approve', by: ada }))).toBe('invalid')
  })
})

describe('two approvers', () => {
  const two = { roles: ['lead'], count: 2 }

  test('both have to say yes', async () => {
    const { ask, gate } = await gateAsking(two)
    const { id } = await ask('refund', args)
    const first = await gate.answer(id, { action: 'approve', by: ada })
    expect(first).toMatchObject({ kind: 'waiting', request: { id, approvedBy: ['ada'] } })
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: bob }))).toBe('permit')
  })

  test('cannot be the same person twice', async () => {
    const { ask, gate } = await gateAsking(two)
    const { id } = await ask('refund', args)
    await gate.answer(id, { action: 'approve', by: ada })
    const again = { subject: 'ada', roles: ['lead', 'guest'] }
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: again }))).toBe('invalid')
  })

  test('have to have names', async () => {
    const { ask, gate } = await gateAsking({ count: 2 })
    const { id } = await ask('refund', args)
    expect(verdictOf(await gate.answer(id, { action: 'approve' }))).toBe('invalid')
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('waiting')
    expect(verdictOf(await gate.answer(id, { action: 'approve' }))).toBe('invalid')
  })

  test('are stopped by one no', async () => {
    const { ask, gate } = await gateAsking(two)
    const { id } = await ask('refund', args)
    await gate.answer(id, { action: 'approve', by: ada })
    expect(verdictOf(await gate.answer(id, { action: 'deny', by: bob }))).toBe('refusal')
  })

  test('of two rules each have their say', async () => {
    const policy = policyOf({
      rules: [
        { id: 'a', ask: ['refund'], who, approvers: { roles: ['lead'], count: 1 } },
        { id: 'b', ask: ['refund'], who, approvers: { roles: ['guest'], count: 1 } },
      ],
    })
    const { ask, gate } = await gateOf(policy, [refund])
    const { id } = await ask('refund', args)
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('waiting')
    const gil = { subject: 'gil', roles: ['guest'] }
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: gil }))).toBe('permit')
  })
})

describe('the time for an answer', () => {
  test('holds to the last millisecond and not beyond', async () => {
    for (const [wait, verdict] of [
      [900_000, 'permit'],
      [900_001, 'refusal'],
    ] as const) {
      const { ask, gate, clock } = await gateAsking()
      const { id } = await ask('refund', args)
      clock.advance(wait)
      expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe(verdict)
    }
  })

  test('is over once a clock does not tell it any more', async () => {
    for (const name of ['now', 'monotonic'] as const) {
      const { ask, gate, clock } = await gateAsking()
      const { id } = await ask('refund', args)
      clock[name] = () => Number.NaN
      expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('refusal')
    }
  })

  test('that is over ends in a refusal, once', async () => {
    const { ask, gate } = await gateAsking()
    const { id } = await ask('refund', args)
    expect(gate.expire(id)).toMatchObject({
      kind: 'settled',
      verdict: {
        kind: 'refusal',
        status: 'approval-expired',
        decision: { effect: 'deny', rule: 'approval_expired' },
      },
    })
    expect(gate.expire(id).kind).toBe('invalid')
  })
})
