import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { KeyedQueue } from '../../../src/run/keyed-queue.ts'
import type { RunLimits } from '../../../src/run/stop.ts'
import { stopAfterTools } from '../../../src/run/stop.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import {
  agentOf,
  allowing,
  finish,
  noting,
  only,
  policyOf,
  statusesOf,
  toolOf,
  ways,
} from '../../support/agent.ts'
import { expectEventOrder, expectOneRecord, expectValidHistories } from '../../support/laws.ts'

const calling = (...numbers: number[]): ScriptedTurn => ({
  calls: numbers.map((n) => ({ tool: 'act', args: { n } })),
})
const priced: ScriptedTurn = {
  ...calling(1),
  usage: { inputTokens: 60, outputTokens: 40, cost: 0.5 },
}

interface Case {
  readonly limits: Partial<RunLimits>
  readonly turns: readonly ScriptedTurn[]
  readonly executed: number
  readonly requests: number
  readonly statuses?: readonly string[]
}

const cases: Record<string, Case> = {
  maxTurns: {
    limits: { maxTurns: 2 },
    turns: [calling(1), calling(2), calling(3)],
    executed: 2,
    requests: 2,
  },
  maxToolCalls: {
    limits: { maxToolCalls: 3 },
    turns: [calling(1, 2), calling(3, 4, 5), calling(6)],
    executed: 3,
    requests: 2,
    statuses: ['success', 'success', 'success', 'skipped', 'skipped'],
  },
  maxRepeatedCalls: {
    limits: { maxRepeatedCalls: 2 },
    turns: [calling(1, 2), calling(1), calling(1, 3)],
    executed: 4,
    requests: 3,
    statuses: ['success', 'success', 'success', 'skipped', 'success'],
  },
  maxTokens: {
    limits: { maxTokens: 200 },
    turns: [priced, priced, priced],
    executed: 2,
    requests: 2,
  },
  maxCost: { limits: { maxCost: 1 }, turns: [priced, priced, priced], executed: 2, requests: 2 },
}

describe.each(ways)('a run stops at its limit, %s', (way) => {
  test.each(Object.entries(cases))('%s', async (name, wanted) => {
    const { tool, calls } = noting('act')
    const { start, model } = agentOf(wanted.turns, { tools: [tool], policy: allowing('act') })
    const finished = await finish(start({ limits: wanted.limits }), way)
    const { result, events } = finished
    expect(result.status).toBe('limit')
    expect([calls.length, model.requests.length]).toEqual([wanted.executed, wanted.requests])
    expect(only(events, 'limit')).toMatchObject([
      { limit: name, max: wanted.limits[name as 'maxTurns'] },
    ])
    expect(result.report.limits).toMatchObject([{ limit: name }])
    if (wanted.statuses !== undefined) expect(statusesOf(finished)).toEqual(wanted.statuses)
    const code = name === 'maxRepeatedCalls' ? 'repeated-call' : 'limit-reached'
    for (const { error, status } of result.report.rows) {
      if (status === 'skipped') expect(error?.code).toBe(code)
    }
    expectEventOrder(events)
    expectOneRecord(finished)
    expectValidHistories(model.requests)
  })

  test('runTimeoutMs, whatever a tool does', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const started = Promise.withResolvers<void>()
    const hang = toolOf('act', {
      execute() {
        started.resolve()
        return new Promise(() => undefined)
      },
    })
    const { start } = agentOf([calling(1)], { tools: [hang], policy: allowing('act') })
    const run = start({ limits: { runTimeoutMs: 5_000 } })
    await started.promise
    await vi.advanceTimersByTimeAsync(5_000)
    const finished = await finish(run, way)
    expect(finished.result).toMatchObject({ status: 'timeout', error: { code: 'run-timeout' } })
    expect(statusesOf(finished)).toEqual(['cancelled'])
    expectEventOrder(finished.events)
    expectOneRecord(finished)
  })
})

test('a model that has answered ends the run as completed at any limit', async () => {
  const { start } = agentOf([{ text: 'hi', usage: { inputTokens: 9, outputTokens: 9, cost: 9 } }])
  const { result } = await finish(start({ limits: { maxTurns: 1, maxTokens: 1, maxCost: 0.1 } }))
  expect(result.status).toBe('completed')
})

