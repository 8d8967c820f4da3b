import { expect, test } from 'vitest'
import { Hooks, type GateHook } from '../../../src/gate/hooks.ts'
import type { ExaminedCall } from '../../../src/gate/verdict.ts'
import type { Decision } from '../../../src/protocol/decision.ts'
import { toolOf, user } from '../../support/agent.ts'

const call = { callId: 'c', providerId: '', turn: 1, index: 0, tool: 'act', rawArgs: '{}' }
const tool = toolOf('act')
const examined: ExaminedCall = { call, args: {}, argsDigest: 'd', tool, defect: undefined }

const decision: Decision = {
  effect: 'allow',
  rule: 'allowed',
  rules: [],
  reasons: [],
  obligations: [],
  labels: [],
  policy: { name: 'p', digest: 'd' },
  at: '2026-01-01T00:00:00Z',
}

test('hooks are asked side by side, and everything they have against a call is found', async () => {
  const asked: string[] = []
  const both = Promise.withResolvers<void>()
  const waiting =
    (name: string, effect: 'ask' | 'deny'): GateHook =>
    async () => {
      if (asked.push(name) === 2) both.resolve()
      await both.promise
      return { effect }
    }
  const hooks = new Hooks(
    [
      { name: 'a', decide: waiting('a', 'ask'), timeoutMs: 60_000 },
      { name: 'b', decide: waiting('b', 'deny'), timeoutMs: 60_000 },
    ],
    () => undefined,
  )
  const context = { runId: 'r', session: undefined, principal: user }
  expect(await hooks.ask(examined, context, decision)).toMatchObject([
    { effect: 'ask', rule: 'hooks.a' },
    { effect: 'deny', rule: 'hooks.b' },
  ])
})

test('no hook is asked for a run that was stopped before', async () => {
  let asked = 0
  const decide: GateHook = () => {
    asked++
    return { effect: 'allow' }
  }
  const hooks = new Hooks([{ name: 'a', decide, timeoutMs: 60_000 }], () => undefined)
  const signal = AbortSignal.abort()
  const context = { runId: 'r', session: undefined, principal: user, signal }
  expect(await hooks.ask(examined, context, decision)).toMatchObject([
    { effect: 'deny', rule: 'stopped' },
  ])
  expect(asked).toBe(0)
})
