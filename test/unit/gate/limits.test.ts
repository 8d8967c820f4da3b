import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { Verdict } from '../../../src/gate/verdict.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import { policyOf, toolOf, user } from '../../support/agent.ts'
import { gateOf, type GateUnderTest } from '../../support/gate.ts'

const tools = [toolOf('act'), toolOf('look')]

function limited(...limits: JsonObject[]): Promise<GateUnderTest> {
  const rules = [
    { id: 'allowed', allow: ['act', 'look'], who: { roles: ['user'] } },
    { id: 'closed', deny: ['look'], args: { shut: { const: true } } },
  ]
  return gateOf(policyOf({ rules, limits }), tools)
}

const calls = { id: 'calls', tools: ['act'], per: 'session', max: 2, over: 'deny' }

function callIdOf(verdict: Verdict): string {
  if (verdict.kind !== 'permit') throw new Error(`the call was not permitted: ${verdict.kind}`)
  return verdict.permit.callId
}

function ran(gate: GateUnderTest['gate'], callId: string, durationMs = 1): void {
  const call = { callId, providerId: '', turn: 1, index: 0, tool: 'act', rawArgs: '{}' }
  const examined = { call, args: {}, argsDigest: '', tool: undefined, defect: undefined }
  const context = { runId: 'run_1', session: undefined, principal: user }
  gate.settle(examined, context, { succeeded: true, value: null, durationMs })
}

async function kinds(verdicts: readonly Promise<Verdict>[]): Promise<readonly string[]> {
  return (await Promise.all(verdicts)).map(({ kind }) => kind)
}

describe('a limit', () => {
  test('refuses what is over it, names itself and its place', async () => {
    const { judge } = await limited(calls)
    expect(await kinds([judge('act'), judge('act')])).toEqual(['permit', 'permit'])
    expect(await judge('act')).toMatchObject({
      kind: 'refusal',
      status: 'error-security',
      decision: {
        effect: 'deny',
        rule: 'limits.calls',
        rules: [
          { id: 'limits.calls', file: 'desk.yaml', line: 1 },
          { id: 'allowed', effect: 'allow' },
        ],
        reasons: [
          expect.stringContaining('limit `calls` of 2 calls is used up'),
          expect.any(String),
        ],
      },
    })
    expect(await kinds([judge('look')])).toEqual(['permit'])
  })

  test('M28: of 10 lets exactly 10 of 100 parallel calls through', async () => {
    const { judge } = await limited({ ...calls, max: 10 })
    const found = await kinds(Array.from({ length: 100 }, () => judge('act')))
    expect(found.filter((kind) => kind === 'permit')).toHaveLength(10)
    expect(found.filter((kind) => kind === 'refusal')).toHaveLength(90)
  })

  test('gives places back that were not used', async () => {
    const { judge, gate } = await limited(calls)
    const first = callIdOf(await judge('act'))
    await judge('act')
    gate.release(first)
    expect(await kinds([judge('act'), judge('act')])).toEqual(['permit', 'refusal'])
  })

  test('keeps places of calls that ran, also when they are settled twice', async () => {
    const { judge, gate } = await limited(calls)
    const first = callIdOf(await judge('act'))
    await judge('act')
    ran(gate, first)
    gate.release(first)
    expect(await kinds([judge('act')])).toEqual(['refusal'])
  })

  test('S2-33 S2-36 does not count calls that something else refuses', async () => {
    const { judge } = await limited({ ...calls, tools: ['**'] })
    for (let time = 0; time < 5; time++) {
      expect((await judge('look', { shut: true })).decision.rule).toBe('closed')
    }
    expect(await kinds([judge('look'), judge('look')])).toEqual(['permit', 'permit'])
  })

  test('takes no place anywhere when one of several is full', async () => {
    const wide = { ...calls, id: 'wide', tools: ['**'], max: 3 }
    const { judge } = await limited(calls, wide)
    await judge('act')
    await judge('act')
    for (let time = 0; time < 5; time++) await judge('act')
    expect(await kinds([judge('look'), judge('look')])).toEqual(['permit', 'refusal'])
  })

  test('frees places as its window slides, to the millisecond', async () => {
    const { judge, clock } = await limited({ ...calls, window: '1m' })
    await judge('act')
    clock.advance(30_000)
    await judge('act')
    clock.advance(29_999)
    expect(await kinds([judge('act')])).toEqual(['refusal'])
    clock.advance(1)
    expect(await kinds([judge('act'), judge('act')])).toEqual(['permit', 'refusal'])
    clock.advance(30_000)
    expect(await kinds([judge('act'), judge('act')])).toEqual(['permit', 'refusal'])
  })
})

