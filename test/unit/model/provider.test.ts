import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openaiCompatible, type CompatibleOptions } from '../../../src/model/compatible.ts'
import type { ModelErrorData, ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { fakeProvider, type FakeProviderOptions } from '../../../src/testing/fake-provider.ts'

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }

async function eventsOf(model: Model, asked = request): Promise<readonly ModelEvent[]> {
  const events: ModelEvent[] = []
  for await (const event of model.stream(asked, { signal: new AbortController().signal })) {
    events.push(event)
  }
  return events
}

function errorIn(events: readonly ModelEvent[]): ModelErrorData | undefined {
  return events.find((event) => event.type === 'error')?.error
}

function textIn(events: readonly ModelEvent[]): string {
  return events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('')
}

/** One request to a provider with these turns. */
async function ask(turns: FakeProviderOptions['turns'], options: Partial<CompatibleOptions> = {}) {
  await using provider = await fakeProvider({ turns })
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    retry: { baseDelayMs: 0 },
    ...options,
  })
  const events = await eventsOf(model)
  await model.close()
  return { events, error: errorIn(events), requests: provider.requests }
}

describe('requests', () => {
  test('go to the path of the wire with the key and the headers of the options', async () => {
    const { requests } = await ask([{ text: 'x' }], {
      apiKey: 'sk-test-1234',
      headers: { 'X-Team': 'blue' },
    })
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: {
        authorization: 'Bearer sk-test-1234',
        'x-team': 'blue',
        'content-type': 'application/json',
        'accept-encoding': 'identity',
      },
      body: { model: 'm', stream: true, messages: [{ role: 'user', content: 'hello' }] },
    })
  })

  test('one after the other share connections, streamed or not', async () => {
    for (const stream of [true, false]) {
      await using provider = await fakeProvider({ turns: () => ({ text: 'x' }) })
      const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm', stream })
      for (let turn = 0; turn < 8; turn++) expect(textIn(await eventsOf(model))).toBe('x')
      // a request sent in the very moment a body ends may still find its connection busy
      expect(provider.connections).toBeLessThanOrEqual(2)
      await model.close()
    }
  })

  test('a key may be looked up for each request, and its absence is an error of the response', async () => {
    const keys = ['first-key', '']
    await using provider = await fakeProvider({ turns: () => ({ text: 'x' }) })
    const model = openaiCompatible({
      baseUrl: provider.baseUrl,
      model: 'm',
      apiKey: async () => keys.shift()!,
    })
    await eventsOf(model)
    expect(errorIn(await eventsOf(model))?.code).toBe('model-unauthorized')
    expect(provider.requests.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer first-key',
    ])
    await model.close()
  })

  test('what the wire cannot express is an error of the response', async () => {
    const model = openaiCompatible({ baseUrl: 'http://127.0.0.1:9', model: 'm' })
    const tool = { name: 'a b', description: '', input: {} }
    const events = await eventsOf(model, { ...request, tools: [tool] })
    expect(events.map(({ type }) => type)).toEqual(['error', 'end'])
    expect(errorIn(events)?.code).toBe('bad-option')
  })
})

describe('answers', () => {
  test('mean the same streamed and whole', async () => {
    const turn = {
      text: 'a',
      reasoning: 'b',
      calls: [{ tool: 'f', args: { a: 1 } }, { tool: 'g' }],
      usage: { inputTokens: 3, outputTokens: 4, cost: 0.5 },
    }
    const streamed = await ask([turn])
    const whole = await ask([turn], { stream: false })
    const withoutFragments = streamed.events.filter(({ type }) => type !== 'tool-call-delta')
    expect(whole.events.filter(({ type }) => type !== 'tool-call-delta')).toEqual(withoutFragments)
    expect(whole.requests[0]?.body['stream']).toBe(false)
  })

  test('a body of JSON is read as one although a stream was asked for', async () => {
    const body = JSON.stringify({
      choices: [{ message: { content: 'x', tool_calls: null }, finish_reason: 'stop' }],
    })
    const { events } = await ask([{ headers: { 'content-type': 'application/json' }, body }])
    expect(textIn(events)).toBe('x')
    expect(events.at(-1)).toMatchObject({ finishReason: { unified: 'stop' } })
  })

  test.each(['', 'x', '[]', '{}', '{"choices":[]}', 'null'])(
    'a whole answer that is %j breaks the protocol',
    async (body) => {
      const { error } = await ask([{ headers: { 'content-type': 'application/json' }, body }])
      expect(error?.code).toBe('model-protocol')
    },
  )

  test('an error inside a whole answer is one', async () => {
    const { error } = await ask([{ text: 'x', error: { code: 502, message: 'gone' } }], {
      stream: false,
    })
    expect(error).toMatchObject({ code: 'model-overloaded', status: 502, message: 'gone' })
  })
})

