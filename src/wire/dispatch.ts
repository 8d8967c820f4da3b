import type { Agent, Dispatcher } from 'undici'
import { ResponseBody } from './body.ts'
import type { HttpQuestion, HttpRequest } from './http.ts'
import { contentOf, type Reply } from './transport.ts'
import type { Watch } from './watch.ts'

/** Loading undici costs more than everything else this library imports, so it waits for a request. */
export async function openAgent(connectMs: number): Promise<Agent> {
  const { Agent: Dispatch } = await import('undici')
  return new Dispatch({
    allowH2: false,
    // the watch has these two
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectMs },
  })
}

/** undici has this option for the interceptor that follows redirects; 0 switches it off. */
interface DispatchOptions extends Dispatcher.DispatchOptions {
  readonly maxRedirections: 0
}

/** Sends a request over a dispatcher. Rejects when there is no response. */
export function dispatchRequest(
  dispatcher: Pick<Dispatcher, 'dispatch'>,
  request: HttpRequest | HttpQuestion,
  watch: Watch,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const handler = new ReplyHandler(resolve, reject)
    watch.onStop((reason) => handler.stop(reason))
    const options: DispatchOptions = {
      origin: request.url.origin,
      path: request.url.pathname + request.url.search,
      ...contentOf(request),
      // those of the watch hold, also where the dispatcher was made with others
      headersTimeout: 0,
      bodyTimeout: 0,
      maxRedirections: 0,
    }
    dispatcher.dispatch(options, handler)
  })
}

/** By lower-case name, as undici gives them. */
type Headers = Readonly<Record<string, string | string[] | undefined>>

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
    const body = new ResponseBody(controller)
    this.#body = body
    this.#resolve({ status, header: (name) => headerOf(headers, name), body })
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

function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}
