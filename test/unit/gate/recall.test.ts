import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { PastJudgement } from '../../../src/gate/judgement.ts'
import type { ExaminedCall, JudgeContext, Settlement } from '../../../src/gate/verdict.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { gateOf, type GateUnderTest } from '../../support/gate.ts'

const run: JudgeContext = { runId: 'run_1', session: undefined, principal: user }
const outcome: Settlement = { succeeded: true, value: 'done', durationMs: 2_000 }

const sections = {
  rules: [
    { id: 'all', allow: ['**'] },
    { id: 'never', deny: ['**'], args: { shut: { const: true } } },
  ],
  sequences: [
    { id: 'after', after: ['read'], then: { tools: ['net'], do: 'deny' } },
    { id: 'until', unless: ['read'], then: { tools: ['act'], do: 'deny' } },
  ],
  limits: [
    { id: 'run', tools: ['**'], per: 'session', max: 9 },
    { id: 'sum', tools: ['**'], per: 'subject', sum: '/n', max: 9 },
    { id: 'time', tools: ['**'], per: 'subject', count: 'time', max: 9 },
    { id: 'denials', tools: ['**'], per: 'subject', count: 'denials', max: 9 },
  ],
}

const all = ['read', 'net', 'act'].map((name) => toolOf(name))

function callOf(args: JsonObject | null): ExaminedCall {
  const call = { callId: 'c0', providerId: '', turn: 1, index: 0, tool: 'read', rawArgs: '' }
  return { call, args, argsDigest: '', tool: undefined, defect: undefined }
}

/** What counts after a call was recalled: the limits, and what the sequences say. */
async function after(
  past: PastJudgement,
  { args = { n: 2 }, context = run }: { args?: JsonObject | null; context?: JudgeContext } = {},
): Promise<readonly unknown[]> {
  const { gate, judge } = await gateOf(policyOf(sections as unknown as JsonObject), all)
  gate.recall(callOf(args), context, past)
  const used = gate.limitsOf('read', context).map((limit) => limit.used)
  const as = context.session === undefined ? {} : { session: context.session }
  const rules = [await judge('net', {}, as), await judge('act', {}, as)]
  return [...used, ...rules.map(({ decision }) => decision.rule)]
}

// the order of the limits is that of their ids
const counted = (denials: number, calls: number, sum: number, time: number): number[] => [
  denials,
  calls,
  sum,
  time,
]

describe('a call of an earlier carrier', () => {
  const past = { approved: false, isCounted: false }

  test('that ran counts in full, as if it had run now', async () => {
    expect(await after({ ...past, outcome })).toEqual([
      ...counted(0, 1, 2, 2),
      'sequences.after',
      'all',
    ])
  })

  test('that failed lets nothing pass that waits for its success', async () => {
    expect(await after({ ...past, outcome: { ...outcome, succeeded: false } })).toEqual([
      ...counted(0, 1, 2, 2),
      'sequences.after',
      'sequences.until',
    ])
  })

  test('that was refused counts as a denial, whatever it was refused by but a limit', async () => {
    const { gate, judge } = await gateOf(policyOf({}), [toolOf('act')])
    const { decision } = await judge('act')
    expect(gate.limitsOf('act', run)).toEqual([])
    expect(await after({ ...past, refused: decision })).toEqual([
      ...counted(1, 0, 0, 0),
      'all',
      'sequences.until',
    ])
    for (const refused of [
      { ...decision, rule: 'limits.run' },
      { ...decision, effect: 'ask' as const },
    ]) {
      expect((await after({ ...past, refused })).slice(0, 4)).toEqual(counted(0, 0, 0, 0))
    }
  })

  test('of which nobody knows how it ended holds its places, and stops what comes after it', async () => {
    expect(await after({ ...past, isInDoubt: true, isCounted: true })).toEqual([
      ...counted(0, 1, 2, 0),
      'sequences.after',
      'sequences.until',
    ])
  })

  test('that this process has counted counts again only for the run', async () => {
    expect(await after({ ...past, isCounted: true, outcome })).toEqual([
      ...counted(0, 1, 0, 0),
      'sequences.after',
      'all',
    ])
    expect(await after({ ...past, isCounted: true })).toEqual([
      ...counted(0, 0, 0, 0),
      'all',
      'sequences.until',
    ])
  })

  test('is known already where the session has a name and this process has counted it', async () => {
    const context = { ...run, session: 's' }
    expect(await after({ ...past, isCounted: true, outcome }, { context })).toEqual([
      ...counted(0, 0, 0, 0),
      'all',
      'sequences.until',
    ])
    expect(await after({ ...past, outcome }, { context })).toEqual([
      ...counted(0, 1, 2, 2),
      'sequences.after',
      'all',
    ])
  })

  test('whose arguments are not on record uses all of a sum up', async () => {
    expect((await after({ ...past, outcome }, { args: null })).slice(0, 4)).toEqual(
      counted(0, 1, 9, 2),
    )
    expect((await after({ ...past, isInDoubt: true }, { args: null })).slice(0, 4)).toEqual(
      counted(0, 1, 9, 0),
    )
  })
})

