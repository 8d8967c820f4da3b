import type { Dispatcher } from 'undici'
import type { ResponseBody } from './body.ts'
import type { BodyText } from './growing-text.ts'
import type { HttpQuestion, HttpRequest } from './http.ts'

/** What a fetch function is given. It must not follow redirects: the key would go along. */
export interface FetchInit {
  readonly method: 'GET' | 'POST'
  readonly headers: Record<string, string>
  readonly body?: string
  readonly redirect: 'manual'
  readonly signal: AbortSignal
}

/** What is used of the response of a fetch function; the global one and undici's both fit. */
export interface FetchResponse {
  readonly status: number
  readonly redirected?: boolean
  readonly type?: string
  readonly headers: { get(name: string): string | null }
  readonly body: { getReader(): FetchReader } | null
}

export interface FetchReader {
  read(): Promise<{ readonly done: boolean; readonly value?: unknown }>
  cancel(reason?: unknown): Promise<unknown>
}

/**
 * Who carries requests in place of connections of our own: a dispatcher of undici 7 or later, such
 * as a `ProxyAgent`, or a fetch function. Times, bounds and the refusal of redirects hold through
 * both; `connectMs` does not, since the connections are theirs. Neither is closed with a model.
 */
export type Transport =
  | { readonly dispatcher: Pick<Dispatcher, 'dispatch'> }
  | { readonly fetch: (url: string, init: FetchInit) => Promise<FetchResponse> }

/** The head of a response, and its body as it arrives. */
export interface Reply {
  readonly status: number
  /** By lower-case name; of several values the first. */
  header(name: string): string | undefined
  readonly body: ResponseBody
}

/** What a request says beside its address. */
export function contentOf(request: HttpRequest | HttpQuestion): Content {
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

interface Content extends Pick<FetchInit, 'method' | 'headers'> {
  readonly body?: BodyText
}
