import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anthropic } from '../../../src/model/anthropic.ts'
import { openaiCompatible, type CompatibleOptions } from '../../../src/model/compatible.ts'
import { openai } from '../../../src/model/openai.ts'
import { openrouter } from '../../../src/model/openrouter.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { fakeProvider, type FakeAnswer } from '../../../src/testing/fake-provider.ts'
import { lawBreaks } from '../../conformance/wire/support.ts'
import { collect } from '../../support/agent.ts'

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }

async function eventsOf(model: Model, signal = new AbortController().signal) {
  const events = await collect(model.stream(request, { signal }))
  expect(lawBreaks(events)).toEqual([])
  return events
}

async function ask(answers: readonly FakeAnswer[], options: Partial<CompatibleOptions> = {}) {
  await using provider = await fakeProvider({ turns: answers })
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    retry: { baseDelayMs: 0, maxDelayMs: 50 },
    ...options,
  })
  const events = await eventsOf(model)
  await model.close()
  const error = events.find((event) => event.type === 'error')?.error
  return { events, error, requests: provider.requests }
}

function kinds(events: readonly ModelEvent[]): string {
  return events.map(({ type }) => type).join(' ')
}

describe('keys and addresses', () => {
  const names = ['OPENROUTER_API_KEY', 'OPENAI_API_KEY', 'ANTHROPIC_API_KEY'] as const
  let before: Record<string, string | undefined>

  beforeEach(() => {
    before = Object.fromEntries(names.map((name) => [name, process.env[name]]))
    for (const name of names) delete process.env[name]
  })

  afterEach(() => {
    for (const name of names) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  })

  test.each([
    ['openrouter', openrouter, 'OPENROUTER_API_KEY'],
    ['openai', openai, 'OPENAI_API_KEY'],
    ['anthropic', anthropic, 'ANTHROPIC_API_KEY'],
  ] as const)(
    'S0-02 S4-07 %s takes its key from its options or the environment, and is not made without one',
    async (name, make, variable) => {
      for (const apiKey of ['', undefined]) {
        const options = { model: 'm', ...(apiKey === undefined ? {} : { apiKey }) }
        expect(() => make(options)).toThrow(expect.objectContaining({ code: 'bad-option' }))
      }
      process.env[variable] = 'key-of-environment'
      await using provider = await fakeProvider({ turns: () => ({ text: 'hi' }) })
      const baseUrl =
        name === 'anthropic' ? provider.baseUrl.replace(/\/v1$/, '') : provider.baseUrl
      const models = [make({ model: 'm', baseUrl, apiKey: 'key-of-options' })]
      // what the environment holds is for the host of the provider; a maker may keep it to that
      models.push(make({ model: 'm' }))
      await eventsOf(models[0]!)
      const { headers } = provider.requests[0]!
      expect([headers['authorization'], headers['x-api-key']].join(' ')).toContain('key-of-options')
      for (const model of models) await model.close()
    },
  )

  test('S0-03 S4-08 the base URL is that of the provider, and can be another one', async () => {
    const asked: string[] = []
    const fetching = async (url: string): Promise<Response> => {
      asked.push(url)
      return new Response('{}', { status: 400 })
    }
    const given = { model: 'm', apiKey: 'k-1234', transport: { fetch: fetching } }
    for (const model of [
      openrouter(given),
      openai(given),
      anthropic(given),
      openrouter({ ...given, baseUrl: 'http://127.0.0.1:9/other/v1/' }),
    ]) {
      await eventsOf(model)
    }
    expect(asked).toEqual([
      'https://openrouter.ai/api/v1/chat/completions',
      'https://api.openai.com/v1/responses',
      'https://api.anthropic.com/v1/messages',
      'http://127.0.0.1:9/other/v1/chat/completions',
    ])
  })

  test('a host is asked as it wants to be, whoever else speaks the same wire', async () => {
    const asked: unknown[] = []
    const fetching = async (_url: string, { body }: { body?: string }): Promise<Response> => {
      asked.push(JSON.parse(body!).stream_options)
      return new Response('{}', { status: 400 })
    }
    for (const host of ['api.mistral.ai', 'openrouter.ai', 'api.openai.com', 'models.example']) {
      const baseUrl = `https://${host}/v1`
      await eventsOf(openaiCompatible({ baseUrl, model: 'm', transport: { fetch: fetching } }))
    }
    const usage = { include_usage: true }
    expect(asked).toEqual([undefined, undefined, { ...usage, include_obfuscation: false }, usage])
  })

  test('S0-01 S0-07 one interface for all, streamed first, with the key as each wants it', async () => {
    const sent: Record<string, string>[] = []
    const fetching = async (_url: string, { headers }: { headers: Record<string, string> }) => {
      sent.push(headers)
      return new Response('{}', { status: 400 })
    }
    const given = { model: 'm', apiKey: 'k-1234', transport: { fetch: fetching } }
    const models: readonly Model[] = [openrouter(given), openai(given), anthropic(given)]
    for (const model of models) await eventsOf(model)
    expect(sent).toMatchObject([
      { authorization: 'Bearer k-1234' },
      { authorization: 'Bearer k-1234' },
      { 'x-api-key': 'k-1234' },
    ])
    for (const headers of sent) {
      expect(headers['content-type']).toBe('application/json')
      expect(headers['accept']).toMatch(/^text\/event-stream/)
    }
  })
})

