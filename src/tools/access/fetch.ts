import type { LookupFunction } from 'node:net'
import type { Agent, Response } from 'undici'
import { isSallyportError, SallyportError } from '../../base/errors.ts'
import { isPublicAddress } from './address.ts'
import type { NetworkArea, ToolAccess } from './area.ts'
import { agreed, denied, noGuard } from './denied.ts'
import { limitBody } from './limit-body.ts'

export type FetchedResponse = Response

/** The part of a request that a tool may choose. */
export interface FetchInit {
  /** Default `GET`. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
}

/** How names and addresses are reached. Tests stand in here; nothing else does. */
export interface Network {
  /** All addresses of a name. */
  resolve(host: string): Promise<readonly string[]>
  /** Where a connection to an address that was checked goes. */
  dial(address: string): string
  /** Certificates that are trusted instead of those of the system. */
  readonly ca?: string
}

export interface FetchSurroundings {
  readonly tool: string
  readonly signal: AbortSignal
}

const maxRedirects = 5

/** Nothing may be silent for longer; the whole is bounded by the time of the tool. */
const idleMs = 30_000

/** They belong to the connection, which is not the tool's. */
const closedHeaders =
  /^(?:host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-length|http2-settings)$/i

/** What goes to another origin as well; keys of services have names that nobody can list. */
const commonHeaders =
  /^(?:accept|accept-language|content-type|content-language|content-encoding|range|user-agent)$/i

/**
 * Fetches a URL that the guards about the tool allow. The name is resolved once, every address has
 * to be public, and the connection goes to one of those that were checked, under the original name;
 * each redirect (at most 5) passes all of this again, and never from `https` to `http`; to another
 * origin it takes no headers along but those that say how to read and answer. No proxies, no
 * cookies, at most 32 MiB of body after decoding.
 *
 * Rejects with `access-denied`, `access-too-large`, `bad-option`, and with what `fetch` rejects.
 */
export async function fetchUrl(
  access: ToolAccess | undefined,
  { tool, signal }: FetchSurroundings,
  url: string | URL,
  init: FetchInit = {},
  network?: Network,
): Promise<FetchedResponse> {
  if (access === undefined || access.network.length === 0) throw noGuard(tool, 'network')
  let request = readRequest(url, init)
  const stop = init.signal === undefined ? signal : AbortSignal.any([signal, init.signal])
  const { Agent: ConnectionAgent, fetch, Response: NewResponse } = await import('undici')
  const agent = connections(ConnectionAgent, network ?? (await systemNetwork()))
  for (let hop = 0; ; hop++) {
    const target = targetOf(access, request, hop)
    const { method, headers, body } = request
    const response = await unwrapped(
      fetch(target, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
        signal: stop,
        redirect: 'manual',
        dispatcher: agent,
      }),
    )
    const location = response.headers.get('location')
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
      return limitBody(response, target, NewResponse)
    }
    await response.body?.cancel()
    if (hop === maxRedirects)
      throw denied('the URL', `is redirected more than ${maxRedirects} times`)
    request = redirected(request, target, { location, status: response.status })
  }
}

interface FetchRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

function readRequest(url: string | URL, init: FetchInit): FetchRequest {
  const { method = 'GET', headers = {}, body } = init
  const strange = Object.keys(headers).find((name) => closedHeaders.test(name))
  const isBody = body === undefined || typeof body === 'string' || body instanceof Uint8Array
  if (strange === undefined && isBody && typeof method === 'string') {
    const request = { url: String(url), method: method.toUpperCase(), headers: { ...headers } }
    return body === undefined ? request : { ...request, body }
  }
  throw new SallyportError('bad-option', 'the request holds what a tool cannot choose', {
    help: 'pass a method, headers that do not belong to the connection, and a text or bytes',
  })
}

/** The place, by all guards; the same object goes on to the connection. */
function targetOf({ network }: ToolAccess, { url, method }: FetchRequest, hop: number): URL {
  const areas = agreed(network, (area: NetworkArea) => area.locate(url, method))
  const what = hop === 0 ? 'the URL' : 'the URL it is redirected to'
  if ('reason' in areas) throw denied(what, areas.reason)
  if (hop > 0 && areas.some(({ area }) => area.redirects === 'deny')) {
    throw denied('the URL', 'is redirected, which its guard does not allow')
  }
  return areas[0]!.found.url
}

/** The request that a redirect asks for (Fetch standard, HTTP-redirect fetch). */
function redirected(
  request: FetchRequest,
  from: URL,
  { location, status }: { readonly location: string; readonly status: number },
): FetchRequest {
  const to = URL.parse(location, from.href)
  if (to === null) throw denied('the URL', 'is redirected to something that is no URL')
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw denied('the URL', 'is redirected from `https` to something else')
  }
  const { method, body } = request
  const becomesGet = (status === 303 && method !== 'HEAD') || (status < 303 && method === 'POST')
  const kept = Object.entries(request.headers).filter(
    ([name]) =>
      (to.origin === from.origin || commonHeaders.test(name)) &&
      !(becomesGet && /^content-/i.test(name)),
  )
  const next = {
    url: to.href,
    method: becomesGet ? 'GET' : method,
    headers: Object.fromEntries(kept),
  }
  return becomesGet || body === undefined ? next : { ...next, body }
}

/** Connections of one request; without pipelining each is closed after its response. */
function connections(ConnectionAgent: typeof Agent, network: Network): Agent {
  const lookup: LookupFunction = (host, { all }, answer) => {
    checkedAddresses(host, network).then(
      (addresses) => {
        if (all === true) answer(null, [...addresses])
        else answer(null, addresses[0]!.address, addresses[0]!.family)
      },
      (error: unknown) => answer(error as Error, ''),
    )
  }
  return new ConnectionAgent({
    pipelining: 0,
    // a session of HTTP/2 would stay open
    allowH2: false,
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
    connect: { lookup, timeout: idleMs, ...(network.ca === undefined ? {} : { ca: network.ca }) },
  })
}

async function checkedAddresses(
  host: string,
  network: Network,
): Promise<readonly { readonly address: string; readonly family: number }[]> {
  const addresses = await network.resolve(host)
  if (addresses.length === 0) throw denied('the host', 'has no address')
  if (!addresses.every((address) => isPublicAddress(address))) {
    throw denied('the host', 'has an address that is not public')
  }
  return addresses
    .map((address) => network.dial(address))
    .map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
}

async function systemNetwork(): Promise<Network> {
  const { lookup } = await import('node:dns/promises')
  return {
    resolve: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    dial: (address) => address,
  }
}

/** `fetch` hides what stopped it below a `TypeError`. */
async function unwrapped(response: Promise<Response>): Promise<Response> {
  try {
    return await response
  } catch (error) {
    let cause: unknown = error
    for (let depth = 0; depth < 4 && cause instanceof Error; depth++) {
      if (isSallyportError(cause)) throw cause
      cause = cause.cause
    }
    throw error
  }
}
