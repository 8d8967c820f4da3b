import { systemClock, type Clock } from '../base/clock.ts'
import type { JsonValue } from '../base/json.ts'
import { withDefaults } from '../base/options.ts'
import { checkGiven, isClock, isFunction } from '../protocol/option-checks.ts'
import { checkHeaders, endpointUrl } from '../wire/endpoint.ts'
import { HttpClient } from '../wire/http.ts'
import { askJson, type RestQuestion } from '../wire/rest.ts'
import { secretsIn, type Secret } from '../wire/secrets.ts'
import { defaultRetry, type RetryOptions, type Timeouts } from '../wire/settings.ts'
import type { Transport } from '../wire/transport.ts'
import { findKey } from './find-key.ts'
import {
  checkAmounts,
  checkKey,
  checkNumbers,
  checkRetry,
  checkFilled,
  checkTransport,
} from './options.ts'

/** What every endpoint beside the model wires has in common. */
export interface AccountEndpoint {
  /** The key, or what finds the one to use for a request. */
  readonly apiKey?: string | (() => string | Promise<string>)
  /** http or https, without credentials; `/models` and the like are appended. */
  readonly baseUrl?: string
  /** Further headers of every request. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default 10 s to connect and 30 s for everything. */
  readonly timeouts?: Partial<Timeouts>
  /** Of questions that change nothing. Default as for models. */
  readonly retry?: Partial<RetryOptions>
  /** Bytes of an answer. Default 16 MiB; a longer one is `model-too-large`. */
  readonly maxBytes?: number
  /** Who carries the requests. Default: connections of our own. */
  readonly transport?: Transport
  readonly clock?: Clock
  /** Numbers from 0 up to 1, for the jitter of waits. Default `Math.random`. */
  readonly random?: () => number
}

export const accountKeys = [
  'apiKey',
  'baseUrl',
  'headers',
  'timeouts',
  'retry',
  'maxBytes',
  'transport',
  'clock',
  'random',
] as const

/** What goes for one call only. */
export interface AccountCall {
  readonly signal?: AbortSignal
}

const accountTimeouts: Timeouts = {
  connectMs: 10_000,
  firstEventMs: 30_000,
  idleMs: 30_000,
  totalMs: 30_000,
}

const never = new AbortController().signal

/** Asks the endpoints of one base URL that answer in JSON. Throws `bad-option` for its options. */
export class AccountClient {
  readonly #options: AccountEndpoint & { readonly baseUrl: string }
  readonly #client: HttpClient
  readonly #timeouts: Timeouts
  readonly #retry: RetryOptions
  readonly #headers: Readonly<Record<string, string>>

  constructor(options: AccountEndpoint & { readonly baseUrl: string }) {
    checkOptions(options)
    this.#options = options
    this.#headers = checkHeaders(options.headers ?? {})
    this.#timeouts = withDefaults(accountTimeouts, options.timeouts)
    this.#retry = withDefaults(defaultRetry, options.retry)
    const { now } = options.clock ?? systemClock
    this.#client = new HttpClient({
      connectMs: this.#timeouts.connectMs,
      now,
      ...(options.transport && { transport: options.transport }),
      ...(this.#retry.statuses && { retryStatuses: this.#retry.statuses }),
    })
  }

  get hasKey(): boolean {
    return this.#options.apiKey !== undefined
  }

  /** A GET with the key. `path` is written as in a URL, its query included. */
  async get(
    path: string,
    { signal }: AccountCall = {},
    mayPass?: RestQuestion['mayPass'],
  ): Promise<JsonValue> {
    const key = await this.#findKey(signal)
    const own = key === undefined ? {} : checkHeaders({ authorization: `Bearer ${key}` })
    const headers = { ...this.#headers, ...own }
    const secrets = secretsIn(headers, ...(key === undefined ? [] : [key]))
    const url = this.#urlOf(path)
    return this.#ask({ url, headers, secrets, ...(mayPass && { mayPass }) }, signal)
  }

  /** A POST of JSON without the key. */
  post(
    path: string,
    body: JsonValue,
    secrets: readonly Secret[],
    { signal }: AccountCall = {},
  ): Promise<JsonValue> {
    const headers = this.#headers
    const all = [...secrets.filter(isLong), ...secretsIn(headers)]
    const url = this.#urlOf(path)
    return this.#ask({ url, headers, body: JSON.stringify(body), secrets: all }, signal)
  }

  /** Closes idle connections. */
  close(): Promise<void> {
    return this.#client.close()
  }

  #ask(question: RestQuestion, signal: AbortSignal = never): Promise<JsonValue> {
    const { maxBytes = 16 * 1024 * 1024, random = Math.random } = this.#options
    return askJson(question, {
      client: this.#client,
      timeouts: this.#timeouts,
      retry: this.#retry,
      maxBytes,
      random,
      signal,
    })
  }

  #urlOf(path: string): URL {
    const [name = '', query = ''] = path.split('?')
    const url = endpointUrl(this.#options.baseUrl, name)
    url.search = query
    return url
  }

  async #findKey(signal: AbortSignal = never): Promise<string | undefined> {
    const { apiKey } = this.#options
    if (typeof apiKey !== 'function') return apiKey
    return findKey(apiKey, { timeoutMs: this.#timeouts.totalMs, signal }, 'account')
  }
}

/** What is shorter would be found everywhere. */
function isLong(secret: Secret): boolean {
  return typeof secret !== 'string' || secret.length >= 4
}

function checkOptions(options: AccountEndpoint & { readonly baseUrl: string }): void {
  const { baseUrl, apiKey, maxBytes, timeouts, retry, transport } = options
  checkFilled('baseUrl', baseUrl)
  endpointUrl(baseUrl, '')
  if (apiKey !== undefined && typeof apiKey !== 'function') {
    checkKey('apiKey', apiKey)
  }
  if (maxBytes !== undefined) checkNumbers('options', { maxBytes }, 1)
  checkAmounts('timeouts', timeouts, accountTimeouts, 1)
  if (retry !== undefined) checkRetry(retry)
  if (transport !== undefined) checkTransport(transport)
  checkGiven(options, { clock: isClock, random: isFunction })
}