describe('retries', () => {
  test('an overloaded endpoint is asked again, which is announced', async () => {
    const busy = { status: 503, headers: { 'retry-after': '0' }, body: '{"error":"busy"}' }
    const { events, requests } = await ask([busy, busy, { text: 'x' }])
    expect(events.map(({ type }) => type)).toEqual(['retry', 'retry', 'text-delta', 'usage', 'end'])
    expect(requests).toHaveLength(3)
  })

  test('an error as the first news of a stream is retried, a later one is not', async () => {
    const first = await ask([{ error: { code: 502, message: 'gone' } }, { text: 'x' }])
    expect(first.events[0]?.type).toBe('retry')
    expect(textIn(first.events)).toBe('x')

    const later = await ask([{ text: 'a', error: { code: 502, message: 'gone' } }, { text: 'x' }])
    expect(later.requests).toHaveLength(1)
    expect(later.error?.status).toBe(502)
  })

  test('a broken connection is retried before the first news only', async () => {
    const before = await ask([{ text: 'a', fault: { reset: 0 } }, { text: 'x' }])
    expect(textIn(before.events)).toBe('x')
    const after = await ask([{ text: 'a', fault: { reset: 400 } }, { text: 'x' }])
    expect(after.requests).toHaveLength(1)
    expect(after.error?.code).toBe('model-incomplete')
  })

  test('an endpoint that asks for a longer wait than the cap is not waited for', async () => {
    const busy = { status: 429, headers: { 'retry-after': '3600' }, body: '' }
    const { error, requests } = await ask([busy])
    expect(requests).toHaveLength(1)
    expect(error).toMatchObject({ code: 'model-rate-limit', retryAfterMs: 3_600_000 })
  })

  test('an endpoint that is not there cannot be reached', async () => {
    const { baseUrl, close } = await fakeProvider({ turns: [] })
    await close()
    const model = openaiCompatible({ baseUrl, model: 'm', retry: { attempts: 2, baseDelayMs: 0 } })
    const events = await eventsOf(model)
    expect(events.map(({ type }) => type)).toEqual(['retry', 'error', 'end'])
    expect(errorIn(events)).toMatchObject({ code: 'model-connect', retryable: true })
  })
})

describe('time', () => {
  const once = { retry: { attempts: 1 } } as const

  test('an answer that does not begin is given up', async () => {
    const { error } = await ask([{ text: 'x', fault: { stall: 0 } }], {
      ...once,
      timeouts: { firstEventMs: 30 },
    })
    expect(error).toMatchObject({
      code: 'model-timeout',
      message: expect.stringContaining('begin'),
    })
  })

  test('S3-43 an answer that falls silent is given up', async () => {
    const { events, error } = await ask([{ text: ['a', 'b'], fault: { stall: 400 } }], {
      ...once,
      timeouts: { idleMs: 30 },
    })
    expect(textIn(events)).not.toBe('')
    expect(error).toMatchObject({ code: 'model-timeout', message: expect.stringContaining('byte') })
  })

  test.each([
    ['firstEventMs', 'begin'],
    ['totalMs', 'longer'],
  ])('comments without end keep an answer alive no longer than %s', async (key, message) => {
    const comments = ': keepalive\n\n'.repeat(100_000)
    const { error } = await ask([{ body: comments, fault: { split: 13 } }], {
      ...once,
      timeouts: { idleMs: 10_000, [key]: 60 },
    })
    expect(error).toMatchObject({
      code: 'model-timeout',
      message: expect.stringContaining(message),
    })
  })

  test('a body that goes on after the end mark is not waited for', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n')
      response.write('data: [DONE]\n\n')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const model = openaiCompatible({ baseUrl: `http://127.0.0.1:${port}`, model: 'm' })
    const events = await eventsOf(model)
    expect(events.map(({ type }) => type)).toEqual(['text-delta', 'end'])
    expect(events.at(-1)).toMatchObject({ finishReason: { unified: 'stop' } })
    await model.close()
    server.closeAllConnections()
    server.close()
  })
})

function delta(text: string): string {
  return `data: {"choices":[{"delta":{"content":"${text}"}}]}\n\n`
}

function fragment(text: string): string {
  const call = `{"index":0,"function":{"name":"f","arguments":"${text}"}}`
  return `data: {"choices":[{"delta":{"tool_calls":[${call}]}}]}\n\n`
}

describe('bounds', () => {
  test.each([
    ['maxEventLength', delta('x'.repeat(2000))],
    ['maxEventLength', `data: ${'x'.repeat(2000)}`],
    ['maxResponseBytes', ': comment\n\n'.repeat(200)],
    ['maxTextLength', delta('x'.repeat(400)).repeat(5)],
    ['maxArgumentsLength', fragment('1'.repeat(400)).repeat(5)],
  ])('a response over %s is too large', async (bound, body) => {
    const options = { bounds: { [bound]: 1500 }, retry: { attempts: 1 } }
    for (const fault of [{}, { split: 100 }]) {
      const { events, error } = await ask([{ body, fault }], options)
      expect(error?.code).toBe('model-too-large')
      expect(events.at(-1)?.type).toBe('end')
    }
  })

  test('a whole answer is bounded as one event is', async () => {
    const { error } = await ask([{ text: 'x'.repeat(2000) }], {
      stream: false,
      bounds: { maxEventLength: 1500 },
    })
    expect(error?.code).toBe('model-too-large')
  })

  test('the first call too many fails the response', async () => {
    const calls = ['a', 'b', 'c'].map((tool) => ({ tool }))
    expect((await ask([{ calls }], { bounds: { maxCalls: 3 } })).error).toBeUndefined()
    expect((await ask([{ calls }], { bounds: { maxCalls: 2 } })).error?.code).toBe('model-protocol')
  })
})

