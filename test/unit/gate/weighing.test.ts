import { describe, expect, test } from 'vitest'
import { Hooks, type GateHook, type HookAnswer } from '../../../src/gate/hooks.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { allowing, policyOf, toolOf, user } from '../../support/agent.ts'
import { ada, asking, bob, refund, verdictOf } from '../../support/approvals.ts'
import { gateOf } from '../../support/gate.ts'

const act = toolOf('act')

function hooksOf(...hooks: readonly GateHook[]): Hooks {
  const named = hooks.map((decide, at) => ({ name: `h${at}`, decide, timeoutMs: 60_000 }))
  return new Hooks(named, () => undefined)
}

const says =
  (answer: HookAnswer): GateHook =>
  () =>
    answer

describe('a hook beside the policy', () => {
  test('that allows leaves the decision as it is', async () => {
    const plain = await gateOf(allowing('act'), [act])
    const hooked = await gateOf(allowing('act'), [act], {
      hooks: hooksOf(says({ effect: 'allow' })),
    })
    expect((await hooked.judge('act')).decision).toEqual((await plain.judge('act')).decision)
    expect((await hooked.judge('act')).kind).toBe('permit')
  })

  test('that denies refuses under its own code', async () => {
    const hooks = hooksOf(says({ effect: 'ask' }), says({ effect: 'deny', reason: 'not today' }))
    const { judge } = await gateOf(allowing('act'), [act], { hooks })
    expect(await judge('act')).toEqual({
      kind: 'refusal',
      status: 'error-security',
      error: { code: 'hook-denied', message: 'not today', retryable: false },
      decision: expect.objectContaining({
        effect: 'deny',
        rule: 'hooks.h1',
        obligations: [],
        reasons: ['not today', expect.any(String), 'gate hook `h0` asks for a person'],
        rules: [expect.objectContaining({ id: 'allowed' })],
      }) as unknown,
    })
  })

  test('that asks makes a question, which it is asked about again', async () => {
    let times = 0
    const hooks = hooksOf((...[, decision]) => {
      times++
      return decision.effect === 'allow'
        ? { effect: 'ask', reason: 'it is late' }
        : { effect: 'allow' }
    })
    const { ask, gate } = await gateOf(allowing('act'), [act], { hooks })
    const { id, approvers, reasons } = await ask('act')
    expect({ approvers, reason: reasons[0] }).toEqual({
      approvers: [{ count: 1 }],
      reason: expect.any(String) as string,
    })
    expect(reasons).toContain('it is late')
    expect(await gate.answer(id, { action: 'approve', by: ada })).toMatchObject({
      kind: 'settled',
      verdict: { kind: 'permit', decision: { effect: 'ask' } },
    })
    expect(times).toBe(2)
  })

  test('is not asked about what is refused or defect', async () => {
    const asked: string[] = []
    const hooks = hooksOf(({ tool }) => {
      asked.push(tool)
      return { effect: 'allow' }
    })
    const { judge } = await gateOf(allowing('act'), [act, toolOf('other')], { hooks })
    expect((await judge('other')).decision.rule).toBe('default')
    expect((await judge('nothing')).decision.rule).toBe('unknown_tool')
    expect(asked).toEqual([])
    await judge('act')
    expect(asked).toEqual(['act'])
  })

  test('is asked in the name of everybody above, and each may refuse', async () => {
    const lead = { ...user, subject: 'lead' }
    const seen: string[] = []
    const hooks = hooksOf(({ principal }) => {
      seen.push(principal!.subject)
      return principal!.subject === 'lead' ? { effect: 'deny' } : { effect: 'allow' }
    })
    const { judge } = await gateOf(allowing('act'), [act], { hooks })
    const lineage = { root: 'run_0', principals: [lead], scopes: [] }
    expect(await judge('act', {}, { lineage })).toMatchObject({ decision: { rule: 'hooks.h0' } })
    expect(seen).toEqual(['user-1', 'lead'])
  })

  test('cannot be outrun: what changes while it is asked counts', async () => {
    const all = allowing('act').compile([act])
    const none = policyOf({ rules: [{ id: 'closed', deny: ['act'] }] }).compile([act])
    for (const [before, after] of [
      [all, none],
      [none, all],
    ] as const) {
      for (const effect of ['allow', 'ask', 'deny'] as const) {
        let policy: Policy = before
        const hooks = hooksOf(() => {
          policy = after
          return { effect }
        })
        const { judge } = await gateOf(() => policy, [act], { hooks })
        // whatever a hook says besides, it is the policy that denies
        expect(await judge('act')).toMatchObject({
          kind: 'refusal',
          decision: { rule: 'closed' },
          error: { code: 'denied' },
        })
      }
    }
  })

  test('is held against the limits of a policy that has changed meanwhile', async () => {
    const limited = (...ids: string[]): Policy =>
      policyOf({
        rules: [{ id: 'all', allow: ['**'] }],
        limits: ids.map((id) => ({ id, tools: ['**'], per: 'subject', max: 1 })),
      }).compile([act])
    const [first, second] = [limited('a'), limited('a', 'b')]
    let policy = first
    const hooks = hooksOf(() => {
      policy = second
      return { effect: 'allow' }
    })
    const { gate, judge } = await gateOf(() => policy, [act], { hooks })
    const context = { runId: 'run_1', session: undefined, principal: user }
    const used = (): readonly number[] => gate.limitsOf('act', context).map((limit) => limit.used)
    expect((await judge('act')).kind).toBe('permit')
    expect(used()).toEqual([1, 1])
  })

  test('leaves no place for another question while it weighs an answer to one', async () => {
    const thinking = Promise.withResolvers<void>()
    const answers: (HookAnswer | Promise<HookAnswer>)[] = [
      { effect: 'allow' },
      thinking.promise.then(() => ({ effect: 'allow' })),
    ]
    const hooks = hooksOf(() => answers.shift() ?? { effect: 'allow' })
    const pending = { approvals: { maxPending: 1 } }
    const policy = asking({ roles: ['lead'], count: 2 }, pending)
    const { ask, gate, judge } = await gateOf(policy, [refund], { hooks })
    const { id } = await ask('refund')
    const answered = gate.answer(id, { action: 'approve', by: ada })
    expect((await judge('refund')).decision.rule).toBe('approval_limit')
    expect(await gate.answer(id, { action: 'approve', by: bob })).toMatchObject({
      error: { code: 'approval-unknown' },
    })
    thinking.resolve()
    expect((await answered).kind).toBe('waiting')
    expect(verdictOf(await gate.answer(id, { action: 'approve', by: bob }))).toBe('permit')
    expect((await judge('refund')).kind).toBe('pending')
  })

  test('that is waited for when the gate breaks refuses', async () => {
    const sound = allowing('act').compile([act])
    let policy = sound
    const hooks = hooksOf(() => {
      policy = { ...sound, layers: undefined as never }
      return { effect: 'allow' }
    })
    const { judge } = await gateOf(() => policy, [act], { hooks })
    expect(await judge('act')).toMatchObject({
      kind: 'refusal',
      status: 'error-security',
      decision: { effect: 'deny', rule: 'gate_error' },
      error: { code: 'denied', message: expect.stringMatching(/^the gate failed: /) as string },
    })
  })
})

