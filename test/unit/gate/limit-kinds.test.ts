import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/base/json.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { ada, args, gateAsking, verdictOf } from '../../support/approvals.ts'
import { gateOf, type GateUnderTest } from '../../support/gate.ts'

const pay = toolOf('pay', {
  input: { type: 'object', properties: { amount: {} }, additionalProperties: false },
})
const context = { runId: 'run_1', session: undefined, principal: user }

function limited(limit: JsonObject): Promise<GateUnderTest> {
  const rules = [
    { id: 'allowed', allow: ['pay', 'look'] },
    { id: 'closed', deny: ['look'], args: { shut: { const: true } } },
  ]
  const limits = [{ id: 'l', tools: ['**'], per: 'session', ...limit }]
  return gateOf(policyOf({ rules, limits } as JsonObject), [pay, toolOf('look')])
}

async function paying(gate: GateUnderTest, amount?: JsonValue): Promise<string> {
  const { decision } = await gate.judge('pay', amount === undefined ? {} : { amount })
  return `${decision.effect} by ${decision.rule}`
}

describe('M27: a limit on a sum', () => {
  test('stops the payment that would go over it, however it is split', async () => {
    const gate = await limited({ sum: '/amount', max: 30_000, window: '1d' })
    expect(await paying(gate, 10_000)).toBe('allow by allowed')
    expect(await paying(gate, 10_000.5)).toBe('allow by allowed')
    expect(await paying(gate, 10_000)).toBe('deny by limits.l')
    expect(await paying(gate, 9_999.5)).toBe('allow by allowed')
    expect(await paying(gate, 0.01)).toBe('deny by limits.l')
  })

  test('adds decimals exactly', async () => {
    const gate = await limited({ sum: '/amount', max: 0.3 })
    expect(await paying(gate, 0.1)).toBe('allow by allowed')
    expect(await paying(gate, '0.2')).toBe('allow by allowed')
    expect(await paying(gate, 1e-300)).toBe('deny by limits.l')
  })

  test('gives no credit for negative amounts, and none is needed for absent ones', async () => {
    const gate = await limited({ sum: '/amount', max: 5 })
    expect(await paying(gate, -100)).toBe('allow by allowed')
    expect(await paying(gate)).toBe('allow by allowed')
    expect(await paying(gate, 6)).toBe('deny by limits.l')
  })

  test.each<[JsonValue]>([['much'], [[1]], [null], [true], ['1e3'], [{ value: 1 }]])(
    'stops an amount that is %j',
    async (amount) => {
      const gate = await limited({ sum: '/amount', max: 1000 })
      expect(await paying(gate, amount)).toBe('deny by limits.l')
    },
  )

  test('never lets more through than its maximum, whatever the amounts and the order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 500 })), async (cents) => {
        const gate = await limited({ sum: '/amount', max: 10 })
        let through = 0
        for (const cent of cents) {
          const { effect } = (await gate.judge('pay', { amount: cent / 100 })).decision
          if (effect === 'allow') through += cent
        }
        expect(through).toBeLessThanOrEqual(1000)
      }),
      { numRuns: 50 },
    )
  })
})

test('an edit is held against the sum with the amount it asks for', async () => {
  const tool = toolOf('pay', {
    input: { type: 'object', properties: { amount: {} }, additionalProperties: false },
    editable: ['/amount'],
  })
  const rules = [{ id: 'ask', ask: ['pay'] }]
  const limits = [{ id: 'l', tools: ['pay'], per: 'session', sum: '/amount', max: 100 }]
  const { ask, gate } = await gateOf(policyOf({ rules, limits } as JsonObject), [tool])
  const first = await ask('pay', { amount: 10 })
  const by = { subject: 'lead-1' }
  const answered = await gate.answer(first.id, { action: 'edit', by, args: { amount: 5000 } })
  expect(answered).toMatchObject({
    kind: 'settled',
    verdict: { kind: 'refusal', decision: { rule: 'limits.l' } },
  })
  const second = await ask('pay', { amount: 99 })
  expect(await gate.answer(second.id, { action: 'approve', by })).toMatchObject({
    verdict: { kind: 'permit' },
  })
})

