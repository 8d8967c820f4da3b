import type { Agent } from 'undici'
import type { ModelErrorData } from '../protocol/event.ts'
import type { ResponseBody } from './body.ts'
import { connectError } from './connect-error.ts'
import { dispatchRequest, openAgent } from './dispatch.ts'
import { modelError, statusError } from './status.ts'
import type { BodyText } from './growing-text.ts'
import type { Reply, Transport } from './transport.ts'
import type { Watch } from './watch.ts'

/** Bytes of an error body that are read; the rest is dropped with the connection. */
const maxErrorBytes = 64 * 1024

export interface HttpRequest {
  readonly url: URL
  /** From `checkHeaders`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: BodyText
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

/** Told of every response that has arrived, whatever its status, before its body is read. */
export type HeadObserver = (reply: Pick<Reply, 'status' | 'header'>) => void

export interface HttpClientOptions {
  readonly connectMs: number
  readonly now: () => number
  readonly transport?: Transport
  /** Statuses that are retried in place of those of `byStatus`. */
  readonly retryStatuses?: readonly number[]
}

/**
 * HTTP/1.1 requests over connections of its own, or over a transport: no global dispatcher, no
 * redirects, no compression, no cookies. Nothing is loaded or opened before the first request.
 */
export class HttpClient {
  readonly #options: HttpClientOptions
  #loading: Promise<Agent> | undefined
  #agent: Agent | undefined

  constructor(options: HttpClientOptions) {
    this.#options = options
  }

  /** Never rejects. Times are kept by `watch`, which also carries the caller's signal. */
  post(request: HttpRequest, watch: Watch, observe?: HeadObserver): Promise<HttpOutcome> {
    return this.#ask(request, watch, observe)
  }

  /** Like `post`; the answer is expected to be JSON. */
  get(question: HttpQuestion, watch: Watch): Promise<HttpOutcome> {
    return this.#ask(question, watch)
  }

  async #ask(
    request: HttpRequest | HttpQuestion,
    watch: Watch,
    observe?: HeadObserver,
  ): Promise<HttpOutcome> {
    let reply: Reply
    // nothing is sent for a caller who has left
    if (watch.cut !== undefined) return { error: watch.cut }
    try {
      reply = await this.#carry(request, watch)
    } catch (thrown) {
      return { error: watch.cut ?? connectError(thrown, request.url) }
    }
    observe?.(reply)
    if (!isAnswer(reply.status)) return { error: await this.#statusError(reply, watch) }
    return checkResponse(reply)
  }

  /** Closes idle connections; later requests open new ones. */
  async close(): Promise<void> {
    const loading = this.#loading
    this.#loading = undefined
    this.#agent = undefined
    await (await loading)?.close()
  }

  async #carry(request: HttpRequest | HttpQuestion, watch: Watch): Promise<Reply> {
    const { transport } = this.#options
    if (transport === undefined) {
      return dispatchRequest(this.#agent ?? (await this.#load()), request, watch)
    }
    if ('dispatcher' in transport) return dispatchRequest(transport.dispatcher, request, watch)
    const { fetchRequest } = await import('./fetch.ts')
    return fetchRequest(transport.fetch, request, watch)
  }

  async #load(): Promise<Agent> {
    const loading = (this.#loading ??= openAgent(this.#options.connectMs))
    const agent = await loading
    // closed meanwhile, it must not be used by later requests
    if (this.#loading === loading) this.#agent = agent
    return agent
  }

  async #statusError(reply: Reply, watch: Watch): Promise<ModelErrorData> {
    const text = await readError(reply, watch)
    if (watch.cut !== undefined) return watch.cut
    const { now, retryStatuses } = this.#options
    return statusError(text, {
      status: reply.status,
      header: reply.header,
      now: now(),
      ...(retryStatuses === undefined ? {} : { retryStatuses }),
    })
  }
}

/** Some frameworks answer every POST by 201. */
function isAnswer(status: number): boolean {
  return status === 200 || status === 201
}

function checkResponse({ body, header }: Reply): HttpOutcome {
  const contentType = header('content-type') ?? ''
  const end = contentType.indexOf(';')
  const type = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
  if (isCompressed(header)) {
    body.destroy()
    return {
      error: modelError('model-protocol', 'the response is compressed, unasked', {
        help: 'have what stands between heed `accept-encoding: identity`',
      }),
    }
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

function isCompressed(header: Reply['header']): boolean {
  const encoding = header('content-encoding')?.trim().toLowerCase() ?? ''
  return encoding !== '' && encoding !== 'identity'
}

/** The text of an error; empty where it cannot be read. */
async function readError({ body, header }: Reply, watch: Watch): Promise<string> {
  if (isCompressed(header)) {
    body.destroy()
    return ''
  }
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