const shadow = policyOf({ mode: 'shadow', rules: [{ id: 'asked', ask: ['act'] }] })

const verdictBy = async (answer: HookAnswer, tool = 'act') => {
  const tools = [act, toolOf('other')]
  const hooks = hooksOf(says(answer))
  const { judge } = await gateOf(shadow, tools, { hooks, allowShadow: true })
  return judge(tool)
}

describe('shadow mode', () => {
  test('relaxes the policy and not the hooks', async () => {
    const allowed = await verdictBy({ effect: 'allow' })
    expect(allowed).toMatchObject({ kind: 'permit', decision: { effect: 'ask', shadow: true } })
    expect(await verdictBy({ effect: 'allow' }, 'other')).toMatchObject({
      kind: 'permit',
      decision: { effect: 'deny', rule: 'default', shadow: true },
    })
    expect(await verdictBy({ effect: 'deny' })).toMatchObject({
      kind: 'refusal',
      decision: { rule: 'hooks.h0' },
      error: { code: 'hook-denied' },
    })
    expect(await verdictBy({ effect: 'ask' })).toMatchObject({
      kind: 'pending',
      decision: { effect: 'ask', rule: 'hooks.h0', obligations: [{ approvers: { count: 1 } }] },
    })
  })

  test('is no word about what it would allow', async () => {
    const policy = policyOf({ mode: 'shadow', rules: [{ id: 'all', allow: ['act'] }] })
    const { judge } = await gateOf(policy, [act], { allowShadow: true })
    expect(Object.keys((await judge('act')).decision)).not.toContain('shadow')
  })

  test.each([undefined, false])('needs a host that accepts it: %s', async (allowShadow) => {
    const options = allowShadow === undefined ? {} : { allowShadow }
    const { judge } = await gateOf(shadow, [act], options)
    expect((await judge('act')).kind).toBe('pending')
  })

  test('of the host alone relaxes nothing', async () => {
    const { judge } = await gateOf(asking(), [refund], { allowShadow: true })
    expect((await judge('refund')).kind).toBe('pending')
  })
})