test('S0-04 the deadline is that of the caller', async () => {
  await using provider = await fakeProvider({ turns: () => ({ text: 'x', fault: { stall: 0 } }) })
  const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm' })
  const events = await eventsOf(model, AbortSignal.timeout(30))
  expect(events).toMatchObject([{ type: 'error', error: { code: 'cancelled' } }, { type: 'end' }])
  await provider.aborted()
  await model.close()
})

test('S0-10 S0-11 a response that cannot be started is an error and an end', async () => {
  const { baseUrl, close } = await fakeProvider({ turns: [] })
  await close()
  const model = openaiCompatible({ baseUrl, model: 'm', retry: { attempts: 1 } })
  expect(kinds(await eventsOf(model))).toBe('error end')
})

describe('S0-12 S0-14 S0-16 the statuses', () => {
  test.each([408, 425, 429, 500, 502, 503, 504, 529])(
    '%d is retried before the answer',
    async (status) => {
      const { events, requests } = await ask([{ status, body: '' }, { text: 'hi' }])
      expect(kinds(events)).toBe('retry text-delta usage end')
      expect(requests).toHaveLength(2)
    },
  )

  test.each([
    [400, 'model-refused'],
    [401, 'model-unauthorized'],
    [402, 'model-low-funds'],
    [403, 'model-refused'],
    [404, 'model-refused'],
    [422, 'model-refused'],
    [501, 'model-status'],
  ])('%d is %s', async (status, code) => {
    const { error, requests } = await ask([
      { status, body: '' },
      ...Array.from({ length: 3 }, () => ({ status, body: '' })),
    ])
    expect(error).toMatchObject({ code, status })
    if (status < 500) expect(requests).toHaveLength(1)
  })

  test('three attempts are all, and a network error counts as one', async () => {
    const { events, requests } = await ask([
      { text: 'x', fault: { reset: 0 } },
      { status: 503, body: '' },
      { status: 503, body: '' },
      { text: 'hi' },
    ])
    expect(kinds(events)).toBe('retry retry error end')
    expect(requests).toHaveLength(3)
  })
})

test('S0-13 an error amid the stream is one event, and not retried', async () => {
  const { events, requests } = await ask([
    { text: 'a', error: { code: 503, message: 'gone' } },
    { text: 'b' },
  ])
  expect(events.map(({ type }) => type).filter((type) => type !== 'usage')).toEqual([
    'text-delta',
    'error',
    'end',
  ])
  expect(requests).toHaveLength(1)
})

