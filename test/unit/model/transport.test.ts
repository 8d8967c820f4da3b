import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { Agent, fetch as undiciFetch, interceptors, ProxyAgent } from 'undici'
import { describe, expect, test } from 'vitest'
import { openaiCompatible, type CompatibleOptions } from '../../../src/model/compatible.ts'
import type { ModelEvent } from '../../../src/protocol/event.ts'
import type { Model } from '../../../src/protocol/model.ts'
import type { ModelRequest } from '../../../src/protocol/request.ts'
import { fakeProvider, type FakeAnswer } from '../../../src/testing/fake-provider.ts'
import type { FetchInit, FetchResponse, Transport } from '../../../src/wire/transport.ts'
import { lawBreaks } from '../../conformance/wire/support.ts'
import { collect } from '../../support/agent.ts'

const request: ModelRequest = { messages: [{ role: 'user', content: 'hello' }], tools: [] }
const once = { retry: { attempts: 1 } } as const

function eventsOf(model: Model, signal = new AbortController().signal) {
  return collect(model.stream(request, { signal }))
}

async function ask(turn: FakeAnswer, transport: Transport, more: Partial<CompatibleOptions> = {}) {
  await using provider = await fakeProvider({ turns: () => turn })
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    transport,
    ...once,
    ...more,
  })
  const events = await eventsOf(model)
  await model.close()
  expect(lawBreaks(events)).toEqual([])
  return { events, error: errorIn(events), requests: provider.requests }
}

function errorIn(events: readonly ModelEvent[]) {
  return events.find((event) => event.type === 'error')?.error
}

/** A proxy that tunnels, with the hosts it was asked for. */
async function startProxy() {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer()
  server.on('connect', (incoming, socket: Socket) => {
    asked.push(incoming.url!)
    const { hostname, port } = new URL(`http://${incoming.url}`)
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket)
      socket.pipe(onward)
    })
    for (const each of [socket, onward]) sockets.add(each.on('error', () => {}))
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('S4-08 S0-04 requests go through a real proxy, to the base URL given', async () => {
  await using proxy = await startProxy()
  await using provider = await fakeProvider({ turns: () => ({ text: 'hi' }) })
  const dispatcher = new ProxyAgent({ uri: proxy.url, proxyTunnel: true })
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    apiKey: 'sk-proxied',
    transport: { dispatcher },
  })
  const events = await eventsOf(model)
  expect(events).toContainEqual({ type: 'text-delta', text: 'hi' })
  expect(proxy.asked).toEqual([new URL(provider.baseUrl).host])
  expect(provider.requests[0]?.headers['authorization']).toBe('Bearer sk-proxied')
  await model.close()
  // theirs to close
  expect((await eventsOf(model)).at(-1)).toMatchObject({ finishReason: { unified: 'stop' } })
  await dispatcher.close()
})

