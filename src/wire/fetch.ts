import { ResponseBody, type BodySource } from './body.ts'
import type { BodyText } from './growing-text.ts'
import type { HttpQuestion, HttpRequest } from './http.ts'
import {
  contentOf,
  type FetchReader,
  type FetchResponse,
  type Reply,
  type Transport,
} from './transport.ts'
import type { Watch } from './watch.ts'

type Fetch = Extract<Transport, { fetch: unknown }>['fetch']

/**
 * Sends a request by a fetch function. Rejects when there is no response, also while the function
 * does not heed its signal; what such a function brings later is dropped.
 */
export async function fetchRequest(
  fetch: Fetch,
  request: HttpRequest | HttpQuestion,
  watch: Watch,
): Promise<Reply> {
  const controller = new AbortController()
  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(ignore)
  watch.onStop((reason) => {
    stopped.reject(reason)
    controller.abort(reason)
  })
  const asking = responseOf(fetch, request, controller.signal)
  asking.then((late) => (controller.signal.aborted ? drop(late) : undefined), ignore)
  const response = await Promise.race([asking, stopped.promise])
  if (response.redirected === true) {
    drop(response)
    throw new Error('the fetch function has followed a redirect')
  }
  const source = new ReaderSource(response.body?.getReader(), controller)
  const body = new ResponseBody(source)
  watch.onStop((reason) => {
    body.end(reason)
    source.abort(reason)
  })
  void source.pump(body)
  // a browser hides what the redirect is
  const status = response.type === 'opaqueredirect' ? 302 : response.status
  return { status, header: (name) => response.headers.get(name) ?? undefined, body }
}

function ignore(): void {}

async function responseOf(
  fetch: Fetch,
  request: HttpRequest | HttpQuestion,
  signal: AbortSignal,
): Promise<FetchResponse> {
  try {
    const { body, ...content } = contentOf(request)
    const text = body === undefined ? {} : { body: textOf(body) }
    return await fetch(request.url.href, { ...content, ...text, redirect: 'manual', signal })
  } catch (thrown) {
    // "fetch failed" says nothing; its cause has the code
    throw thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  }
}

/** Functions are promised a text. */
function textOf(body: BodyText): string {
  return typeof body === 'string' ? body : new TextDecoder().decode(body)
}

function drop({ body }: FetchResponse): void {
  body?.getReader().cancel().catch(ignore)
}

/** Reads a stream as fast as the body is taken. */
class ReaderSource implements BodySource {
  paused = false
  readonly #reader: FetchReader | undefined
  readonly #controller: AbortController
  #wake: (() => void) | undefined

  constructor(reader: FetchReader | undefined, controller: AbortController) {
    this.#reader = reader
    this.#controller = controller
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.#wake?.()
  }

  abort(reason: Error): void {
    this.#reader?.cancel(reason).catch(ignore)
    this.#controller.abort(reason)
    this.resume()
  }

  /** Never rejects: what goes wrong ends the body. */
  async pump(body: ResponseBody): Promise<void> {
    try {
      while (!this.#controller.signal.aborted) {
        const { done, value } = (await this.#reader?.read()) ?? { done: true }
        if (done) break
        if (!(value instanceof Uint8Array)) throw new TypeError('the body is not made of bytes')
        body.push(value)
        while (this.paused) await this.#resumed()
      }
      body.end()
    } catch (thrown) {
      body.end(thrown instanceof Error ? thrown : new Error('the body broke off'))
    }
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