test('S0-15 a wait asked for in seconds or by a date is kept, one in the past is none', async () => {
  const now = Date.parse('2026-11-21T12:00:00Z')
  const clock = { now: () => now, monotonic: () => performance.now() }
  const past = new Date(now - 60_000).toUTCString()
  const soon = await ask(
    [{ status: 429, headers: { 'retry-after': past }, body: '' }, { text: 'x' }],
    { clock },
  )
  expect(soon.events[0]).toMatchObject({ type: 'retry', delayMs: 0 })
  const later = new Date(now + 3000).toUTCString()
  const late = await ask([{ status: 429, headers: { 'retry-after': later }, body: '' }], { clock })
  expect(late.error).toMatchObject({ retryAfterMs: 3000 })
})

test('S0-17 the message is that of the envelope, else the body, and is cut', async () => {
  const envelope = JSON.stringify({ error: { message: 'no such model' } })
  expect((await ask([{ status: 400, body: envelope }])).error?.message).toBe('no such model')
  expect((await ask([{ status: 400, body: 'plain words' }])).error?.message).toBe('plain words')
  const long = (await ask([{ status: 400, body: 'x'.repeat(5000) }])).error?.message
  expect(long).toBe(`${'x'.repeat(1000)}… (4000 more characters)`)
})

test('S0-18 every attempt is a request of its own, and a cancel ends the wait between them', async () => {
  const { requests } = await ask([{ status: 503, body: '' }, { text: 'x' }], { apiKey: 'k-1234' })
  expect(requests[1]?.text).toBe(requests[0]?.text)
  expect(requests[1]?.headers['authorization']).toBe('Bearer k-1234')

  // after a 429 with a time it is known that the next request would be refused
  for (const status of [503, 429]) {
    await using provider = await fakeProvider({
      turns: () => ({ status, headers: { 'retry-after': '30' }, body: '' }),
    })
    const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm' })
    const controller = new AbortController()
    const events: ModelEvent[] = []
    for await (const event of model.stream(request, { signal: controller.signal })) {
      events.push(event)
      controller.abort()
    }
    expect(kinds(events)).toBe('retry error end')
    expect(events[1]).toMatchObject({ error: { code: 'cancelled' } })
    expect(provider.requests).toHaveLength(1)
    await model.close()
  }
})

describe('what clients get wrong', () => {
  const hello = { choices: [{ delta: { content: 'x' }, finish_reason: 'stop' }] }

  test('S0-T2 (data of several lines is not joined, event names are ignored) both are read', async () => {
    const lines = JSON.stringify(hello, null, 1)
      .split('\n')
      .map((line) => `data: ${line}\n`)
    const { events } = await ask([{ body: `${lines.join('')}\n` }])
    expect(events).toContainEqual({ type: 'text-delta', text: 'x' })
    const named = 'event: error\ndata: {"message":"gone","code":502}\n\n'
    expect((await ask([{ body: named }], { retry: { attempts: 1 } })).error?.code).toBe(
      'model-overloaded',
    )
  })

  test('S0-T3 S2-T4 S3-43 (an end of input without finish is a success, and calls are lost) it is an error that shows the calls', async () => {
    const { events } = await ask([
      { calls: [{ tool: 'f', args: { a: 1 } }], finish: null, fault: { truncate: 500 } },
    ])
    expect(events.at(-1)).toMatchObject({ type: 'end', finishReason: { unified: 'error' } })
    expect(events.some(({ type }) => type === 'tool-call')).toBe(true)
  })

  test('S0-T4 (calls run whatever the finish) the end says why the calls must not run', async () => {
    for (const [finish, unified] of [
      ['length', 'length'],
      ['content_filter', 'content-filter'],
      ['error', 'error'],
    ]) {
      const turn = { calls: [{ tool: 'f', args: {} }], finish: finish! }
      const { events } = await ask([turn], { retry: { attempts: 1 } })
      expect(events.at(-1)).toMatchObject({ finishReason: { unified } })
    }
  })
})