describe.each([
  ['the global fetch', { fetch }],
  ["undici's fetch", { fetch: undiciFetch }],
  ['a dispatcher', { dispatcher: new Agent() }],
  [
    'a dispatcher that follows redirects',
    { dispatcher: new Agent().compose(interceptors.redirect({ maxRedirections: 5 })) },
  ],
] as readonly (readonly [string, Transport])[])('through %s', (_, transport) => {
  test('an answer arrives, with the same request', async () => {
    const { events, requests } = await ask({ text: 'hi' }, transport, { apiKey: 'sk-test-1234' })
    expect(events).toContainEqual({ type: 'text-delta', text: 'hi' })
    expect(requests[0]).toMatchObject({
      headers: {
        authorization: 'Bearer sk-test-1234',
        'content-type': 'application/json',
        'accept-encoding': 'identity',
      },
      body: { model: 'm', stream: true },
    })
  })

  test('a redirect is not followed', async () => {
    await using other = await fakeProvider({ turns: () => ({ text: 'stolen' }) })
    const location = `${other.baseUrl}/chat/completions`
    const { error } = await ask({ status: 307, headers: { location }, body: '' }, transport, {
      apiKey: 'sk-test-1234',
    })
    expect(error).toMatchObject({ code: 'model-status', status: 307 })
    expect(other.requests).toEqual([])
  })

  test('a status is an error with its body, and waits are heeded', async () => {
    const { error } = await ask(
      {
        status: 429,
        headers: { 'retry-after': '7' },
        body: JSON.stringify({ error: { message: 'slow down' } }),
      },
      transport,
    )
    expect(error).toMatchObject({
      code: 'model-rate-limit',
      message: 'slow down',
      retryAfterMs: 7000,
    })
  })

  test('silence, breaks and what is too large end the response', async () => {
    const silent = await ask({ text: 'x', fault: { stall: 0 } }, transport, {
      timeouts: { firstEventMs: 40 },
    })
    expect(silent.error?.code).toBe('model-timeout')
    const idle = await ask({ text: ['a', 'b'], fault: { stall: 400 } }, transport, {
      timeouts: { idleMs: 40 },
    })
    expect(idle.error?.code).toBe('model-timeout')
    const broken = await ask({ text: ['a', 'b'], fault: { reset: 400 } }, transport)
    expect(broken.error?.code).toBe('model-incomplete')
    const large = await ask({ text: 'x'.repeat(5000) }, transport, {
      bounds: { maxEventLength: 1500 },
    })
    expect(large.error?.code).toBe('model-too-large')
    const packed = await ask(
      { headers: { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }, body: 'x' },
      transport,
    )
    expect(packed.error?.code).toMatch(/^model-(protocol|connect|incomplete)$/)
  })

  test('S0-11 S0-T1 (a cancel loses no end) a cancel ends the response and the connection', async () => {
    await using provider = await fakeProvider({
      turns: () => ({ text: ['a', 'b'], fault: { stall: 400 } }),
    })
    const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'm', transport, ...once })
    const controller = new AbortController()
    const events: ModelEvent[] = []
    for await (const event of model.stream(request, { signal: controller.signal })) {
      events.push(event)
      controller.abort()
    }
    expect(lawBreaks(events)).toEqual([])
    expect(errorIn(events)?.code).toBe('cancelled')
    await provider.aborted()
  })

  test('a host that is not there is named, with what can be done', async () => {
    const { baseUrl, close } = await fakeProvider({ turns: [] })
    await close()
    const model = openaiCompatible({ baseUrl, model: 'm', transport, ...once })
    expect(errorIn(await eventsOf(model))).toMatchObject({
      code: 'model-connect',
      message: expect.stringContaining('ECONNREFUSED'),
      retryable: true,
    })
  })
})

function response(fields: Partial<FetchResponse>): FetchResponse {
  return {
    status: 200,
    headers: new Headers({ 'content-type': 'text/event-stream' }),
    body: null,
    ...fields,
  }
}

async function through(
  fetching: (url: string, init: FetchInit) => Promise<FetchResponse>,
  more: Partial<CompatibleOptions> = {},
) {
  const model = openaiCompatible({
    baseUrl: 'http://127.0.0.1:9/v1',
    model: 'm',
    transport: { fetch: fetching },
    ...once,
    ...more,
  })
  const events = await eventsOf(model)
  expect(lawBreaks(events)).toEqual([])
  return errorIn(events)
}

