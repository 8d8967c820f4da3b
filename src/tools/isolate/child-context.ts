import { codes, type ErrorCode } from '../../base/codes.ts'
import { SallyportError } from '../../base/errors.ts'
import type { JsonValue } from '../../base/json.ts'
import { copyPlain } from '../../base/plain.ts'
import { StopError, type StopReason } from '../../base/signal.ts'
import type { FetchedResponse, FetchInit } from '../access/fetch.ts'
import type { OpenedFile } from '../access/open.ts'
import type { ToolContext } from '../tool.ts'
import type { Frame } from './frames.ts'
import type { CallFacts, Start } from './task.ts'

const idle: CallFacts = {
  principal: null,
  runId: '',
  callId: '',
  turn: 0,
  attempt: 0,
  idempotencyKey: '',
  deadline: 0,
  deps: null,
}

const logBounds = { maxLength: 65_536, maxDepth: 32 }

/** The context of a call inside: what it cannot do itself, it asks the other process for. */
export class ChildContext implements ToolContext {
  readonly principal: ToolContext['principal']
  readonly runId: string
  readonly callId: string
  readonly turn: number
  readonly attempt: number
  readonly idempotencyKey: string
  readonly deadline: number
  readonly deps: unknown
  readonly #send: (frame: Frame) => void
  readonly #controller = new AbortController()
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #asked = 0

  constructor({ task }: Start, send: (frame: Frame) => void) {
    const facts = task.kind === 'describe' ? idle : task.context
    this.#send = send
    this.principal = facts.principal
    this.runId = facts.runId
    this.callId = facts.callId
    this.turn = facts.turn
    this.attempt = facts.attempt
    this.idempotencyKey = facts.idempotencyKey
    this.deadline = facts.deadline
    this.deps = facts.deps
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get log(): ToolContext['log'] {
    return (message, data) => {
      const copy = copyPlain(data, logBounds)
      this.#send({ type: 'log', message: String(message), data: copy.ok ? copy.value : null })
    }
  }

  get open(): ToolContext['open'] {
    return async (path, flags) => {
      const file = (await this.#ask({ what: 'open', path, flags: flags ?? 'r' })) as number
      return remoteFile((asked) => this.#ask({ ...asked, file })) as unknown as OpenedFile
    }
  }

  get fetch(): ToolContext['fetch'] {
    return async (url, init = {}) => {
      const { signal } = init
      signal?.throwIfAborted()
      const question = { what: 'fetch', url: String(url), init: plainInit(init) }
      return responseOf((await this.#ask(question, signal)) as RemoteResponse)
    }
  }

  /** What the other process says after the start. */
  hear(frame: Frame): void {
    if (frame.type === 'abort') this.#controller.abort(new StopError(frame['reason'] as StopReason))
    if (frame.type !== 'answer') return
    const { id, value, error } = frame as unknown as Answer
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(errorOf(error))
  }

  /** Waits for the answer, or until `signal` aborts: then the other process need not find it. */
  #ask(question: Readonly<Record<string, unknown>>, signal?: AbortSignal | null): Promise<unknown> {
    const id = ++this.#asked
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#send({ type: 'ask', id, ...question })
    if (!signal) return waiting.promise
    const leave = (): void => {
      this.#waiting.delete(id)
      this.#send({ type: 'leave', id })
      waiting.reject(signal.reason)
    }
    signal.addEventListener('abort', leave, { once: true })
    return waiting.promise.finally(() => signal.removeEventListener('abort', leave))
  }
}

interface Answer {
  readonly id: number
  readonly value?: JsonValue
  readonly error?: { readonly message: string; readonly code?: string; readonly help?: string }
}

function errorOf({ message, code, help }: NonNullable<Answer['error']>): Error {
  if (code !== undefined && Object.hasOwn(codes, code)) {
    return new SallyportError(code as ErrorCode, message, { help })
  }
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}

function plainInit({ method, headers, body }: FetchInit): JsonValue {
  return {
    ...(method === undefined ? {} : { method }),
    ...(headers === undefined ? {} : { headers: { ...headers } }),
    ...(body === undefined ? {} : { body: Buffer.from(body as string).toString('base64') }),
  }
}

interface RemoteResponse {
  readonly status: number
  readonly statusText: string
  readonly headers: readonly (readonly [string, string])[]
  readonly url: string
  readonly redirected: boolean
  readonly body: string
}

function responseOf(remote: RemoteResponse): FetchedResponse {
  const { status, statusText, headers, url, redirected } = remote
  const isEmpty = [101, 204, 205, 304].includes(status)
  const body = isEmpty ? null : Buffer.from(remote.body, 'base64')
  const response = new Response(body, {
    status,
    statusText,
    headers: headers.map(([name, value]) => [name, value] as [string, string]),
  })
  Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } })
  return response as unknown as FetchedResponse
}

type EncodingOption = BufferEncoding | { readonly encoding?: BufferEncoding | null } | null

function encodingOf(option: EncodingOption | undefined): BufferEncoding | undefined {
  return (typeof option === 'string' ? option : option?.encoding) ?? undefined
}

type Asking = (question: Readonly<Record<string, unknown>>) => Promise<unknown>

/** The part of a file handle that goes over the channel: whole files. */
function remoteFile(ask: Asking): object {
  const close = (): Promise<unknown> => ask({ what: 'close' })
  const write =
    (what: 'write' | 'append') => (data: string | Uint8Array, option?: EncodingOption) =>
      ask({ what, data: Buffer.from(data as string, encodingOf(option)).toString('base64') })
  return {
    async readFile(option?: EncodingOption) {
      const bytes = Buffer.from((await ask({ what: 'read' })) as string, 'base64')
      const encoding = encodingOf(option)
      return encoding === undefined ? bytes : bytes.toString(encoding)
    },
    writeFile: write('write'),
    appendFile: write('append'),
    stat: () => ask({ what: 'stat' }),
    close,
    [Symbol.asyncDispose]: close,
  }
}
