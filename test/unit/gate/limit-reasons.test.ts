import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { gateOf, type GateUnderTest } from '../../support/gate.ts'

const context = { runId: 'run_1', session: undefined, principal: user }
const rules = [
  { id: 'all', allow: ['act', 'look'] },
  { id: 'asked', ask: ['pay'] },
]

function limited(...limits: readonly JsonObject[]): Promise<GateUnderTest> {
  const entries = limits.map((limit, at) => ({
    id: `l${at}`,
    tools: ['**'],
    per: 'session',
    ...limit,
  }))
  const tools = [toolOf('act'), toolOf('look'), toolOf('pay')]
  return gateOf(policyOf({ rules, limits: entries } as JsonObject), tools)
}

function settled(
  gate: GateUnderTest['gate'],
  callId: string,
  durationMs: number,
  tool = 'act',
): void {
  const call = { callId, providerId: '', turn: 1, index: 0, tool, rawArgs: '{}' }
  const examined = { call, args: {}, argsDigest: '', tool: undefined, defect: undefined }
  gate.settle(examined, context, { succeeded: true, value: null, durationMs })
}

test('a sum of which something is left says that this call is too much', async () => {
  const { judge } = await limited({ sum: '/n', max: 5, over: 'ask' })
  const { decision } = await judge('act', { n: 6 })
  expect(decision.reasons[0]).toBe('this call goes over limit `l0` of 5 of `/n` in all')
})

describe('a limit that is used up says what it is', () => {
  test.each<[JsonObject, string]>([
    [{ max: 1 }, 'limit `l0` of 1 calls is used up'],
    [{ sum: '/pay/a~1b', max: 0.5 }, 'limit `l0` of 0.5 of `/pay/a~1b` in all is used up'],
    [{ count: 'denials', max: 1 }, 'limit `l0` of 1 denials is used up'],
    [{ count: 'time', max: 2 }, 'limit `l0` of 2 seconds is used up'],
    [
      { count: 'cost', max: 3 },
      'limit `l0` of 3 dollars is used up, or the price of an answer is not known',
    ],
  ])('%j: %s', async (limit, reason) => {
    for (const over of ['deny', 'ask'] as const) {
      const { gate, judge } = await limited({ ...limit, over })
      await judge('act', { pay: { 'a/b': 0.5 } })
      await judge('nothing')
      gate.spent(3, context, 1)
      settled(gate, 'run_1-1-0', 2_000)
      const { decision } = await judge('act', { pay: { 'a/b': 0.5 } })
      expect(decision).toMatchObject({
        effect: over,
        rule: 'limits.l0',
        reasons: [reason, expect.any(String)],
        rules: [
          { id: 'limits.l0', effect: over, file: 'desk.yaml', line: 1, column: expect.any(Number) },
          { id: 'all' },
        ],
      })
    }
  })

  test('and what a person who is asked about a call cannot permit', async () => {
    const { judge } = await limited({ sum: '/a', max: 5 }, { sum: '/b/c', max: 9, over: 'ask' })
    const { decision } = await judge('pay', { a: 6, b: { c: 10 } })
    expect(decision.effect).toBe('ask')
    expect(decision.reasons).toEqual([
      'this call goes over limit `l1` of 9 of `/b/c` in all',
      expect.stringContaining('rule `asked`'),
      'as it is, this call goes over limit `l0` of 5 of `/a` in all and will be refused',
    ])
  })
})

describe('how far limits are used up', () => {
  test('is told for each limit that holds for a tool', async () => {
    const { gate, judge } = await limited(
      { tools: ['act'], max: 3 },
      { tools: ['look'], max: 3 },
      { sum: '/a', max: 9, who: { roles: ['lead'] } },
      { sum: '/a', max: 9, per: 'subject' },
    )
    const used = (tool: string) =>
      gate.limitsOf(tool, context).map(({ limit, used: taken }) => [limit.id, taken])
    expect(used('act')).toEqual([
      ['l0', 0],
      ['l3', 0],
    ])
    await judge('act', { a: 2.5 })
    await judge('act', { a: 1 })
    expect(used('act')).toEqual([
      ['l0', 2],
      ['l3', 3.5],
    ])
    expect(used('look')).toEqual([
      ['l1', 0],
      ['l3', 3.5],
    ])
  })
})

const used = ({ gate }: GateUnderTest): number => gate.limitsOf('act', context)[0]!.used

describe('denials', () => {
  test('are counted for tools the limit is about, and once for each call', async () => {
    const gate = await limited({ tools: ['act'], count: 'denials', max: 9 })
    await gate.judge('look', [])
    expect(used(gate)).toBe(0)
    await gate.judge('act', [])
    await gate.judge('act', [])
    expect(used(gate)).toBe(2)
  })

  test('are answers of people, too, and nothing that only asks or is over a limit', async () => {
    const gate = await limited(
      { count: 'denials', max: 9 },
      { tools: ['act'], max: 1 },
      { sum: '/a', max: 9 },
    )
    const { id } = await gate.ask('pay')
    expect(used(gate)).toBe(0)
    await gate.gate.answer(id, { action: 'deny' })
    expect(used(gate)).toBe(1)
    await gate.judge('act')
    expect((await gate.judge('act')).decision.rule).toBe('limits.l1')
    expect(gate.gate.limitsOf('act', context).map((limit) => limit.used)).toEqual([1, 1, 0])
  })
})

describe('cost and time', () => {
  test('are counted for those whom a limit concerns, each response and each call', async () => {
    const { gate } = await limited(
      { count: 'cost', max: 9 },
      { count: 'time', max: 9, tools: ['act'] },
      { count: 'cost', max: 9, who: { roles: ['lead'] } },
      { max: 9 },
    )
    gate.spent(0.25, context, 1)
    gate.spent(0.5, context, 2)
    settled(gate, 'c1', 1_500)
    settled(gate, 'c2', 250)
    settled(gate, 'c3', 9_000, 'look')
    const uses = gate.limitsOf('act', context).map(({ limit, used: taken }) => [limit.id, taken])
    expect(uses).toEqual([
      ['l0', 0.75],
      ['l1', 1.75],
      ['l3', 3],
    ])
  })

  test('of which nobody says anything use all of a limit up', async () => {
    const { gate } = await limited({ count: 'cost', max: 9 })
    gate.spent(undefined, context, 1)
    expect(gate.limitsOf('act', context)[0]!.used).toBe(9)
  })
})
