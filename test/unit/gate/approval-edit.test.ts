import { describe, expect, test } from 'vitest'
import type { Answered, ApprovalAnswer } from '../../../src/gate/verdict.ts'
import { policyOf, toolOf } from '../../support/agent.ts'
import {
  ada,
  args,
  asking,
  bob,
  gateAsking,
  refund,
  verdictOf,
  who,
} from '../../support/approvals.ts'
import { gateOf } from '../../support/gate.ts'

describe('an edit', () => {
  test('changes what may be edited and nothing else', async () => {
    const { ask, gate } = await gateAsking()
    const { id } = await ask('refund', args)
    for (const wrong of [
      { ...args, order: 'O-2' },
      { ...args, extra: 1 },
      { order: 'O-1', card: '4111' },
      { ...args, card: '4112' },
      { amount: 10 },
    ]) {
      expect(verdictOf(await gate.answer(id, { action: 'edit', by: ada, args: wrong }))).toBe(
        'invalid',
      )
    }
    const edited = { ...args, amount: 5 }
    const answered = await gate.answer(id, { action: 'edit', by: ada, args: edited })
    expect(answered).toMatchObject({ verdict: { kind: 'permit' }, examined: { args: edited } })
  })

  test('is refused without arguments, with arguments that are no JSON, and for other tools', async () => {
    const { ask, gate } = await gateOf(policyOf({ rules: [{ id: 'a', ask: ['*'], who }] }), [
      refund,
      toolOf('mail'),
    ])
    const { id } = await ask('refund', args)
    const cyclic: Record<string, unknown> = { ...args }
    cyclic['amount'] = cyclic
    for (const wrong of [undefined, null, [], 'x', cyclic, { ...args, amount: 1n }]) {
      const answer = { action: 'edit', by: ada, args: wrong } as unknown as ApprovalAnswer
      expect(verdictOf(await gate.answer(id, answer))).toBe('invalid')
    }
    const mail = await ask('mail', { to: 'a' })
    const answer = { action: 'edit', by: ada, args: { to: 'a' } } as const
    expect(verdictOf(await gate.answer(mail.id, answer))).toBe('invalid')
  })

  test.each([{ editable: ['/pin', '/to'] }, { editable: ['/to'] }])(
    'keeps what the approver was not shown, with $editable',
    async ({ editable }) => {
      const pay = toolOf('refund', { sensitive: ['/pin', '/list/*/pin'], editable })
      const { ask, gate } = await gateOf(asking(), [pay])
      const hidden = { pin: 'S3', to: 'x', list: [{ pin: 'S4' }] }
      const { id, args: seen } = await ask('refund', hidden)
      expect(JSON.stringify(seen)).not.toMatch(/S3|S4/)
      const edited = { ...(seen as object), to: 'y' }
      const answered = await gate.answer(id, { action: 'edit', by: ada, args: edited })
      expect(answered).toMatchObject({
        verdict: { kind: 'permit' },
        examined: { args: { ...hidden, to: 'y' } },
      })
    },
  )

  test('puts no hidden value where there was none', async () => {
    const pay = toolOf('refund', {
      sensitive: ['/pin', '/list/*/pin'],
      editable: ['/pin', '/list'],
    })
    const { ask, gate } = await gateOf(asking(), [pay])
    const { id } = await ask('refund', { list: [{ pin: 'S4' }] })
    const mark = '[redacted]'
    for (const wrong of [
      { pin: mark, list: [] },
      { list: [{ pin: mark }, { pin: mark }] },
      { list: { 0: { pin: mark } } },
    ]) {
      const answer = { action: 'edit', by: ada, args: wrong } as unknown as ApprovalAnswer
      expect(verdictOf(await gate.answer(id, answer))).toBe('invalid')
    }
  })

  test.each([NaN, Infinity, undefined, () => 1])('with %s is refused', async (amount) => {
    const { ask, gate } = await gateAsking()
    const { id } = await ask('refund', args)
    const answer = { action: 'edit', by: ada, args: { ...args, amount } }
    expect(verdictOf(await gate.answer(id, answer as unknown as ApprovalAnswer))).toBe('invalid')
  })

  test('is no silent part of an approval or a denial', async () => {
    const { ask, gate } = await gateAsking()
    const { id } = await ask('refund', args)
    for (const action of ['approve', 'deny'] as const) {
      const answer = { action, by: ada, args: { ...args, amount: 5 } } as const
      expect(verdictOf(await gate.answer(id, answer))).toBe('invalid')
    }
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('permit')
  })

  test('is read once, so that it cannot change between check and use', async () => {
    const { ask, gate } = await gateAsking()
    const { id } = await ask('refund', args)
    let reads = 0
    const shifty = {
      amount: 5,
      card: '4111',
      get order() {
        return reads++ === 0 ? 'O-1' : 'O-666'
      },
    }
    const answered = await gate.answer(id, { action: 'edit', by: ada, args: shifty })
    expect(answered).toMatchObject({ examined: { args: { order: 'O-1' } } })
    expect(reads).toBe(1)
  })

  test('is judged anew, and the policy may refuse it', async () => {
    const policy = policyOf({
      rules: [
        { id: 'asked', ask: ['refund'], who },
        { id: 'never', deny: ['refund'], args: { amount: { minimum: 1000 } } },
      ],
    })
    const { ask, gate } = await gateOf(policy, [refund])
    const { id } = await ask('refund', args)
    const edited = { ...args, amount: 1000 }
    expect(await gate.answer(id, { action: 'edit', by: ada, args: edited })).toMatchObject({
      verdict: { kind: 'refusal', status: 'error-security', decision: { rule: 'never' } },
    })
  })

  test('has to match the schema of the tool', async () => {
    const strict = toolOf('refund', {
      input: { type: 'object', properties: { amount: { type: 'number' } } },
      editable: ['/amount'],
    })
    const { ask, gate } = await gateOf(asking(), [strict])
    const { id } = await ask('refund', { amount: 10 })
    const answer = { action: 'edit', by: ada, args: { amount: '10' } } as const
    expect(await gate.answer(id, answer)).toMatchObject({
      kind: 'invalid',
      error: { code: 'bad-args' },
    })
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('permit')
  })

  test('does not use the yes of somebody who has not seen it', async () => {
    const { ask, gate } = await gateAsking({ roles: ['lead'], count: 2 })
    const { id } = await ask('refund', args)
    await gate.answer(id, { action: 'approve', by: ada })
    const edited = { ...args, amount: 9999 }
    const answered = await gate.answer(id, { action: 'edit', by: bob, args: edited })
    if (answered.kind !== 'waiting') throw new Error(`the edit was ${answered.kind}`)
    expect(answered.request).toMatchObject({ args: { amount: 9999 }, approvedBy: ['bob'] })
    expect(answered.request.id).not.toBe(id)
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: ada }))).toBe('invalid')
    const settled = await gate.answer(answered.request.id, { action: 'approve', by: ada })
    expect(settled).toMatchObject({ verdict: { kind: 'permit' }, examined: { args: edited } })
  })

  test('does not give itself more time', async () => {
    const { ask, gate, clock } = await gateAsking({ roles: ['lead'], count: 2 })
    const { id, expiresAt } = await ask('refund', args)
    clock.advance(800_000)
    const answered = await gate.answer(id, {
      action: 'edit',
      by: bob,
      args: { ...args, amount: 5 },
    })
    expect(answered).toMatchObject({ kind: 'waiting', request: { expiresAt } })
    clock.advance(100_001)
    const { request } = answered as Extract<Answered, { kind: 'waiting' }>
    expect(await gate.answer(request.id, { action: 'approve', by: ada })).toMatchObject({
      verdict: { status: 'approval-expired' },
    })
  })
})
