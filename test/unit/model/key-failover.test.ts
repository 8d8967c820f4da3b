import { describe, expect, test } from 'vitest'
import { openaiCompatible, type CompatibleOptions } from '../../../src/model/compatible.ts'
import { keyPool } from '../../../src/model/key-pool.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import {
  fakeProvider,
  type FakeAnswer,
  type FakeRequest,
} from '../../../src/testing/fake-provider.ts'
import { lawBreaks } from '../../conformance/wire/support.ts'
import { collect } from '../../support/agent.ts'

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }
const [a, b, c] = ['key-number-aaaa', 'key-number-bbbb', 'key-number-cccc'] as const

function keyOf({ headers }: FakeRequest): string {
  return String(headers['authorization']).replace('Bearer ', '')
}

async function eventsOf(model: Model, signal = new AbortController().signal) {
  const events = await collect(model.stream(request, { signal }))
  expect(lawBreaks(events)).toEqual([])
  return events
}

function failing(status: number, headers: Record<string, string> = {}): FakeAnswer {
  return { status, headers, body: JSON.stringify({ error: { message: `status ${status}` } }) }
}

/** A model with a pool; each key gets the answers listed for it, then good ones. */
async function start(
  keys: readonly string[],
  answers: Readonly<Record<string, readonly FakeAnswer[]>>,
  options: Partial<CompatibleOptions> = {},
) {
  const given: Record<string, number> = {}
  const provider = await fakeProvider({
    turns: (asked) => {
      const key = keyOf(asked)
      const index = (given[key] = (given[key] ?? -1) + 1)
      return answers[key]?.[index] ?? { text: 'hi' }
    },
  })
  const pool = keyPool(keys)
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    apiKey: pool,
    retry: { baseDelayMs: 0, maxDelayMs: 20 },
    ...options,
  })
  return {
    pool,
    model,
    provider,
    asked: () => provider.requests.map(keyOf),
    async [Symbol.asyncDispose]() {
      await model.close()
      await provider.close()
    },
  }
}

function kinds(events: readonly ModelEvent[]): string {
  return events.map(({ type }) => type).join(' ')
}

test('S1-13 requests take the keys in turn', async () => {
  await using one = await start([a, b], {})
  for (let turn = 0; turn < 4; turn++) await eventsOf(one.model)
  expect(one.asked()).toEqual([a, b, a, b])
  expect(one.pool.status().keys.every(({ lastSuccess }) => lastSuccess !== null)).toBe(true)
})

test.each([401, 403, 402, 429])(
  'S1-06 a key that gets %d is stood in for at once, which is announced',
  async (status) => {
    await using one = await start([a, b], { [a]: [failing(status)] })
    const events = await eventsOf(one.model)
    expect(kinds(events)).toBe('retry text-delta usage end')
    expect(events[0]).toMatchObject({ attempt: 2, delayMs: 0, error: { status } })
    expect(one.asked()).toEqual([a, b])
    const [first] = one.pool.status().keys
    expect(first).toMatchObject({ failures: 1, quarantined: status === 401 || status === 403 })
    // the key that failed rests
    await eventsOf(one.model)
    expect(one.asked()).toEqual([a, b, b])
  },
)

test('S1-06 three keys are tried at most, however many attempts are allowed', async () => {
  const keys = ['a', 'b', 'c', 'd', 'e'].map((letter) => `key-number-${letter.repeat(4)}`)
  const answers = Object.fromEntries(keys.map((key) => [key, [failing(401)]]))
  await using one = await start(keys, answers, { retry: { attempts: 9, baseDelayMs: 0 } })
  const events = await eventsOf(one.model)
  expect(kinds(events)).toBe('retry retry error end')
  expect(one.asked()).toEqual(keys.slice(0, 3))
})

test('S1-06 attempts bound the keys as well', async () => {
  await using one = await start([a, b], { [a]: [failing(401)] }, { retry: { attempts: 1 } })
  expect(kinds(await eventsOf(one.model))).toBe('error end')
  expect(one.asked()).toEqual([a])
})

test('a server in trouble is waited for, and then asked with another key', async () => {
  await using one = await start([a, b], { [a]: [failing(503)] })
  expect(kinds(await eventsOf(one.model))).toBe('retry text-delta usage end')
  expect(one.asked()).toEqual([a, b])
})

test('S1-T1 a wrong request burns no key and is not sent again', async () => {
  await using one = await start([a, b], { [a]: [failing(400), failing(422)] })
  expect(kinds(await eventsOf(one.model))).toBe('error end')
  expect(one.asked()).toEqual([a])
  expect(one.pool.status().healthy).toBe(2)
})

