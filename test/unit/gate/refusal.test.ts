import { describe, expect, test } from 'vitest'
import { createGate } from '../../../src/gate/gate.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { createRegistry } from '../../../src/tools/registry.ts'
import { allowing, toolOf, user } from '../../support/agent.ts'

const context = { runId: 'run_1', session: undefined, principal: user }
const call = { callId: 'c', providerId: '', turn: 1, index: 0, tool: 'act', rawArgs: '{}' }

/** The gate over a policy of which one part is broken. */
async function judgeWith(broken: (policy: Policy) => Policy) {
  const tools = [toolOf('act')]
  const policy = allowing('act').compile(tools)
  const registry = await createRegistry(tools)
  const changed = broken(policy)
  const gate = createGate({
    policy: { ...changed, layers: [changed] },
    registry,
    clock: manualClock(),
  })
  return gate.judge(await gate.examine(call), context)
}

function fail(): never {
  throw new Error('out of order')
}

describe('a step of the gate that throws', () => {
  test('is not a matter of the rest: the sound gate permits', async () => {
    expect((await judgeWith((policy) => policy)).kind).toBe('permit')
  })

  test.each<[string, (policy: Policy) => Policy]>([
    ['the policy', (policy) => ({ ...policy, decide: fail })],
    [
      'a limit',
      (policy) => ({
        ...policy,
        limits: [
          {
            id: 'l',
            per: 'session',
            count: 'calls',
            max: 1,
            over: 'deny',
            position: { file: '', line: 1, column: 1 },
            matches: fail,
            concerns: fail,
          },
        ],
      }),
    ],
  ])('refuses the call: %s', async (_, broken) => {
    expect(await judgeWith(broken)).toMatchObject({
      kind: 'refusal',
      status: 'error-security',
      decision: { effect: 'deny', rule: 'gate_error' },
    })
  })

  test('refuses the call when the policy allows by a wrong word', async () => {
    const verdict = await judgeWith((policy) => ({
      ...policy,
      decide: (request) => ({ ...policy.decide(request), effect: 'Allow' as 'allow' }),
    }))
    expect(verdict.kind).not.toBe('permit')
  })

  test('refuses the call when a decision carries an obligation nobody knows', async () => {
    const verdict = await judgeWith((policy) => ({
      ...policy,
      decide: (request) => ({
        ...policy.decide(request),
        obligations: [{ kind: 'double-check' } as never],
      }),
    }))
    expect(verdict).toMatchObject({
      kind: 'refusal',
      error: { code: 'denied', message: 'the gate failed: unknown obligation `double-check`' },
    })
  })
})

describe('a call', () => {
  test.each([
    ['Act'],
    ['act '],
    ['functions.act'],
    ['\u0430ct'],
    ['act\u0000'],
    ['constructor'],
    ['toString'],
    ['__proto__'],
    [''],
  ])('of a tool named %j is refused as unknown', async (tool) => {
    const tools = [toolOf('act')]
    const policy = allowing('act').compile(tools)
    const gate = createGate({ policy, registry: await createRegistry(tools), clock: manualClock() })
    expect(gate.judge(await gate.examine({ ...call, tool }), context)).toMatchObject({
      kind: 'refusal',
      status: 'error-not-found',
      decision: { effect: 'deny', rule: 'unknown_tool' },
      error: { code: 'unknown-tool' },
    })
  })
})
