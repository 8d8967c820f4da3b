import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { anthropic } from '../../src/model/anthropic.ts'
import { openaiCompatible } from '../../src/model/compatible.ts'
import { keyPool } from '../../src/model/key-pool.ts'
import { router } from '../../src/model/router.ts'
import { createCosts } from '../../src/cost/costs.ts'
import type { HttpModel } from '../../src/model/http-model.ts'
import type { JsonObject } from '../../src/base/json.ts'
import type { AssembledTurn } from '../../src/protocol/assemble.ts'
import type { Model } from '../../src/protocol/model.ts'
import { fakeProvider } from '../../src/testing/fake-provider.ts'
import { lawBreaks, listen } from '../conformance/wire/support.ts'
import { agentOf, allowing, finish, noting } from '../support/agent.ts'

const key = 'sk-planted-4711-0815'
const timeouts = { connectMs: 2000, firstEventMs: 1000, idleMs: 500, totalMs: 2500 }
const retry = { attempts: 1 }

interface Peer extends AsyncDisposable {
  readonly baseUrl: string
  readonly connections: number
}

/** A server that says whatever it likes to whoever has sent a request. */
async function peer(speak: (socket: Socket) => void): Promise<Peer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.once('data', () => speak(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    get connections() {
      return sockets.size
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Says the next piece again and again, for as long as somebody listens. */
function forever(socket: Socket, next: (at: number) => string): void {
  let at = 0
  const more = (): void => {
    if (socket.destroyed) return
    socket.write(next(at++), () => setImmediate(more))
  }
  more()
}

/** Says a piece every few milliseconds. */
function slowly(socket: Socket, next: (at: number) => string): void {
  let at = 0
  const timer = setInterval(() => socket.write(next(at++)), 20)
  socket.on('close', () => clearInterval(timer))
}

function modelAt(baseUrl: string, bounds: object = {}): HttpModel {
  return openaiCompatible({ baseUrl, model: 'm', apiKey: key, timeouts, retry, bounds })
}

async function asked(speak: (socket: Socket) => void, bounds: object = {}): Promise<AssembledTurn> {
  await using server = await peer(speak)
  const model = modelAt(server.baseUrl, bounds)
  const { events, turn } = await listen(model)
  await model.close()
  expect(lawBreaks(events)).toEqual([])
  expect(JSON.stringify(events)).not.toContain(key)
  return turn
}

const ok = 'HTTP/1.1 200 OK\r\n'
const stream = `${ok}content-type: text/event-stream\r\n`
const chunked = `${stream}transfer-encoding: chunked\r\n\r\n`

function piece(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

const hello = 'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'
const over = 'data: [DONE]\n\n'

describe('what is no HTTP ends the request', () => {
  test.each<readonly [string, string, string]>([
    ['headers without end', `${ok}${`x-${'y'.repeat(200)}: z\r\n`.repeat(2000)}`, 'model-connect'],
    ['one header of 1 MiB', `${ok}x: ${'y'.repeat(1024 * 1024)}\r\n\r\n`, 'model-connect'],
    ['no HTTP at all', 'hello\r\n\r\n', 'model-connect'],
    [
      'another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      'model-incomplete',
    ],
    ['a size that is no number', `${chunked}zz\r\nhello\r\n`, 'model-incomplete'],
    ['a size beyond all numbers', `${chunked}fffffffffffffffffff\r\nhello\r\n`, 'model-incomplete'],
    [
      'a body shorter than promised',
      `${stream}content-length: 999\r\n\r\ndata: {`,
      'model-incomplete',
    ],
    [
      'two lengths that differ',
      `${stream}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`,
      'model-connect',
    ],
    [
      'a length and chunks',
      `${stream}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      'model-connect',
    ],
  ])('%s', async (_, bytes, code) => {
    const turn = await asked((socket) => socket.end(bytes))
    expect(turn.error?.code).toBe(code)
  })

  test('an answer to a question nobody has asked is not read', async () => {
    const second = `${stream}content-length: 6\r\n\r\ndata: 7`
    const turn = await asked((socket) =>
      socket.end(
        `${stream}content-length: ${hello.length + over.length}\r\n\r\n${hello}${over}${second}`,
      ),
    )
    expect(turn).toMatchObject({ text: 'a', error: undefined })
  })
})

describe('what takes for ever is given up', () => {
  test.each<readonly [string, (socket: Socket) => void]>([
    ['nothing', () => {}],
    ['headers byte by byte', (socket) => slowly(socket, (at) => (at === 0 ? ok : 'x'))],
    [
      'hints that no answer follows',
      (socket) => slowly(socket, () => 'HTTP/1.1 103 Early Hints\r\n\r\n'),
    ],
    ['a body byte by byte', (socket) => slowly(socket, (at) => (at === 0 ? chunked : piece('d')))],
    ['comments', (socket) => slowly(socket, (at) => (at === 0 ? chunked : piece(': on it\n\n')))],
    [
      'an error byte by byte',
      (socket) =>
        slowly(socket, (at) =>
          at === 0 ? 'HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n' : piece('x'),
        ),
    ],
    [
      'text without end',
      (socket) =>
        slowly(socket, (at) => (at === 0 ? chunked : piece(hello.replace('"stop"', 'null')))),
    ],
  ])('%s', async (_, speak) => {
    const turn = await asked(speak)
    expect(turn.error?.code).toBe('model-timeout')
  })
})

describe('what is too large is not read to its end', () => {
  const bounds = { maxResponseBytes: 1024 * 1024, maxEventLength: 256 * 1024 }

  test.each<readonly [string, (at: number) => string]>([
    ['comments', () => piece(`: ${'x'.repeat(1000)}\n\n`)],
    ['events that say nothing', () => piece(`data: {"padding":"${'x'.repeat(1000)}"}\n\n`)],
    ['one line', () => piece('x'.repeat(1000))],
    ['blank lines', () => piece('\n'.repeat(1000))],
  ])('%s', async (_, next) => {
    const turn = await asked(
      (socket) => forever(socket, (at) => (at === 0 ? chunked : next(at))),
      bounds,
    )
    expect(turn.error?.code).toBe('model-too-large')
  })

  test('a compressed body is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const turn = await asked((socket) => {
      socket.write(`${stream}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`)
      socket.end(bomb)
    })
    expect(turn.error).toMatchObject({ code: 'model-protocol', retryable: false })
  })

  test('an error page without end is cut', async () => {
    const turn = await asked((socket) =>
      forever(socket, (at) =>
        at === 0
          ? 'HTTP/1.1 400 No\r\ntransfer-encoding: chunked\r\n\r\n'
          : piece('x'.repeat(1000)),
      ),
    )
    expect(turn.error).toMatchObject({ code: 'model-refused', status: 400 })
    expect(turn.error!.message.length).toBeLessThan(1100)
  })
})

test.each([301, 302, 303, 307, 308])('status %i leads a key nowhere', async (status) => {
  let visits = 0
  await using elsewhere = await peer(() => visits++)
  const turn = await asked((socket) =>
    socket.end(
      `HTTP/1.1 ${status} Go\r\nlocation: ${elsewhere.baseUrl}\r\ncontent-length: 0\r\n\r\n`,
    ),
  )
  expect(turn.error).toMatchObject({ code: 'model-status', status })
  expect(visits).toBe(0)
})

test.each([
  ['retry-after: 1e12', undefined],
  ['retry-after: 999999999', 999_999_999_000],
  ['retry-after: -5', undefined],
  ['retry-after: Fri, 31 Dec 9999 23:59:59 GMT', expect.any(Number)],
  ['retry-after-ms: 999999999999', 999_999_999_999],
  ['retry-after-ms: NaN', undefined],
  ['x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 99999999999999999999', undefined],
])('nobody sleeps for `%s`, and the key is asked again some day', async (header, retryAfterMs) => {
  await using server = await peer((socket) =>
    socket.end(`HTTP/1.1 429 No\r\n${header}\r\ncontent-length: 0\r\n\r\n`),
  )
  const pool = keyPool([key])
  const model = openaiCompatible({
    baseUrl: server.baseUrl,
    model: 'm',
    apiKey: pool,
    retry: { attempts: 2, baseDelayMs: 0, maxDelayMs: 10 },
  })
  const { turn } = await listen(model)
  await model.close()
  expect(turn.error?.code).toMatch(/^model-(rate-limit|no-key|quota)$/)
  if (retryAfterMs !== undefined && turn.error?.code === 'model-rate-limit') {
    expect(turn.error.retryAfterMs).toEqual(retryAfterMs)
  }
  const { keys } = pool.status()
  expect(Date.parse(keys[0]!.until!)).toBeLessThan(Date.now() + 25 * 60 * 60_000)
})

test('counts and costs no number can be neither earn nor break a budget', async () => {
  const usage = '{"prompt_tokens":-1e9,"completion_tokens":1e999,"cost":-1e9}'
  const body = `data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}],"usage":${usage}}\n\n${over}`
  await using provider = await fakeProvider({ turns: () => ({ body }) })
  const model = modelAt(provider.baseUrl)
  const costs = createCosts()
  const { result } = await finish(agentOf([], { model, costs }).start())
  await model.close()
  expect(result.status).toBe('completed')
  expect(result.usage).toMatchObject({ inputTokens: 0, outputTokens: 0 })
  expect(costs.tracker.snapshot().total.cost).toBe('0')
})

const badNames = '{"x\\ud83d":1,"__proto__":{"y":1},"z":1e999}'
const wires = [
  ['chat', (baseUrl: string) => openaiCompatible({ baseUrl, model: 'm', retry })],
  [
    'responses',
    (baseUrl: string) => openaiCompatible({ baseUrl, model: 'm', wire: 'responses', retry }),
  ],
  [
    'anthropic',
    (baseUrl: string) =>
      anthropic({ baseUrl: baseUrl.slice(0, -3), model: 'm', apiKey: key, retry }),
  ],
] as const

test.each(wires)('an error that no record can hold still ends the run: %s', async (_, make) => {
  const error = `{"message":"no","metadata":${badNames},"innererror":${badNames},"param":"\\ud83d"}`
  await using provider = await fakeProvider({
    turns: [{ body: `data: {"type":"error","error":${error}}\n\n` }],
  })
  const model = make(provider.baseUrl)
  const { result, recorded } = await finish(agentOf([], { model }).start())
  await model.close()
  expect(result).toMatchObject({ status: 'error', error: { code: 'model-error', message: 'no' } })
  expect(recorded.at(-1)?.type).toBe('end')
})

function named(provider: string, baseUrl: string): HttpModel {
  return openaiCompatible({ provider, baseUrl, model: 'm', timeouts, retry })
}

test('a model of the host may pass on what no record can hold', async () => {
  const details = JSON.parse(badNames) as JsonObject
  const error = { code: 'model-error', message: 'no', retryable: true, details } as const
  const model: Model = {
    id: 'm',
    provider: 'host',
    async *stream() {
      yield { type: 'retry', attempt: 2, delayMs: 0, error }
      yield { type: 'fallback', from: 'host/m', to: 'host/n', error }
      yield { type: 'error', error }
      yield { type: 'end', finishReason: { unified: 'error', raw: null } }
    },
  }
  const { result, recorded } = await finish(agentOf([], { model }).start())
  expect(result).toMatchObject({ status: 'error', error: { code: 'model-error', message: 'no' } })
  expect(recorded.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['retry', 'fallback', 'error', 'end']),
  )
})

test('behind a hostile host another one answers, and nothing of the first is left', async () => {
  const call =
    '{"choices":[{"index":0,"delta":{"content":"evil","tool_calls":[{"index":0,"id":"a","function":{"name":"act","arguments":"{\\"who\\":\\"evil\\"}"}}]},"finish_reason":"tool_calls"}]}'
  await using hostile = await peer((socket) => {
    socket.write(chunked + piece(`data: ${call}\n\n`))
    setImmediate(() => socket.destroy())
  })
  await using honest = await fakeProvider({
    turns: [{ text: 'good', calls: [{ tool: 'act', args: { who: 'good' } }] }, { text: 'over' }],
  })
  const { tool, calls } = noting('act')
  const model = router({
    providers: [named('hostile', hostile.baseUrl), named('honest', honest.baseUrl)],
    rules: [{ trigger: 'error', action: 'switch_provider', provider: 'honest' }],
  })
  const { result } = await finish(
    agentOf([], { model, tools: [tool], policy: allowing('act') }).start(),
  )
  expect(result).toMatchObject({ status: 'completed', text: 'over' })
  expect(calls).toEqual([{ who: 'good' }])
  expect(JSON.stringify(result.messages)).not.toContain('evil')
})
