import type { Agent, Dispatcher } from 'undici'
import type { ModelErrorData } from '../protocol/event.ts'
import { ResponseBody } from './body.ts'
import { connectError } from './connect-error.ts'
import { modelError, statusError } from './status.ts'
import type { Watch } from './watch.ts'

/** Bytes of an error body that are read; the rest is dropped with the connection. */
const maxErrorBytes = 64 * 1024

export interface HttpRequest {
  readonly url: URL
  /** From `checkHeaders`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Asks for server-sent events. */
  readonly stream: boolean
}

/** A question without a body. The query of its URL is sent. */
export type HttpQuestion = Pick<HttpRequest, 'url' | 'headers'>

export interface HttpResponse {
  /** Media type without parameters, in lower case; empty if not given. */
  readonly type: string
  readonly body: ResponseBody
}

/** What a request came to: a successful response to be read or destroyed, or an error. */
export type HttpOutcome = { readonly response: HttpResponse } | { readonly error: ModelErrorData }

/**
 * HTTP/1.1 requests over connections of its own: no global dispatcher, no redirects, no
 * compression, no cookies. Nothing is loaded or opened before the first request.
 */
export class HttpClient {
  readonly #connectMs: number
  readonly #now: () => number
  #loading: Promise<Agent> | undefined
  #agent: Agent | undefined

  constructor(options: { readonly connectMs: number; readonly now: () => number }) {
    this.#connectMs = options.connectMs
    this.#now = options.now
  }

  /** Never rejects. Times are kept by `watch`, which also carries the caller's signal. */
  post(request: HttpRequest, watch: Watch): Promise<HttpOutcome> {
    return this.#ask(request, watch)
  }

  /** Like `post`; the answer is expected to be JSON. */
  get(question: HttpQuestion, watch: Watch): Promise<HttpOutcome> {
    return this.#ask(question, watch)
  }

  async #ask(request: HttpRequest | HttpQuestion, watch: Watch): Promise<HttpOutcome> {
    let reply: Reply
    try {
      reply = await send(this.#agent ?? (await this.#load()), request, watch)
    } catch (thrown) {
      return { error: watch.cut ?? connectError(thrown, request.url) }
    }
    if (reply.status !== 200) return { error: await this.#statusError(reply, watch) }
    return checkResponse(reply)
  }

  /** Closes idle connections; later requests open new ones. */
  async close(): Promise<void> {
    const loading = this.#loading
    this.#loading = undefined
    this.#agent = undefined
    await (await loading)?.close()
  }

  async #load(): Promise<Agent> {
    const loading = (this.#loading ??= load(this.#connectMs))
    const agent = await loading
    // closed meanwhile, it must not be used by later requests
    if (this.#loading === loading) this.#agent = agent
    return agent
  }

  async #statusError(reply: Reply, watch: Watch): Promise<ModelErrorData> {
    const text = await readError(reply.body, watch)
    if (watch.cut !== undefined) return watch.cut
    return statusError(text, {
      status: reply.status,
      header: (name) => headerOf(reply, name),
      now: this.#now(),
    })
  }
}

/** Loading undici costs more than everything else this library imports, so it waits for a request. */
async function load(connectMs: number): Promise<Agent> {
  const { Agent: Dispatch } = await import('undici')
  return new Dispatch({
    allowH2: false,
    // the watch has these two
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectMs },
  })
}

/** By lower-case name, as undici gives them. */
type Headers = Readonly<Record<string, string | string[] | undefined>>

/** The head of a response, and its body as it arrives. */
interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: ResponseBody
}

/** Resolves with the head of the response; rejects when there is none. */
function send(agent: Agent, request: HttpRequest | HttpQuestion, watch: Watch): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const handler = new ReplyHandler(resolve, reject)
    watch.onStop((reason) => handler.stop(reason))
    const { url } = request
    agent.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        ...contentOf(request),
      },
      handler,
    )
  })
}

type Content = Pick<Dispatcher.DispatchOptions, 'method' | 'headers' | 'body'>

function contentOf(request: HttpRequest | HttpQuestion): Content {
  const headers = { ...request.headers, 'accept-encoding': 'identity' }
  if (!('body' in request)) {
    return { method: 'GET', headers: { ...headers, accept: 'application/json' } }
  }
  const accept = request.stream ? 'text/event-stream, application/json' : 'application/json'
  return {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept },
    body: request.body,
  }
}

class ReplyHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (reply: Reply) => void
  readonly #reject: (error: Error) => void
  #controller: Dispatcher.DispatchController | undefined
  #body: ResponseBody | undefined
  #stopped: Error | undefined

  constructor(resolve: (reply: Reply) => void, reject: (error: Error) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Gives up, also a request that still waits for its connection. */
  stop(reason: Error): void {
    this.#stopped = reason
    this.#controller?.abort(reason)
    this.onResponseError(undefined, reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#stopped !== undefined) controller.abort(this.#stopped)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
  ): void {
    // an informational response precedes the real one
    if (status < 200) return
    this.#body = new ResponseBody(controller)
    this.#resolve({ status, headers, body: this.#body })
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#body?.push(chunk)
  }

  onResponseEnd(): void {
    this.#body?.end()
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#body?.end(error)
    this.#reject(error)
  }
}

function headerOf({ headers }: Reply, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

function checkResponse(reply: Reply): HttpOutcome {
  const { body } = reply
  const encoding = headerOf(reply, 'content-encoding')?.trim().toLowerCase() ?? ''
  const contentType = headerOf(reply, 'content-type') ?? ''
  const end = contentType.indexOf(';')
  const type = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
  if (encoding !== '' && encoding !== 'identity') {
    body.destroy()
    return { error: modelError('model-protocol', 'the response is compressed, unasked') }
  }
  if (type === 'text/html') {
    body.destroy()
    return {
      error: modelError('model-protocol', 'the response is a web page, not an answer of a model', {
        help: 'check the base URL',
      }),
    }
  }
  return { response: { type, body } }
}

async function readError(body: ResponseBody, watch: Watch): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    while (size < maxErrorBytes) {
      watch.waiting()
      const part = await body.next()
      if (part === undefined) break
      parts.push(part)
      size += part.length
    }
  } catch {
    // the status alone tells enough
  }
  body.destroy()
  return Buffer.concat(parts).subarray(0, maxErrorBytes).toString()
}
