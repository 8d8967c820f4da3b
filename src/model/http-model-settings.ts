import { SallyportError } from '../base/errors.ts'
import { checkHeaders, endpointUrl } from '../wire/endpoint.ts'
import {
  defaultBounds,
  defaultRetry,
  defaultTimeouts,
  type RetryOptions,
  type Timeouts,
  type WireBounds,
} from '../wire/settings.ts'
import type { Transport } from '../wire/transport.ts'
import type { ModelOptions } from './http-model.ts'
import { checkKeys, checkNumbers, checkText, withDefaults } from './options.ts'

/** Options that have been checked, with the defaults in place. */
export interface ProviderSettings {
  readonly options: ModelOptions
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly timeouts: Timeouts
  readonly retry: RetryOptions
  readonly bounds: WireBounds
}

/** The checked options with the defaults in place. Throws `bad-option`. */
export function settingsOf(options: ModelOptions): ProviderSettings {
  checkOptions(options)
  return {
    options,
    url: endpointUrl(options.baseUrl, options.wire.path),
    headers: checkHeaders(options.headers ?? {}),
    timeouts: withDefaults(defaultTimeouts, options.timeouts),
    retry: withDefaults(defaultRetry, options.retry),
    bounds: withDefaults(defaultBounds, options.bounds),
  }
}

function checkOptions(options: ModelOptions): void {
  checkText('model', options.model)
  checkText('provider', options.provider)
  const { apiKey } = options
  if (apiKey !== undefined && typeof apiKey !== 'function') checkText('apiKey', apiKey)
  if (typeof apiKey === 'string') checkHeaders({ 'x-key': apiKey })
  checkAmounts('timeouts', options.timeouts, defaultTimeouts, 1)
  checkAmounts('bounds', options.bounds, defaultBounds, 1)
  if (options.retry !== undefined) checkRetry(options.retry)
  if (options.transport !== undefined) checkTransport(options.transport)
}

export function checkAmounts<T extends object>(
  where: string,
  given: Partial<T> | undefined,
  defaults: T,
  least: number,
): void {
  if (given === undefined) return
  checkKeys(where, given, Object.keys(defaults))
  checkNumbers(where, withDefaults(defaults, given as Partial<T>), least)
}

export function checkRetry(retry: Partial<RetryOptions>): void {
  checkKeys('retry', retry, [...Object.keys(defaultRetry), 'statuses'])
  const { statuses, ...amounts } = retry as Partial<RetryOptions>
  checkAmounts('retry', amounts, defaultRetry, 0)
  if (retry['attempts'] === 0) {
    throw new SallyportError('bad-option', '`retry.attempts` is 0, so nothing would be sent', {
      help: 'give 1 to turn retrying off',
    })
  }
  if (statuses === undefined || (Array.isArray(statuses) && statuses.every(isFailure))) return
  throw new SallyportError('bad-option', '`retry.statuses` is not a list of statuses', {
    help: 'give whole numbers from 400 to 599',
  })
}

function isFailure(status: unknown): boolean {
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) < 600
}

export function checkTransport(transport: Transport): void {
  checkKeys('transport', transport, ['dispatcher', 'fetch'])
  const { dispatcher, fetch } = transport as {
    readonly dispatcher?: { readonly dispatch?: unknown }
    readonly fetch?: unknown
  }
  const isDispatcher = typeof dispatcher?.dispatch === 'function' && fetch === undefined
  if (isDispatcher || (typeof fetch === 'function' && dispatcher === undefined)) return
  throw new SallyportError(
    'bad-option',
    '`transport` is neither a dispatcher nor a fetch function',
    {
      help: 'give `{ dispatcher }` with a dispatcher of undici, or `{ fetch }`',
    },
  )
}
