import { describe, expect, test } from 'vitest'
import type { KeyInfo } from '../../../src/model/account-answers.ts'
import { openaiCompatible, type CompatibleOptions } from '../../../src/model/compatible.ts'
import { keyPool } from '../../../src/model/key-pool.ts'
import { combineQuota, Quotas } from '../../../src/model/quota.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { chatStream } from '../../../src/testing/chat-script.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { fakeProvider, type FakeAnswer } from '../../../src/testing/fake-provider.ts'
import { modelError } from '../../../src/wire/status.ts'
import { lawBreaks } from '../../conformance/wire/support.ts'
import { collect } from '../../support/agent.ts'

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }
const start = Date.parse('2026-11-21T12:00:00Z')

function answering(remaining: number, resetMs: number): FakeAnswer {
  return {
    headers: {
      'content-type': 'text/event-stream',
      'x-ratelimit-limit-requests': '10',
      'x-ratelimit-remaining-requests': String(remaining),
      'x-ratelimit-reset-requests': `${resetMs}ms`,
      'x-request-id': 'req_1',
    },
    body: chatStream({ text: 'hi' }, 0, 'm'),
  }
}

const plain: FakeAnswer = { text: 'hi' }

async function eventsOf(model: Model): Promise<readonly ModelEvent[]> {
  const events = await collect(model.stream(request, { signal: new AbortController().signal }))
  expect(lawBreaks(events)).toEqual([])
  return events
}

function kinds(events: readonly ModelEvent[]): string {
  return events.map(({ type }) => type).join(' ')
}

async function begin(turns: readonly FakeAnswer[], options: Partial<CompatibleOptions> = {}) {
  const clock = manualClock(start)
  const provider = await fakeProvider({ turns: ({ number }) => turns[number] ?? plain })
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    apiKey: 'sk-quota-1234',
    clock,
    retry: { baseDelayMs: 0, maxDelayMs: 60 },
    ...options,
  })
  return {
    clock,
    model,
    provider,
    async [Symbol.asyncDispose]() {
      await model.close()
      await provider.close()
    },
  }
}

describe('S1-31 the quota of a model', () => {
  test('is known from its answers, and from nothing else', async () => {
    await using one = await begin([answering(9, 5000), plain])
    expect(one.model.trackedQuota()).toBeUndefined()
    await eventsOf(one.model)
    const tracked = {
      model: 'm',
      requests: { limit: 10, remaining: 9, resetAt: start + 5000 },
      requestId: 'req_1',
      at: start,
    }
    expect(one.model.trackedQuota()).toEqual(tracked)
    expect(one.model.trackedQuota('other')).toBeUndefined()
    // an answer that says nothing changes nothing
    one.clock.advance(1000)
    await eventsOf(one.model)
    expect(one.model.trackedQuota()).toEqual(tracked)
    expect(one.provider.requests).toHaveLength(2)
  })

  test('is its own, also where the models share an endpoint', async () => {
    await using one = await begin([answering(0, 5000)])
    const other = one.model.withModel('n')
    await eventsOf(one.model)
    expect(kinds(await eventsOf(other))).toBe('text-delta usage end')
    expect(other.trackedQuota()).toBeUndefined()
    expect(other.trackedQuota('m')).toMatchObject({ requests: { remaining: 0 } })
  })
})

describe('S1-34 a quota that is known to be used up', () => {
  test('refuses the next request before it is sent, with the time to wait', async () => {
    await using one = await begin([answering(0, 5000)])
    await eventsOf(one.model)
    const events = await eventsOf(one.model)
    expect(events[0]).toEqual({
      type: 'error',
      error: {
        code: 'model-quota',
        message: 'the quota of `m` is used up until 2026-11-21T12:00:05.000Z',
        retryable: true,
        retryAfterMs: 5000,
        help: 'wait, or use another key or model',
      },
    })
    expect(one.provider.requests).toHaveLength(1)
    one.clock.advance(5000)
    expect(kinds(await eventsOf(one.model))).toBe('text-delta usage end')
  })

  test('is waited for when it comes back within the bound, which is announced', async () => {
    await using one = await begin([answering(0, 40)])
    await eventsOf(one.model)
    const events: ModelEvent[] = []
    for await (const event of one.model.stream(request, { signal: new AbortController().signal })) {
      events.push(event)
      if (event.type === 'retry') one.clock.advance(event.delayMs)
    }
    expect(kinds(events)).toBe('retry text-delta usage end')
    expect(events[0]).toMatchObject({ delayMs: 40, error: { code: 'model-quota' } })
    expect(one.provider.requests).toHaveLength(2)
  })

  test('does not refuse for ever when nobody says when it comes back', async () => {
    const silent = answering(0, 0) as { headers: Record<string, string>; body: string }
    const { 'x-ratelimit-reset-requests': _, ...headers } = silent.headers
    await using one = await begin([{ ...silent, headers }])
    await eventsOf(one.model)
    expect(kinds(await eventsOf(one.model))).toBe('text-delta usage end')
  })

  test('is one of the key: another key is used in its place', async () => {
    const pool = keyPool(['key-number-aaaa', 'key-number-bbbb'])
    await using one = await begin([answering(0, 5000), plain, plain], { apiKey: pool })
    for (let turn = 0; turn < 3; turn++) await eventsOf(one.model)
    const keys = one.provider.requests.map(({ headers }) => headers['authorization'])
    expect(keys).toEqual([
      'Bearer key-number-aaaa',
      'Bearer key-number-bbbb',
      'Bearer key-number-bbbb',
    ])
    expect(pool.status().keys.every(({ inBackOff }) => !inBackOff)).toBe(true)
  })

  test('refuses when it is used up for every key of a pool', async () => {
    const pool = keyPool(['key-number-aaaa', 'key-number-bbbb'])
    await using one = await begin([answering(0, 9000), answering(0, 5000)], { apiKey: pool })
    await eventsOf(one.model)
    await eventsOf(one.model)
    expect((await eventsOf(one.model))[0]).toMatchObject({
      error: { code: 'model-quota', retryAfterMs: 5000 },
    })
    expect(one.provider.requests).toHaveLength(2)
  })

  test('is heeded for keys that a function finds', async () => {
    const keys = ['first-key-1234', 'first-key-1234', 'second-key-1234']
    await using one = await begin([answering(0, 5000)], { apiKey: async () => keys.shift()! })
    await eventsOf(one.model)
    expect((await eventsOf(one.model))[0]).toMatchObject({ error: { code: 'model-quota' } })
    expect(kinds(await eventsOf(one.model))).toBe('text-delta usage end')
  })
})