describe('what a limit counts by', () => {
  const other: Principal = { ...user, subject: 'user-2' }

  test.each<[string, JsonObject, Partial<Principal>, Partial<Principal>]>([
    ['subject', { per: 'subject' }, { subject: 'a' }, { subject: 'b' }],
    ['issuer of a subject', { per: 'subject' }, { issuer: 'https://a' }, { issuer: 'https://b' }],
    ['agent', { per: 'agent' }, { agent: 'a' }, { agent: 'b' }],
    ['tenant', { per: 'tenant' }, { tenant: 'a' }, { tenant: 'b' }],
    [
      'subject without confusing it',
      { per: 'subject' },
      { issuer: 'a","b', subject: 'c' },
      {
        issuer: 'a',
        subject: 'b","c',
      },
    ],
  ])('M29: is the %s', async (_, fields, one, another) => {
    const { judge } = await limited({ ...calls, ...fields, max: 1 })
    const first = { principal: { ...user, ...one } }
    const second = { principal: { ...user, ...another } }
    expect(await kinds([judge('act', {}, first), judge('act', {}, first)])).toEqual([
      'permit',
      'refusal',
    ])
    expect(await kinds([judge('act', {}, second)])).toEqual(['permit'])
  })

  test('is everybody together', async () => {
    const { judge } = await limited({ ...calls, per: 'global', max: 1 })
    expect(await kinds([judge('act'), judge('act', {}, { principal: other })])).toEqual([
      'permit',
      'refusal',
    ])
  })

  test('is the session across runs, and the run where there is none', async () => {
    const { judge } = await limited({ ...calls, max: 1 })
    const inSession = (runId: string) => judge('act', {}, { runId, session: 's' })
    expect(await kinds([inSession('run_1'), inSession('run_2')])).toEqual(['permit', 'refusal'])
    const alone = (runId: string) => judge('act', {}, { runId })
    expect(await kinds([alone('run_3'), alone('run_3'), alone('run_4')])).toEqual([
      'permit',
      'refusal',
      'permit',
    ])
  })
})

test('a run that ends takes no counts from a session that has its name', async () => {
  const { judge, gate } = await limited({ ...calls, max: 1 })
  const inSession = { runId: 'run_2', session: 'run_1' }
  expect(await kinds([judge('act', {}, inSession)])).toEqual(['permit'])
  expect(await kinds([judge('act', {}, { runId: 'run_1' })])).toEqual(['permit'])
  gate.forget({ runId: 'run_1', session: undefined, principal: user })
  expect(await kinds([judge('act', {}, inSession)])).toEqual(['refusal'])
})

describe('a limit that asks', () => {
  test('lets a person allow what is over it, and counts that', async () => {
    const { judge, ask, gate } = await limited({ ...calls, max: 1, over: 'ask' })
    await judge('act')
    const request = await ask('act')
    expect(request.rules[0]).toMatchObject({ id: 'limits.calls', effect: 'ask' })
    const answered = await gate.answer(request.id, { action: 'approve', by: { subject: 'ada' } })
    expect(answered).toMatchObject({ verdict: { kind: 'permit' } })
  })

  test('gives its place back when a person refuses, nobody answers or the run ends', async () => {
    const { ask, judge, gate } = await limited(
      { ...calls, id: 'first', max: 1, over: 'ask', per: 'subject' },
      { ...calls, id: 'second', max: 2, over: 'deny', per: 'subject' },
    )
    await judge('act')
    const by = { subject: 'ada' }
    await gate.answer((await ask('act')).id, { action: 'deny', by })
    gate.expire((await ask('act')).id)
    await ask('act', {}, { runId: 'run_9' })
    gate.forget({ runId: 'run_9', session: undefined, principal: user })
    const { id } = await ask('act')
    expect(await gate.answer(id, { action: 'approve', by })).toMatchObject({
      verdict: { kind: 'permit' },
    })
    expect((await judge('act')).decision.rule).toBe('limits.second')
  })
})