test('a tool named by the host ends the run once it has run with success', async () => {
  const { tool } = noting('act')
  const { start, model } = agentOf([calling(1), calling(2)], {
    tools: [tool],
    policy: allowing('act'),
    stopWhen: [stopAfterTools('act')],
  })
  const { result } = await finish(start())
  expect([result.status, model.requests.length]).toEqual(['completed', 1])
})

/** A tool that counts how often it runs at the same time. */
function crowding(fields: Parameters<typeof toolOf>[1] = {}) {
  let running = 0
  const seen = { most: 0, total: 0 }
  const tool = toolOf('act', {
    ...fields,
    async execute() {
      seen.total++
      seen.most = Math.max(seen.most, ++running)
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
      running--
    },
  })
  return { tool, seen }
}

describe('calls of one turn', () => {
  test.each([1, 3, 8])('S2-T2 run side by side, never more than %i', async (maxParallel) => {
    const { tool, seen } = crowding()
    const numbers = Array.from({ length: 20 }, (_, index) => index)
    const { start } = agentOf([calling(...numbers), { text: '' }], {
      tools: [tool],
      policy: allowing('act'),
      limits: { maxParallel },
    })
    await finish(start())
    expect(seen).toEqual({ most: maxParallel, total: 20 })
  })

  test('of one key run one after the other, across the runs of a runtime', async () => {
    const { tool, seen } = crowding({ concurrencyKey: () => 'same' })
    const turns = [calling(1, 2, 3), calling(4, 5, 6), { text: '' }, { text: '' }]
    const { start } = agentOf(turns, { tools: [tool], policy: allowing('act') })
    const results = await Promise.all([finish(start()), finish(start(), 'result only')])
    expect(results.map(({ result }) => result.status)).toEqual(['completed', 'completed'])
    expect(seen).toEqual({ most: 1, total: 6 })
  })

  test('of different keys do not wait for each other', async () => {
    const { tool, seen } = crowding({ concurrencyKey: ({ n }) => String(n) })
    const { start } = agentOf([calling(1, 2, 3), { text: '' }], {
      tools: [tool],
      policy: allowing('act'),
    })
    await finish(start())
    expect(seen.most).toBe(3)
  })

  test.each<[string, unknown]>([
    ['throws', () => expect.fail('no key')],
    ['returns an object', () => ({})],
    ['returns null', () => null],
    ['returns a promise', async () => 'key'],
    ['returns a promise that rejects', async () => expect.fail('no key')],
  ])('do not run when the function for their key %s', async (_, concurrencyKey) => {
    const { tool, calls } = noting('act', { concurrencyKey: concurrencyKey as () => string })
    const { start } = agentOf([calling(1), { text: 'ok' }], {
      tools: [tool],
      policy: policyOf({
        rules: [{ id: 'allowed', allow: ['act'], who: { roles: ['user'] } }],
        limits: [{ id: 'one', tools: ['act'], per: 'subject', max: 1, over: 'deny' }],
      }),
    })
    const finished = await finish(start())
    expect(calls).toEqual([])
    expect(statusesOf(finished)).toEqual(['error-execution'])
    expect(finished.result.status).toBe('completed')
    expectEventOrder(finished.events)
  })

  test('leave the queue of their key when their run is cancelled', async () => {
    const started = Promise.withResolvers<void>()
    const leave = Promise.withResolvers<void>()
    const hold = noting('act', {
      concurrencyKey: () => 'same',
      execute() {
        started.resolve()
        return leave.promise
      },
    })
    const { start } = agentOf([calling(1), calling(2), { text: '' }], {
      tools: [hold.tool],
      policy: allowing('act'),
    })
    const first = start()
    await started.promise
    const second = start()
    for await (const event of second) if (event.type === 'decision') break
    second.cancel()
    const { report, status } = await second.result()
    expect([status, report.rows[0]!.status, hold.calls.length]).toEqual([
      'cancelled',
      'cancelled',
      1,
    ])
    leave.resolve()
    expect((await first.result()).status).toBe('completed')
  })
})