test('S0-15 a wait that a 429 asks for holds for the requests after it', async () => {
  const slow = { status: 429, headers: { 'retry-after': '30' }, body: '{"error":"slow down"}' }
  await using one = await begin([slow])
  expect((await eventsOf(one.model))[0]).toMatchObject({
    error: { code: 'model-rate-limit', retryAfterMs: 30_000 },
  })
  expect((await eventsOf(one.model))[0]).toMatchObject({
    error: { code: 'model-quota', retryAfterMs: 30_000 },
  })
  expect(one.provider.requests).toHaveLength(1)
  one.clock.advance(30_000)
  expect(kinds(await eventsOf(one.model))).toBe('text-delta usage end')
  expect(one.model.trackedQuota()).not.toHaveProperty('retryAt')
})

test('a wait that successful answers name by the way is nothing', async () => {
  const chatty = {
    ...answering(5, 100),
    headers: { 'content-type': 'text/event-stream', 'retry-after': '30' },
  }
  await using one = await begin([chatty as FakeAnswer])
  await eventsOf(one.model)
  expect(kinds(await eventsOf(one.model))).toBe('text-delta usage end')
})

function header(name: string): string | undefined {
  return name === 'x-ratelimit-remaining' ? '5' : undefined
}

test('what is remembered is bounded, oldest first to go', () => {
  const quotas = new Quotas(() => start)
  for (let model = 0; model < 1000; model++) {
    quotas.observe('k', `m${model}`, { status: 200, header })
    quotas.observe('k', 'kept', { status: 200, header })
  }
  expect(quotas.tracked('m0')).toBeUndefined()
  expect(quotas.tracked('m999')).toBeDefined()
  expect(quotas.tracked('kept')).toBeDefined()
  for (let key = 0; key < 1000; key++) quotas.observe(`k${key}`, 'own', { status: 200, header })
  expect(quotas.tracked('kept')).toBeUndefined()
})

test('an endpoint cannot stop requests for longer than an hour by what it asks', () => {
  const quotas = new Quotas(() => start)
  quotas.refused('k', 'm', modelError('model-rate-limit', 'no', { retryAfterMs: 2 ** 50 }))
  expect(quotas.waitFor('k', 'm')).toBe(3_600_000)
  quotas.refused('k', 'n', modelError('model-overloaded', 'no', { retryAfterMs: 5000 }))
  expect(quotas.waitFor('k', 'n')).toBe(0)
})

test('a wait that was asked for holds until an answer succeeds, whatever failures tell of limits', () => {
  const quotas = new Quotas(() => start)
  quotas.refused('k', 'm', modelError('model-rate-limit', 'no', { retryAfterMs: 5000 }))
  for (const status of [400, 500]) quotas.observe('k', 'm', { status, header })
  expect(quotas.waitFor('k', 'm')).toBe(5000)
  expect(combineQuota(quotas.tracked('m'), undefined, start).isExhausted).toBe(true)
  quotas.observe('k', 'm', { status: 200, header })
  expect(quotas.waitFor('k', 'm')).toBe(0)
  expect(combineQuota(quotas.tracked('m'), undefined, start).isExhausted).toBe(false)
})

describe('S1-32 quota and account together', () => {
  const account: KeyInfo = {
    label: null,
    limit: 10,
    limitRemaining: 4.5,
    limitReset: null,
    usage: 5.5,
    usageDaily: null,
    usageWeekly: null,
    usageMonthly: null,
    isFreeTier: true,
    isManagementKey: null,
    expiresAt: null,
    freeRequests: { limit: 50, remaining: 20, used: 30 },
    rateLimit: null,
    raw: {},
  }
  const tracked = {
    model: 'm',
    at: start,
    requests: { remaining: 25, resetAt: start + 1000 },
    inputTokens: { remaining: 7 },
    tokens: { remaining: 9 },
  }

  test('say what is left by the lesser of them', () => {
    expect(combineQuota(tracked, account, start)).toEqual({
      tracked,
      account,
      requestsRemaining: 20,
      tokensRemaining: 7,
      creditsRemaining: 4.5,
      isExhausted: false,
    })
    expect(combineQuota(undefined, undefined, start)).toEqual({
      tracked: null,
      account: null,
      requestsRemaining: null,
      tokensRemaining: null,
      creditsRemaining: null,
      isExhausted: false,
    })
  })

  test('are used up when one of them is', () => {
    const spent = { ...tracked, requests: { remaining: 0, resetAt: start + 1000 } }
    expect(combineQuota(spent, account, start)).toMatchObject({
      requestsRemaining: 0,
      isExhausted: true,
    })
    expect(combineQuota(spent, account, start + 1000)).toMatchObject({
      requestsRemaining: 20,
      isExhausted: false,
    })
    expect(combineQuota(undefined, { ...account, limitRemaining: 0 }, start).isExhausted).toBe(true)
  })
})