describe('somebody who has stopped a tool', () => {
  test('is heard before the policy, under a code of its own', async () => {
    const asked: unknown[] = []
    const { judge } = await gateOf(allowing('act', 'other'), [act, toolOf('other')], {
      stopped(tool, { runId }) {
        asked.push([tool, runId])
        return tool === 'act' ? 'the operator has stopped it' : undefined
      },
      hooks: hooksOf(() => ({ effect: 'allow' })),
    })
    expect(await judge('act')).toMatchObject({
      kind: 'refusal',
      status: 'error-security',
      decision: { effect: 'deny', rule: 'stopped', reasons: ['the operator has stopped it'] },
      error: { code: 'stopped', message: 'the operator has stopped it' },
    })
    expect((await judge('other')).kind).toBe('permit')
    expect(asked[0]).toEqual(['act', 'run_1'])
  })

  test('is heard in shadow mode', async () => {
    const { judge } = await gateOf(policyOf({ mode: 'shadow' }), [act], {
      allowShadow: true,
      stopped: () => 'closed',
    })
    expect((await judge('act')).kind).toBe('refusal')
  })
})

const error = (message: string) => ({ code: 'denied', message, retryable: false })

test('a refusal is told by the first reason, or by what refused', async () => {
  const sound = allowing('act').compile([act])
  const told = async (reasons: readonly string[]) => {
    const silent: Policy = {
      ...sound,
      decide: (request) => ({ ...sound.decide(request), effect: 'deny', rule: 'quiet', reasons }),
    }
    const { judge } = await gateOf(() => ({ ...silent, layers: [silent] }), [act])
    const verdict = await judge('act')
    return verdict.kind === 'refusal' ? verdict.error : verdict.kind
  }
  expect(await told(['first', 'second'])).toEqual(error('first'))
  expect(await told([])).toEqual(error('refused by `quiet`'))
})

test('a defect is refused with its own words and counted as a denial', async () => {
  const limits = [{ id: 'l', tools: ['**'], per: 'session', count: 'denials', max: 1 }]
  const policy = policyOf({ rules: [{ id: 'all', allow: ['act'] }], limits })
  const { judge } = await gateOf(policy, [act])
  expect(await judge('act', [])).toEqual({
    kind: 'refusal',
    status: 'error-validation',
    decision: {
      at: '2027-01-15T08:00:00.000Z',
      effect: 'deny',
      labels: [],
      obligations: [],
      policy: expect.objectContaining({ name: 'desk' }) as unknown,
      reasons: ['the arguments must be one JSON object'],
      rule: 'bad_args',
      rules: [],
    },
    error: {
      code: 'bad-args',
      message: 'the arguments must be one JSON object',
      details: { pointer: '', message: 'must be one JSON object' },
      retryable: false,
    },
  })
  expect((await judge('act')).decision.rule).toBe('limits.l')
})