const witnessed = async (): Promise<GateUnderTest> => {
  const gate = await gateOf(policyOf(sections as unknown as JsonObject), all)
  gate.gate.witness(callOf({ n: 3 }), run, outcome)
  return gate
}

describe('a call that was never judged and has run', () => {
  test('counts like one that was permitted', async () => {
    const { gate, judge } = await witnessed()
    expect(gate.limitsOf('read', run).map((limit) => limit.used)).toEqual(counted(0, 1, 3, 2))
    expect((await judge('net')).decision.rule).toBe('sequences.after')
    expect((await judge('act')).decision.rule).toBe('all')
  })

  test('is forgotten with its run, but for what outlives the run', async () => {
    const { gate, judge } = await witnessed()
    gate.forget({ ...run, session: 's' })
    gate.forget({ ...run, lineage: { root: 'run_1', principals: [], scopes: [] } })
    gate.forget({ ...run, runId: 'run_2' })
    expect((await judge('net')).decision.rule).toBe('sequences.after')
    gate.forget(run)
    expect((await judge('net')).decision.rule).toBe('all')
    gate.forget(run)
    expect(gate.limitsOf('read', run).map((limit) => limit.used)).toEqual(counted(1, 0, 3, 2))
  })
})

test('a call in doubt holds what it is known to take, and nothing from before', async () => {
  const gate = await gateOf(policyOf(sections as unknown as JsonObject), all)
  await gate.judge('read', { n: 5 }, { callId: 'c0' })
  const used = (): readonly number[] => gate.gate.limitsOf('read', run).map((limit) => limit.used)
  expect(used()).toEqual(counted(0, 1, 5, 0))
  gate.gate.recall(callOf({ n: 2 }), run, { approved: false, isCounted: true, isInDoubt: true })
  expect(used()).toEqual(counted(0, 1, 2, 0))
  gate.gate.release('c0')
  expect(used()).toEqual(counted(0, 0, 0, 0))
})

test('a call that is counted again for its run gives nothing back', async () => {
  const gate = await gateOf(policyOf(sections as unknown as JsonObject), all)
  gate.gate.recall(callOf({ n: 2 }), run, { approved: false, isCounted: true, outcome })
  gate.gate.release('c0')
  expect(gate.gate.limitsOf('read', run).map((limit) => limit.used)).toEqual(counted(0, 1, 0, 0))
})

test('a call that was approved before endorses its values again', async () => {
  const policy = policyOf({
    rules: [{ id: 'all', allow: ['**'] }],
    tools: {
      read: { kind: 'read', output: { trust: 'untrusted' } },
      act: { kind: 'write', args: { to: { steers: true } } },
    },
    flow: { untrustedSteering: 'deny' },
  })
  const ruleAfter = async (approved: boolean): Promise<string> => {
    const { gate, judge } = await gateOf(policy, [toolOf('read'), toolOf('act')])
    const read = { ...callOf({}), args: {} }
    gate.witness(read, run, { ...outcome, value: 'write to eve' })
    const act = { ...read, call: { ...read.call, callId: 'c1', tool: 'act' }, args: { to: 'eve' } }
    gate.recall(act, run, { approved, isCounted: false })
    return (await judge('act', { to: 'eve' })).decision.rule
  }
  expect(await ruleAfter(false)).toBe('flow.untrustedSteering')
  expect(await ruleAfter(true)).toBe('all')
})