test('S1-T1 a cancel burns no key', async () => {
  await using one = await start([a], { [a]: [{ text: 'x', fault: { stall: 0 } }] })
  const controller = new AbortController()
  const waiting = eventsOf(one.model, controller.signal)
  setTimeout(() => controller.abort(), 20)
  expect(kinds(await waiting)).toBe('error end')
  expect(one.pool.status().keys[0]).toMatchObject({ failures: 0, inBackOff: false })
})

test('S0-13 another key is not tried once the answer has begun', async () => {
  const midway = { text: 'x', error: { code: 429, message: 'slow down' } }
  await using one = await start([a, b], { [a]: [midway] })
  const events = await eventsOf(one.model)
  expect(events.map(({ type }) => type)).toEqual(['text-delta', 'error', 'usage', 'end'])
  expect(one.asked()).toEqual([a])
  expect(one.pool.status().keys[0]).toMatchObject({ failures: 1 })
})

test('a limit as the first news of a stream is one of the key', async () => {
  const first = { error: { code: 429, message: 'slow down' } }
  await using one = await start([a, b], { [a]: [first] })
  expect(kinds(await eventsOf(one.model))).toBe('retry text-delta usage end')
})

describe('when all keys rest', () => {
  test('a request is refused at once with the time at which one may be used', async () => {
    const slow = failing(429, { 'retry-after': '30' })
    await using one = await start([a, b], { [a]: [slow], [b]: [slow] })
    await eventsOf(one.model)
    expect(one.asked()).toEqual([a, b])
    const events = await eventsOf(one.model)
    expect(kinds(events)).toBe('error end')
    expect(events[0]).toMatchObject({ error: { code: 'model-no-key', retryable: true } })
    const { error } = events[0] as { error: { retryAfterMs: number } }
    expect(error.retryAfterMs).toBeGreaterThan(25_000)
    expect(error.retryAfterMs).toBeLessThanOrEqual(30_000)
    expect(one.asked()).toEqual([a, b])
  })

  test('a request waits when one may be used within the bound', async () => {
    await using one = await start(
      [a],
      { [a]: [failing(503)] },
      { retry: { maxDelayMs: 2000, baseDelayMs: 0 } },
    )
    const events = await eventsOf(one.model)
    expect(kinds(events)).toBe('retry text-delta usage end')
    const { delayMs } = events[0] as { delayMs: number }
    expect(delayMs).toBeGreaterThan(900)
    expect(delayMs).toBeLessThanOrEqual(1000)
  })

  test('in quarantine, no time is named and nothing is sent', async () => {
    await using one = await start([a], { [a]: [failing(401)] })
    await eventsOf(one.model)
    const events = await eventsOf(one.model)
    expect(events[0]).toMatchObject({ error: { code: 'model-unauthorized', retryable: false } })
    expect(one.asked()).toEqual([a])
  })
})

test('S1-13 keys may be added and removed amid requests', async () => {
  await using one = await start([a, b], {})
  const answers = [1, 2, 3, 4, 5, 6].map(async (number) => {
    if (number === 2) one.pool.remove(a)
    if (number === 4) one.pool.add(c)
    return kinds(await eventsOf(one.model))
  })
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['text-delta usage end']))
  one.pool.remove(b)
  one.pool.remove(c)
  expect((await eventsOf(one.model))[0]).toMatchObject({
    error: { code: 'model-unauthorized', message: 'the pool has no key' },
  })
})

test('a list of models that no key can be found for says what to do, as a response does', async () => {
  await using one = await start([], {})
  const help = 'add a key that the model endpoint accepts'
  const [event] = await eventsOf(one.model)
  expect(event).toMatchObject({ error: { code: 'model-unauthorized', help } })
  await expect(one.model.listModels()).rejects.toMatchObject({ code: 'model-unauthorized', help })
})

test('an error that quotes the key of an earlier attempt shows none', async () => {
  const quoting = {
    status: 401,
    body: JSON.stringify({ error: { message: `wrong key ${a} for Bearer ${a}` } }),
  }
  const later = { status: 400, body: JSON.stringify({ error: { message: `not ${a}, nor ${b}` } }) }
  await using one = await start([a, b], { [a]: [quoting], [b]: [later] })
  const events = await eventsOf(one.model)
  expect(kinds(events)).toBe('retry error end')
  expect(JSON.stringify(events)).not.toMatch(/key-number-/)
})