describe('a fetch function that misbehaves', () => {
  test('by following redirects is not believed', async () => {
    const error = await through(async () =>
      response({ redirected: true, body: new Response('data: x\n\n').body }),
    )
    expect(error).toMatchObject({
      code: 'model-connect',
      message: expect.stringContaining('redirect'),
    })
  })

  test('by hiding a redirect gets the error of one', async () => {
    const error = await through(async () => response({ status: 0, type: 'opaqueredirect' }))
    expect(error).toMatchObject({
      code: 'model-status',
      message: expect.stringContaining('redirects'),
    })
  })

  test('by ignoring its signal is left behind', async () => {
    const error = await through(() => new Promise(() => {}), { timeouts: { firstEventMs: 30 } })
    expect(error?.code).toBe('model-timeout')
  })

  test('by ignoring its signal is not asked for a caller who has left', async () => {
    const asked: string[] = []
    const controller = new AbortController()
    const model = openaiCompatible({
      baseUrl: 'http://127.0.0.1:1',
      model: 'm',
      retry: { baseDelayMs: 10_000 },
      random: () => 0.9,
      apiKey: () => {
        asked.push('key')
        return 'sk-found'
      },
      transport: {
        async fetch() {
          asked.push('fetch')
          setTimeout(() => controller.abort(), 5)
          return response({ status: 503, body: null })
        },
      },
    })
    for (const kinds of [
      ['retry', 'error', 'end'],
      ['error', 'end'],
    ]) {
      const events = await eventsOf(model, controller.signal)
      expect(events.map(({ type }) => type)).toEqual(kinds)
      expect(errorIn(events)?.code).toBe('cancelled')
    }
    await expect(model.listModels({ signal: controller.signal })).rejects.toThrow('cancelled')
    expect(asked).toEqual(['key', 'fetch'])
  })

  test('by answering late has its answer dropped', async () => {
    let dropped = 0
    const late = new ReadableStream<Uint8Array>({ cancel: () => void dropped++ })
    const arriving = Promise.withResolvers<FetchResponse>()
    const error = await through(() => arriving.promise, { timeouts: { firstEventMs: 30 } })
    expect(error?.code).toBe('model-timeout')
    arriving.resolve(response({ body: late }))
    await new Promise((resolve) => setImmediate(resolve))
    expect(dropped).toBe(1)
  })

  test.each([
    [
      'throwing at once',
      () => {
        throw new TypeError('no')
      },
      'model-connect',
    ],
    ['giving no body', async () => response({}), 'model-incomplete'],
    ['giving no response', async () => undefined as unknown as FetchResponse, 'model-connect'],
    [
      'giving text in place of bytes',
      async () =>
        response({
          body: new ReadableStream({
            start: (to) => to.enqueue('data: x'),
          }) as unknown as NonNullable<FetchResponse['body']>,
        }),
      'model-incomplete',
    ],
  ])('by %s fails the response', async (_, fetching, code) => {
    expect((await through(fetching))?.code).toBe(code)
  })
})

test.each([
  [{}],
  [{ dispatcher: {} }],
  [{ fetch: 'x' }],
  [{ fetch, dispatcher: new Agent() }],
  [{ proxy: 'x' }],
])('a transport that is %j is refused', (transport) => {
  const options = { baseUrl: 'http://127.0.0.1:9', model: 'm', transport: transport as Transport }
  expect(() => openaiCompatible(options)).toThrow(expect.objectContaining({ code: 'bad-option' }))
})

test('withModel asks for another model over the same connections', async () => {
  await using provider = await fakeProvider({ turns: () => ({ text: 'x' }) })
  const first = openaiCompatible({ baseUrl: provider.baseUrl, model: 'a', apiKey: 'sk-1234' })
  const second = first.withModel('b')
  for (const model of [first, second, first, second]) await eventsOf(model)
  expect(second).toMatchObject({ id: 'b', provider: first.provider })
  expect(provider.requests.map(({ body }) => body['model'])).toEqual(['a', 'b', 'a', 'b'])
  // a request sent in the very moment a body ends may still find its connection busy
  expect(provider.connections).toBeLessThanOrEqual(2)
  expect(() => first.withModel('')).toThrow('`model`')
  await first.close()
})

async function askedAgain(status: number, statuses?: readonly number[], body = '') {
  await using provider = await fakeProvider({
    turns: ({ number }) => (number === 0 ? { status, body } : { text: 'x' }),
  })
  const model = openaiCompatible({
    baseUrl: provider.baseUrl,
    model: 'm',
    retry: { baseDelayMs: 0, ...(statuses === undefined ? {} : { statuses }) },
  })
  await eventsOf(model)
  await model.close()
  return provider.requests.length === 2
}

describe('S2-02 the statuses that are retried', () => {
  test('can be chosen', async () => {
    expect(await askedAgain(409)).toBe(false)
    expect(await askedAgain(409, [409])).toBe(true)
    expect(await askedAgain(503)).toBe(true)
    expect(await askedAgain(503, [409])).toBe(false)
  })

  test('leave alone what the answer calls final', async () => {
    const spent = JSON.stringify({ error: { code: 'insufficient_quota', message: 'no money' } })
    expect(await askedAgain(429, [429], spent)).toBe(false)
  })

  test.each([[[200]], [['429']], [429]])('are refused as %j', (statuses) => {
    const retry = { statuses: statuses as number[] }
    expect(() => openaiCompatible({ baseUrl: 'http://x.example', model: 'm', retry })).toThrow(
      '`retry.statuses`',
    )
  })
})