describe('what endpoints must not get or do', () => {
  test('a redirect is not followed', async () => {
    await using other = await fakeProvider({ turns: [{ text: 'stolen' }] })
    const { error, requests } = await ask(
      [{ status: 307, headers: { location: `${other.baseUrl}/chat/completions` }, body: '' }],
      { apiKey: 'sk-test-1234' },
    )
    expect(error).toMatchObject({ code: 'model-status', status: 307 })
    expect(requests).toHaveLength(1)
    expect(other.requests).toEqual([])
  })

  test.each(['gzip', 'br', 'gzip, gzip, gzip'])(
    'content encoded as %s is refused',
    async (encoding) => {
      const headers = { 'content-type': 'text/event-stream', 'content-encoding': encoding }
      const { error } = await ask([{ headers, body: 'data: [DONE]\n\n' }])
      expect(error?.code).toBe('model-protocol')
    },
  )

  test('a page is no answer, and no error message either', async () => {
    const page = { headers: { 'content-type': 'text/html' }, body: '<html>login</html>' }
    expect((await ask([page])).error).toMatchObject({ code: 'model-protocol' })
    const failed = { ...page, status: 404 }
    expect((await ask([failed])).error?.message).not.toContain('<')
  })

  test('an endless error body is not read to its end', async () => {
    const { error } = await ask([{ status: 400, body: 'x'.repeat(10 * 1024 * 1024) }])
    expect(error).toMatchObject({ code: 'model-refused', status: 400 })
  })

  test('a key an endpoint quotes does not get into any event', async () => {
    const apiKey = 'sk-test-very-secret'
    const message = `Incorrect API key provided: ${apiKey} (Bearer ${apiKey})`
    const echo = JSON.stringify({ error: { message, metadata: { [apiKey]: [message] } } })
    const options = {
      apiKey,
      headers: { 'x-api-token': 'other-secret' },
      retry: { baseDelayMs: 0 },
    }
    const inBand = { error: { code: 502, message: `${message} other-secret` } }
    for (const turn of [{ status: 401, body: echo }, { status: 503, body: echo }, inBand]) {
      const { events, error } = await ask(() => turn, options)
      expect(error?.message).toContain('[redacted]')
      expect(JSON.stringify(events)).not.toContain('secret')
    }
  })
})

describe('options', () => {
  const good = { baseUrl: 'https://api.example/v1', model: 'm' }

  test.each([
    ['an unknown option', { ...good, modle: 'x' }, '`modle`'],
    ['an unknown timeout', { ...good, timeouts: { idel: 1 } }, '`idel`'],
    ['a timeout that is no number', { ...good, timeouts: { idleMs: '5' } }, '`timeouts.idleMs`'],
    ['a timeout beyond the timers', { ...good, timeouts: { totalMs: 2 ** 31 } }, 'totalMs'],
    ['no attempts', { ...good, retry: { attempts: 0 } }, 'attempts'],
    ['an empty model', { ...good, model: '' }, '`model`'],
    ['an empty key', { ...good, apiKey: '' }, '`apiKey`'],
    ['a key with a line end', { ...good, apiKey: 'a\r\nb' }, '`apiKey` has an invalid value'],
    ['another scheme', { ...good, baseUrl: 'ftp://x.example' }, 'http or https'],
    ['no URL', { ...good, baseUrl: 'api.example' }, 'http or https'],
    ['credentials in the URL', { ...good, baseUrl: 'https://a:b@x.example' }, 'credentials'],
    ['a query in the URL', { ...good, baseUrl: 'https://x.example/?k=1' }, 'query'],
    ['a framing header', { ...good, headers: { 'Content-Length': '1' } }, '`Content-Length`'],
    ['a header given twice', { ...good, headers: { 'X-A': '1', 'x-a': '2' } }, 'twice'],
    ['a header with a line end', { ...good, headers: { 'x-a': '1\r\nx-b: 2' } }, 'invalid value'],
    ['a clock that cannot tell both times', { ...good, clock: Date }, '`clock` is not a clock'],
    ['a number in place of random ones', { ...good, random: 0.5 }, '`random` is not a function'],
    ['a body that replaces the messages', { ...good, body: { messages: [] } }, '`messages`'],
  ])('%s is refused', (_, options, message) => {
    const make = (): unknown => openaiCompatible(options as CompatibleOptions)
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })

  test('the error does not show the credentials of a URL', () => {
    const options = { ...good, baseUrl: 'https://u:pass1@x.example' }
    expect(() => openaiCompatible(options)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('pass1') }),
    )
  })

  test('the host names the provider', () => {
    expect(openaiCompatible(good)).toMatchObject({ id: 'm', provider: 'api.example' })
  })
})
