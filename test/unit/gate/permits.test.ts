import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { createGate, type Gate } from '../../../src/gate/gate.ts'
import type { ExaminedCall, Permitted, Verdict } from '../../../src/gate/verdict.ts'
import { createRegistry } from '../../../src/tools/registry.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { ada, args, bob, gateAsking } from '../../support/approvals.ts'

const noon = Date.parse('2026-01-01T12:00:00Z')
const [act, other] = [toolOf('act'), toolOf('other')]

interface Judged {
  readonly gate: Gate
  readonly verdict: Verdict
}

/** Judges a call of `act` by a clock that tells these times, the last of them for ever. */
async function judgedAt(times: readonly number[], rules: readonly JsonObject[]): Promise<Judged> {
  let looks = 0
  const gate = createGate({
    policy: policyOf({ rules }).compile([act, other]),
    registry: await createRegistry([act, other]),
    clock: { now: () => times[Math.min(looks++, times.length - 1)]!, monotonic: () => 0 },
  })
  const call = { callId: 'c', providerId: '', turn: 1, index: 0, tool: 'act', rawArgs: '{}' }
  const context = { runId: 'run_1', session: undefined, principal: user }
  return { gate, verdict: await gate.judge(await gate.examine(call), context) }
}

describe('a permit', () => {
  test.each([
    ['has ended between two looks at the clock', [noon - 1, noon], false],
    ['ends at the next millisecond', [noon - 1], true],
    ['ends within the millisecond', [noon - 0.5], true],
  ])('of a rule that %s', async (_, times, isInForce) => {
    const until = '2026-01-01T12:00:00Z'
    const { gate, verdict } = await judgedAt(times, [{ id: 'all', allow: ['act'], until }])
    if (verdict.kind !== 'permit') throw new Error(verdict.kind)
    expect(gate.isInForce(verdict.permit)).toBe(isInForce)
    expect(verdict.decision.at).toBe('2026-01-01T11:59:59.999Z')
  })

  test('of a rule that ends before others do', async () => {
    const days = ['02', '01', '03'].map((day) => `2026-01-${day}T12:00:00Z`)
    const rules = days.map((until, n) => ({ id: `r${n}`, allow: ['act'], until }))
    const { gate, verdict } = await judgedAt([noon - 1, noon - 1, noon], rules)
    if (verdict.kind !== 'permit') throw new Error(verdict.kind)
    expect(gate.isInForce(verdict.permit)).toBe(false)
  })

  test('is in force where no time is known, though rules about others have theirs', async () => {
    const until = '2026-01-01T12:00:00Z'
    const rules = [
      { id: 'all', allow: ['act'] },
      { id: 'late', deny: ['other'], until },
    ]
    const { gate, verdict } = await judgedAt([Number.NaN], rules)
    if (verdict.kind !== 'permit') throw new Error(verdict.kind)
    expect(gate.isInForce(verdict.permit)).toBe(true)
  })
})

describe('a permit that a yes has led to', () => {
  const limits = [{ id: 'l', tools: ['refund'], per: 'session', max: 1 }]
  const context = { runId: 'run_1', session: undefined, principal: user }
  const permitted = async (): Promise<{
    gate: Gate
    given: Permitted
    examined: ExaminedCall
  }> => {
    const { ask, gate } = await gateAsking({ roles: ['lead'] }, { limits })
    const { id } = await ask('refund', args)
    const answered = await gate.answer(id, { action: 'approve', by: ada })
    if (answered.kind !== 'settled' || answered.verdict.kind !== 'permit') throw new Error(id)
    return { gate, given: answered.verdict, examined: answered.examined }
  }
  const used = (gate: Gate): readonly number[] =>
    gate.limitsOf('refund', context).map((limit) => limit.used)

  test('is taken back by a no to the call, with what it took', async () => {
    const { examined, gate, given } = await permitted()
    expect(used(gate)).toEqual([1])
    expect(gate.overrule(given, examined, { action: 'deny', by: bob })).toMatchObject({
      kind: 'settled',
      verdict: { kind: 'refusal', status: 'denied-by-human' },
    })
    expect(used(gate)).toEqual([0])
  })

  test.each([
    ['somebody who is not asked', { subject: 'eve', roles: ['user'] }],
    ['the caller', { ...user, roles: ['lead'] }],
    ['nobody', undefined],
  ])('stands where the no is of %s', async (_, by) => {
    const { examined, gate, given } = await permitted()
    const no = { action: 'deny', ...(by === undefined ? {} : { by }) } as const
    expect(gate.overrule(given, examined, no)).toBeUndefined()
    expect(used(gate)).toEqual([1])
  })
})