describe('a queue with keys', () => {
  const never = new AbortController().signal

  test('keeps the order of those who wait when one of them leaves', async () => {
    const queue = new KeyedQueue()
    const leaving = new AbortController()
    const order: string[] = []
    const first = await queue.acquire('k', never)
    const second = queue.acquire('k', leaving.signal)
    const third = queue.acquire('k', never).then((release) => {
      order.push('third')
      return release
    })
    leaving.abort()
    expect(await second).toBeUndefined()
    const fourth = queue.acquire('k', never).then(() => order.push('fourth'))
    await new Promise(setImmediate)
    expect(order).toEqual([])
    first!()
    const release = await third
    await new Promise(setImmediate)
    expect(order).toEqual(['third'])
    release!()
    await fourth
    expect(order).toEqual(['third', 'fourth'])
  })

  test('gives a free key at once, also to a signal that has aborted', async () => {
    const queue = new KeyedQueue()
    const release = await queue.acquire('k', AbortSignal.abort())
    expect(release).toBeTypeOf('function')
    expect(await queue.acquire('k', AbortSignal.abort())).toBeUndefined()
  })
})

describe('the limits of a policy in a run', () => {
  test('of 10 let exactly 10 of 100 calls of one turn run', async () => {
    const { tool, calls } = noting('act')
    const { start } = agentOf(
      [calling(...Array.from({ length: 100 }, (_, n) => n)), { text: '' }],
      {
        tools: [tool],
        limits: { maxToolCalls: 100 },
        policy: policyOf({
          rules: [{ id: 'allowed', allow: ['act'], who: { roles: ['user'] } }],
          limits: [{ id: 'ten', tools: ['act'], per: 'session', max: 10, over: 'deny' }],
        }),
      },
    )
    const finished = await finish(start())
    expect(calls).toHaveLength(10)
    expect(statusesOf(finished).filter((status) => status === 'error-security')).toHaveLength(90)
    expect(finished.result.report.rows.at(-1)!.decision!.rule).toBe('limits.ten')
  })

  test('do not count calls that were never started', async () => {
    const { tool, calls } = noting('act')
    const policy = policyOf({
      rules: [
        { id: 'allowed', allow: ['act'], who: { roles: ['user'] } },
        { id: 'asked', ask: ['act'], args: { n: { const: 0 } } },
      ],
      limits: [{ id: 'one', tools: ['act'], per: 'subject', max: 1, over: 'deny' }],
    })
    const { start } = agentOf([calling(0), calling(0), calling(1), calling(2), { text: '' }], {
      tools: [tool],
      policy,
    })
    expect((await finish(start())).result.status).toBe('needs-approval')
    const denied = start({ approve: () => ({ action: 'deny', by: { subject: 'ada' } }) })
    const { result } = await finish(denied)
    expect(calls).toEqual([{ n: 1 }])
    expect(result.report.rows.map(({ status }) => status)).toEqual([
      'denied-by-human',
      'success',
      'error-security',
    ])
  })
})

describe('the last turn of a run that is to end with an answer', () => {
  test('S3-12 is asked without calls, and completes the run', async () => {
    const { tool, calls } = noting('act')
    const turns = [calling(1), { text: 'this is what I know' }]
    const { model, start } = agentOf(turns, { tools: [tool], policy: allowing('act') })
    const { result } = await finish(start({ finalAnswer: true, limits: { maxTurns: 2 } }))
    expect(result).toMatchObject({ status: 'completed', text: 'this is what I know' })
    expect(model.requests.map(({ toolChoice }) => toolChoice)).toEqual(['auto', 'none'])
    expect(calls).toHaveLength(1)
  })

  test('S3-12 runs no call of a model that calls all the same', async () => {
    const { tool, calls } = noting('act')
    const turns = [calling(1), { text: 'but', ...calling(2) }]
    const { start } = agentOf(turns, { tools: [tool], policy: allowing('act') })
    const finished = await finish(start({ finalAnswer: true, limits: { maxTurns: 2 } }))
    expect(finished.result).toMatchObject({ status: 'limit', text: 'but' })
    expect(statusesOf(finished)).toEqual(['success', 'skipped'])
    expect(only(finished.events, 'limit')).toMatchObject([{ limit: 'maxTurns', max: 2 }])
    expect(calls).toHaveLength(1)
  })

  test('is not kept free without being asked for', async () => {
    const { model, start } = agentOf([{ text: 'done' }])
    await start({ limits: { maxTurns: 1 } }).result()
    expect(model.requests[0]?.toolChoice).toBe('auto')
  })
})
