import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isSallyportError } from '../base/errors.ts'

/** Waits on this machine for a browser to come back from a login page. */
export interface CallbackServer {
  /** Where the browser has to be sent. */
  readonly callbackUrl: string
  /**
   * Hands callbacks to `finish`, one at a time, until one of them belongs to the login: resolves
   * with what it came to. What `finish` calls `login-invalid` is refused and waited on. Rejects as
   * `finish` does, and with the reason of the signal.
   */
  answer<T>(finish: (callback: URL) => Promise<T>, signal: AbortSignal): Promise<T>
  close(): Promise<void>
}

const path = '/callback'

/** Without scripts, styles, frames or anything to send; the code in its address goes nowhere. */
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  connection: 'close',
}

interface Page {
  readonly status: number
  readonly text: string
}

/** Pages say nothing of what was sent. */
const pages = {
  done: { status: 200, text: 'You are logged in. You can close this page.' },
  failed: { status: 502, text: 'The login failed. The terminal says why.' },
  invalid: { status: 400, text: 'This is not the login that is waited for.' },
  busy: { status: 409, text: 'This login is being finished already.' },
  unknown: { status: 404, text: 'There is nothing here.' },
  wrongHost: { status: 421, text: 'There is nothing here.' },
  wrongMethod: { status: 405, text: 'There is nothing here.' },
} as const satisfies Record<string, Page>

/**
 * Listens on a port of 127.0.0.1 that the system chooses. Its URL says `localhost`, which is what
 * OpenRouter documents for programs on one's own machine; should something else listen to that
 * name, it gets a code that is worthless without the verifier.
 */
export async function openCallbackServer(): Promise<CallbackServer> {
  const hosts: string[] = []
  const limits = { maxHeaderSize: 16 * 1024, requestTimeout: 10_000, headersTimeout: 10_000 }
  let take: Take | undefined
  const server = createServer(limits, (request, response) => {
    response.on('error', () => undefined)
    void pageFor(request, hosts, take).then((page) => show(response, page))
  })
  server.maxConnections = 16
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  hosts.push(`localhost:${port}`, `127.0.0.1:${port}`)
  return {
    callbackUrl: `http://localhost:${port}${path}`,
    answer: (finish, signal) =>
      new Promise((resolve, reject) => {
        const stop = (): void => reject(signal.reason as Error)
        if (signal.aborted) stop()
        else signal.addEventListener('abort', stop, { once: true })
        take = onlyOne(finish, resolve, reject)
      }),
    close: () => closed(server),
  }
}

/** Finishes a login by a callback, as far as it belongs to it. */
type Take = (callback: URL) => Promise<Page>

async function pageFor(
  request: IncomingMessage,
  hosts: readonly string[],
  take: Take | undefined,
): Promise<Page> {
  // a page of the web could lead its own name here
  if (!hosts.includes(request.headers.host ?? '')) return pages.wrongHost
  const callback = URL.parse(request.url ?? '', `http://${hosts[0]!}`)
  if (callback?.pathname !== path) return pages.unknown
  if (request.method !== 'GET') return pages.wrongMethod
  return take === undefined ? pages.invalid : take(callback)
}

/** Finishes one callback at a time, and none after the one that counted. */
function onlyOne<T>(
  finish: (callback: URL) => Promise<T>,
  resolve: (result: T) => void,
  reject: (error: unknown) => void,
): Take {
  let busy = false
  return async (callback) => {
    if (busy) return pages.busy
    busy = true
    try {
      resolve(await finish(callback))
      return pages.done
    } catch (error) {
      if (isSallyportError(error) && error.code === 'login-invalid') {
        busy = false
        return pages.invalid
      }
      reject(error)
      return pages.failed
    }
  }
}

function show(response: ServerResponse, { status, text }: Page): void {
  response.writeHead(status, { ...pageHeaders, ...(status === 405 ? { allow: 'GET' } : {}) })
  response.end(`<!doctype html><title>sallyport</title><p>${text}</p>\n`)
}

/** Answers that are on their way are sent; what else is connected is cut off. */
async function closed(server: Server): Promise<void> {
  const ended = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  const cut = setTimeout(() => server.closeAllConnections(), 1000)
  await ended
  clearTimeout(cut)
}
