import { once } from 'node:events'
import {
  createServer,
  validateHeaderName,
  validateHeaderValue,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { messageOf } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { checkOptions } from '../base/options.ts'
import { anthropicBody, anthropicStream } from './anthropic-script.ts'
import { chatBody, chatStream } from './chat-script.ts'
import { checkMembers, checkTurn, checkTurns, type Member } from './check-turn.ts'
import { responsesBody, responsesStream } from './responses-script.ts'
import type { ScriptedTurn } from './turn.ts'

/** How an answer goes wrong on its way; positions are counted in bytes of the body. */
export interface Fault {
  /** Sends the body in writes of this many bytes, each of them a read of its own. */
  readonly split?: number
  /** Ends the body, as if it were complete, after this many bytes. */
  readonly truncate?: number
  /** Breaks the connection after this many bytes. */
  readonly reset?: number
  /** Sends nothing more after this many bytes and holds the connection. */
  readonly stall?: number
}

/** An answer as recorded: its bytes are sent as they are. */
export interface RecordedTurn {
  /** Default 200. */
  readonly status?: number
  /** Default: `content-type: text/event-stream` for status 200, else `application/json`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

export type FakeAnswer = (ScriptedTurn | RecordedTurn) & { readonly fault?: Fault }

/** An answer, or what finds it from the request. */
export type FakeTurn = FakeAnswer | ((request: FakeRequest) => FakeAnswer)

/** What a client has sent. */
export interface FakeRequest {
  /** Counts from 0. */
  readonly number: number
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
  /** The parsed body; empty when it is not a JSON object. */
  readonly body: Readonly<Record<string, unknown>>
}

export interface FakeProvider extends AsyncDisposable {
  /** Base URL for clients, on 127.0.0.1, ending in `/v1`. */
  readonly baseUrl: string
  /** The same without `/v1`, as clients of Messages take it. */
  readonly rootUrl: string
  /** All requests so far, in order of arrival. */
  readonly requests: readonly FakeRequest[]
  /** How many connections were opened. */
  readonly connections: number
  /** Resolves when the client has left an answer before it was complete. */
  aborted(): Promise<void>
  close(): Promise<void>
}

export interface FakeProviderOptions {
  /** One for each request; a request too many gets status 400. A function answers every request. */
  readonly turns: readonly FakeTurn[] | ((request: FakeRequest) => FakeAnswer)
}

/**
 * A model provider on a real HTTP server, for tests: speaks Messages where the path ends in
 * `/messages`, Responses where it ends in `/responses`, else Chat Completions, streamed or not as
 * the request asks, with scripted or recorded answers and faults. Throws `bad-option` for what is no
 * answer; what a function answers wrongly, or throws, becomes status 400.
 *
 * @example
 * ```ts
 * await using provider = await fakeProvider({ turns: [{ text: 'hello' }] })
 * const model = openaiCompatible({ baseUrl: provider.baseUrl, model: 'fake' })
 * ```
 */
export async function fakeProvider(options: FakeProviderOptions): Promise<FakeProvider> {
  checkOptions('fakeProvider', options, ['turns'])
  if (typeof options.turns !== 'function') checkTurns(options.turns, checkAnswer)
  const requests: FakeRequest[] = []
  const abortion = Promise.withResolvers<void>()
  let connections = 0
  const server = createServer((incoming, response) => {
    response.on('error', ignore)
    response.on('close', () => {
      if (!response.writableFinished) abortion.resolve()
    })
    void readRequest(incoming, requests.length).then((request) => {
      requests.push(request)
      return answer(response, findAnswer(options.turns, request), request)
    }, ignore)
  })
  server.on('connection', (socket) => {
    connections++
    socket.setNoDelay(true)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  const rootUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    baseUrl: `${rootUrl}/v1`,
    rootUrl,
    requests,
    get connections() {
      return connections
    },
    aborted: () => abortion.promise,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function ignore(): void {}

async function readRequest(incoming: IncomingMessage, number: number): Promise<FakeRequest> {
  const parts: Buffer[] = []
  for await (const part of incoming as AsyncIterable<Buffer>) parts.push(part)
  const text = Buffer.concat(parts).toString()
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    body = undefined
  }
  return {
    number,
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: incoming.headers,
    text,
    body: isObject(body) ? body : {},
  }
}

const count: Member = {
  what: 'a whole number from 0 on',
  fits: (value) => Number.isInteger(value) && (value as number) >= 0,
}

const faultMembers = { split: count, truncate: count, reset: count, stall: count }

const recordedMembers: Readonly<Record<string, Member>> = {
  status: {
    what: 'a status from 200 to 599',
    fits: (value) => Number.isInteger(value) && (value as number) >= 200 && (value as number) < 600,
  },
  headers: {
    what: 'an object of headers that can be sent',
    fits: (value) => isObject(value) && Object.entries(value).every(isHeader),
  },
  body: {
    what: 'a text or bytes',
    fits: (value) => typeof value === 'string' || value instanceof Uint8Array,
  },
}

function isHeader([name, value]: readonly [string, unknown]): boolean {
  if (typeof value !== 'string') return false
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}

/** A recorded answer is known by its body. */
function checkAnswer(where: string, turn: unknown): void {
  if (!isObject(turn) || turn['body'] === undefined) checkTurn(where, turn, ['fault'])
  else checkMembers(where, turn, 'an answer', recordedMembers, ['fault'])
  const { fault } = turn as { readonly fault?: unknown }
  if (fault !== undefined) checkMembers(`${where}.fault`, fault, 'a fault', faultMembers, [])
}

function findAnswer(turns: FakeProviderOptions['turns'], request: FakeRequest): FakeAnswer {
  const { number } = request
  const turn = typeof turns === 'function' ? turns : turns[number]
  if (turn === undefined) return refused(`there is no turn for request ${number}`)
  if (typeof turn !== 'function') return turn
  try {
    const found = turn(request)
    checkAnswer(`turns[${number}]()`, found)
    return found
  } catch (error) {
    return refused(messageOf(error))
  }
}

function refused(message: string): RecordedTurn {
  return { status: 400, body: JSON.stringify({ error: { message } }) }
}

async function answer(
  response: ServerResponse,
  turn: FakeAnswer,
  request: FakeRequest,
): Promise<void> {
  const { status, headers, body } = 'body' in turn ? recorded(turn) : scriptedAnswer(turn, request)
  response.writeHead(status, headers)
  response.flushHeaders()
  await send(response, Buffer.from(body), turn.fault ?? {})
}

function recorded(turn: RecordedTurn): Required<RecordedTurn> {
  const { status = 200, body } = turn
  const type = status === 200 ? 'text/event-stream' : 'application/json'
  return { status, headers: turn.headers ?? { 'content-type': type }, body }
}

function scriptedAnswer(turn: ScriptedTurn, request: FakeRequest): Required<RecordedTurn> {
  const model = typeof request.body['model'] === 'string' ? request.body['model'] : 'fake'
  const script = scripts.find(({ path }) => request.path.endsWith(path)) ?? chatScript
  return request.body['stream'] === true
    ? recorded({ body: script.stream(turn, request.number, model) })
    : recorded({
        headers: { 'content-type': 'application/json' },
        body: script.body(turn, request.number, model),
      })
}

const chatScript = { path: '/chat/completions', stream: chatStream, body: chatBody }
const scripts = [
  chatScript,
  { path: '/messages', stream: anthropicStream, body: anthropicBody },
  { path: '/responses', stream: responsesStream, body: responsesBody },
]

async function send(response: ServerResponse, body: Buffer, fault: Fault): Promise<void> {
  const end = Math.min(body.length, fault.truncate ?? Infinity, fault.reset ?? Infinity)
  const last = Math.min(end, fault.stall ?? Infinity)
  const step = Math.max(1, fault.split ?? last)
  for (let at = 0; at < last && !response.destroyed; at += step) {
    response.write(body.subarray(at, Math.min(last, at + step)))
    if (step < last) await nextTurn()
  }
  if (fault.stall !== undefined) return
  if (fault.reset === undefined) response.end()
  else {
    // what was written has to leave before the connection breaks
    await nextTurn()
    response.socket?.resetAndDestroy()
  }
}

/** Lets the other side of a connection in the same process read what was written. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