test('a sum that denies a call outright denies it with the answer where a person is asked', async () => {
  const limits = [{ id: 'l', tools: ['pay'], per: 'session', sum: '/amount', max: 10 }]
  const gateWith = (rules: readonly JsonObject[]): Promise<GateUnderTest> =>
    gateOf(policyOf({ rules, limits } as unknown as JsonObject), [pay])
  const outright = await gateWith([{ id: 'all', allow: ['pay'] }])
  expect(await paying(outright, 50)).toBe('deny by limits.l')
  const asking = await gateWith([{ id: 'all', ask: ['pay'] }])
  const request = await asking.ask('pay', { amount: 50 })
  expect(request.reasons.at(-1)).toContain('will be refused')
  expect(
    await asking.gate.answer(request.id, { action: 'approve', by: { subject: 'p' } }),
  ).toMatchObject({ kind: 'settled', verdict: { kind: 'refusal', decision: { rule: 'limits.l' } } })
})

describe('a limit on denials', () => {
  test('closes the session after so many refusals, and opens it when they are past', async () => {
    const gate = await limited({ count: 'denials', max: 3, window: '1m' })
    for (let time = 0; time < 3; time++) {
      expect((await gate.judge('look', { shut: true })).decision.rule).toBe('closed')
    }
    expect(await paying(gate)).toBe('deny by limits.l')
    gate.clock.advance(61_000)
    expect(await paying(gate)).toBe('allow by allowed')
  })

  test('counts calls that never reached a rule', async () => {
    const gate = await limited({ count: 'denials', max: 2 })
    await gate.judge('unknown')
    await gate.judge('pay', { strange: 1 })
    expect(await paying(gate)).toBe('deny by limits.l')
  })
})

test('a limit on cost is full when the answers of the model have cost so much', async () => {
  const gate = await limited({ count: 'cost', max: 0.5 })
  gate.gate.spent(0.3, context, 1)
  expect(await paying(gate)).toBe('allow by allowed')
  gate.gate.spent(0.2, context, 2)
  expect(await paying(gate)).toBe('deny by limits.l')
})

test('a limit on cost is full when nobody says what an answer has cost', async () => {
  const gate = await limited({ count: 'cost', max: 0.5 })
  gate.gate.spent(undefined, context, 3)
  expect(await paying(gate)).toBe('deny by limits.l')
})

test('a limit on time is full when calls have taken so many seconds', async () => {
  const gate = await limited({ count: 'time', max: 1.5 })
  const settle = async (durationMs: number): Promise<void> => {
    const verdict = await gate.judge('pay')
    if (verdict.kind !== 'permit') throw new Error('not permitted')
    const { callId } = verdict.permit
    const call = { callId, providerId: '', turn: 1, index: 0, tool: 'pay', rawArgs: '{}' }
    const examined = { call, args: {}, argsDigest: '', tool: undefined, defect: undefined }
    gate.gate.settle(examined, context, { succeeded: true, value: null, durationMs })
  }
  await settle(1_000)
  await settle(600)
  expect(await paying(gate)).toBe('deny by limits.l')
})

describe('a limit on a sum, for a call that a person is asked about', () => {
  const limits = [{ id: 'l', tools: ['refund'], per: 'session', sum: '/amount', max: 100 }]
  const yes = { action: 'approve', by: ada } as const

  test('refuses what is too large with the answer, since an answer may make it smaller', async () => {
    const { ask, gate } = await gateAsking(undefined, { limits })
    const big = { ...args, amount: 101 }
    expect(verdictOf(await gate.answer((await ask('refund', big)).id, yes))).toBe('refusal')
    const { id } = await ask('refund', big)
    const edited = await gate.answer(id, { action: 'edit', by: ada, args: { ...args, amount: 99 } })
    expect(verdictOf(edited)).toBe('permit')
  })

  test('refuses at once when nothing is left, and an amount that is none', async () => {
    const { ask, gate, judge } = await gateAsking(undefined, { limits })
    const { id } = await ask('refund', { ...args, amount: 100 })
    expect((await judge('refund', args)).decision.rule).toBe('limits.l')
    expect(verdictOf(await gate.answer(id, yes))).toBe('permit')
    expect((await judge('refund', args)).decision.rule).toBe('limits.l')
    const other = await gateAsking(undefined, { limits })
    const strange = await other.judge('refund', { ...args, amount: 'all' })
    expect(strange.decision).toMatchObject({ effect: 'deny', rule: 'limits.l' })
  })

  test('tells the person that the call is too large', async () => {
    const { judge } = await gateAsking(undefined, { limits })
    const { decision } = await judge('refund', { ...args, amount: 101 })
    expect(decision).toMatchObject({ effect: 'ask', rule: 'asked' })
    expect(decision.reasons.at(-1)).toContain('goes over limit `l` of 100 of `/amount`')
  })
})
