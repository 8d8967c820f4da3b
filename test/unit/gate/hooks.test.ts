import { describe, expect, test } from 'vitest'
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

interface Complaint {
  readonly name: string
  readonly what: string
  readonly error?: unknown
}

const failed = (what: string, error?: unknown) => ({
  found: [
    {
      effect: 'deny',
      rule: 'hooks.a',
      reason: `gate hook \`a\` ${what}, which counts as a no`,
    },
  ],
  complaints: [{ name: 'a', what: `its gate hook ${what}`, error }],
})

describe('the answer of a hook', () => {
  const context = { runId: 'r', session: 's', principal: user }

  async function asking(decide: unknown, timeoutMs = 60_000, signal?: AbortSignal) {
    const complaints: Complaint[] = []
    const hooks = new Hooks(
      [{ name: 'a', decide: decide as GateHook, timeoutMs }],
      (name, what, ...rest) => complaints.push({ name, what, error: rest[0] }),
    )
    const given = signal === undefined ? context : { ...context, signal }
    return { found: await hooks.ask(examined, given, decision), complaints }
  }

  test('allow adds nothing', async () => {
    expect(await asking(() => ({ effect: 'allow', reason: 'fine' }))).toEqual({
      found: [],
      complaints: [],
    })
  })

  test.each([
    [{ effect: 'ask' }, 'gate hook `a` asks for a person'],
    [{ effect: 'deny' }, 'gate hook `a` refuses this call'],
    [{ effect: 'deny', reason: '' }, 'gate hook `a` refuses this call'],
    [{ effect: 'deny', reason: 7 }, 'gate hook `a` refuses this call'],
    [{ effect: 'ask', reason: 'it is late' }, 'it is late'],
    [{ effect: 'deny', reason: 'x'.repeat(500) }, 'x'.repeat(500)],
    [{ effect: 'deny', reason: 'x'.repeat(501) }, `${'x'.repeat(500)}… (1 more characters)`],
  ])('%j is told with its reason', async (answer, reason) => {
    const { effect } = answer
    expect(await asking(() => answer)).toEqual({
      found: [{ effect, rule: 'hooks.a', reason }],
      complaints: [],
    })
    expect((await asking(() => Promise.resolve(answer))).found).toEqual([
      { effect, rule: 'hooks.a', reason },
    ])
  })

  test.each([
    undefined,
    null,
    true,
    'allow',
    [],
    ['allow'],
    {},
    { effect: 'Allow' },
    { effect: '' },
    { effect: true },
    { effect: undefined },
  ])('%j is none, which denies and is complained about', async (answer) => {
    expect(await asking(() => answer)).toEqual(failed('gave no answer'))
  })

  test('that is an exception denies without telling what it says', async () => {
    const error = new Error('secret')
    const throws = (): never => {
      throw error
    }
    expect(await asking(throws)).toEqual(failed('threw', error))
    expect(await asking(() => Promise.reject(error))).toEqual(failed('threw', error))
    expect(await asking(undefined)).toEqual(failed('threw', expect.any(TypeError)))
  })

  test('that does not come in time denies, and the hook hears that nobody waits', async () => {
    let heard: AbortSignal | undefined
    const silent: GateHook = (_call, _decision, { signal }) => {
      heard = signal
      return new Promise(() => undefined)
    }
    expect(await asking(silent, 1)).toEqual(failed('gave no answer in 1 ms'))
    expect(heard!.aborted).toBe(true)
    expect(heard!.reason).toMatchObject({ name: 'AbortError', reason: 'ended' })
  })

  test('is waited for no longer than the run, and no hook is to blame', async () => {
    const run = new AbortController()
    let heard: AbortSignal | undefined
    const waiting: GateHook = (_call, _decision, { signal }) => {
      heard = signal
      queueMicrotask(() => run.abort())
      return new Promise(() => undefined)
    }
    expect(await asking(waiting, 60_000, run.signal)).toEqual({
      found: [
        {
          effect: 'deny',
          rule: 'stopped',
          reason: 'the run was stopped before gate hook `a` had decided',
        },
      ],
      complaints: [],
    })
    expect(heard!.aborted).toBe(true)
  })

  test('leaves nothing behind at the signal of the run', async () => {
    const run = new AbortController()
    const listeners: string[] = []
    const { signal } = run
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = ((...given: Parameters<typeof add>) => {
      listeners.push(given[0])
      add(...given)
    }) as typeof add
    signal.removeEventListener = ((...given: Parameters<typeof remove>) => {
      listeners.splice(listeners.indexOf(given[0]), 1)
      remove(...given)
    }) as typeof remove
    let heard: AbortSignal | undefined
    const allows: GateHook = (_call, _decision, options) => {
      heard = options.signal
      return { effect: 'allow' }
    }
    expect((await asking(allows, 60_000, signal)).found).toEqual([])
    expect(listeners).toEqual([])
    await asking(() => new Promise(() => undefined), 1, signal)
    expect(listeners).toEqual([])
    await asking(
      () => {
        expect(listeners).toEqual(['abort'])
        run.abort()
        return new Promise(() => undefined)
      },
      60_000,
      signal,
    )
    expect(listeners).toEqual([])
    expect(heard!.aborted).toBe(false)
  })

  test('that has come is not timed any more', async () => {
    let heard: AbortSignal | undefined
    const allows: GateHook = (_call, _decision, { signal }) => {
      heard = signal
      return { effect: 'allow' }
    }
    expect(await asking(allows, 1)).toEqual({ found: [], complaints: [] })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(heard!.aborted).toBe(false)
  })
})

test('a hook sees the call and the decision, and can change neither', async () => {
  const seen: unknown[] = []
  const decide: GateHook = (...given) => {
    seen.push(...given.slice(0, 2))
    return { effect: 'allow' }
  }
  const hooks = new Hooks([{ name: 'a', decide, timeoutMs: 60_000 }], () => undefined)
  const claims = { level: [1] }
  const principal = { ...user, claims }
  await hooks.ask(examined, { runId: 'r', session: 's', principal }, decision)
  const expected = {
    runId: 'r',
    session: 's',
    callId: 'c',
    turn: 1,
    tool: 'act',
    args: {},
    argsDigest: 'd',
    principal,
  }
  expect(seen).toEqual([expected, decision])
  const [asked, shown] = seen as [typeof expected, Decision]
  for (const part of [asked, asked.principal, asked.principal.claims.level, shown, shown.reasons]) {
    expect(Object.isFrozen(part)).toBe(true)
  }
  expect(Object.isFrozen(claims)).toBe(false)
  expect(Object.isFrozen(decision)).toBe(false)
})
