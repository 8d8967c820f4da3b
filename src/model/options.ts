import { SallyportError } from '../base/errors.ts'
import { checkOptions, withDefaults } from '../base/options.ts'
import { checkGiven, isClock, isFunction } from '../protocol/option-checks.ts'
import { checkHeaders, endpointUrl, isHeaderValue } from '../wire/endpoint.ts'
import {
  defaultBounds,
  defaultRetry,
  defaultTimeouts,
  type RetryOptions,
  type Timeouts,
  type WireBounds,
} from '../wire/settings.ts'
import type { Transport } from '../wire/transport.ts'
import type { Wire } from '../wire/wire.ts'
import type { ModelOptions } from './http-model.ts'

/** Throws `bad-option` for what is no object of options, and for keys that are not allowed. */
export function checkKeys(where: string, options: object, allowed: readonly string[]): void {
  checkOptions(`\`${where}\``, options, allowed)
}

/** Throws `bad-option` unless every given member is a whole number from `least` to 2^31-1. */
export function checkNumbers(where: string, options: object, least: number): void {
  for (const [key, value] of Object.entries(options)) {
    if (Number.isInteger(value) && value >= least && value < 2 ** 31) continue
    throw new SallyportError('bad-option', `\`${where}.${key}\` is not a whole number`, {
      help: `give a whole number from ${least} to 2147483647`,
    })
  }
}

/** Throws `bad-option` unless the value is a text that is not empty. */
export function checkFilled(where: string, value: unknown): asserts value is string {
  if (typeof value === 'string' && value !== '') return
  throw new SallyportError('bad-option', `\`${where}\` is not a text, or is empty`, {
    help: 'pass a string with something in it',
  })
}

/** Throws `bad-option` unless the value can name a provider: in `provider/model` it ends at the slash. */
export function checkProvider(where: string, value: unknown): void {
  checkFilled(where, value)
  if (!value.includes('/')) return
  throw new SallyportError('bad-option', `\`${where}\` has a slash in it: \`${value}\``, {
    help: 'name the provider without one, such as `team-gateway`',
  })
}

/** Throws `bad-option` for what no header can carry as a key. */
export function checkKey(where: string, key: unknown): asserts key is string {
  checkFilled(where, key)
  if (isHeaderValue(key)) return
  throw new SallyportError('bad-option', `\`${where}\` has an invalid value for a header`, {
    help: 'give the key as it was issued: on one line, in Latin-1',
  })
}

/** Options that have been checked, with the defaults in place. */
export interface ProviderSettings {
  readonly options: ModelOptions
  readonly url: URL
  /** The list of models. */
  readonly modelsUrl: URL
  readonly headers: Readonly<Record<string, string>>
  readonly timeouts: Timeouts
  readonly retry: RetryOptions
  readonly bounds: WireBounds
}

/** The checked options with the defaults in place. Throws `bad-option`. */
export function settingsOf(options: ModelOptions): ProviderSettings {
  checkValues(options)
  return {
    options,
    url: endpointUrl(options.baseUrl, options.wire.path),
    modelsUrl: endpointUrl(options.baseUrl, options.modelsPath ?? defaultModelsPath(options.wire)),
    headers: checkHeaders(options.headers ?? {}),
    timeouts: withDefaults(defaultTimeouts, options.timeouts),
    retry: withDefaults(defaultRetry, options.retry),
    bounds: withDefaults(defaultBounds, options.bounds),
  }
}

function defaultModelsPath({ path }: Wire): string {
  return path.startsWith('/v1/') ? '/v1/models' : '/models'
}

function checkValues(options: ModelOptions): void {
  checkModel(options.model)
  checkProvider('provider', options.provider)
  const { apiKey } = options
  if (apiKey !== undefined && typeof apiKey !== 'function' && !isPool(apiKey)) {
    checkKey('apiKey', apiKey)
  }
  checkAmounts('timeouts', options.timeouts, defaultTimeouts, 1)
  checkAmounts('bounds', options.bounds, defaultBounds, 1)
  if (options.stream !== undefined) checkStream(options.stream)
  if (options.retry !== undefined) checkRetry(options.retry)
  if (options.transport !== undefined) checkTransport(options.transport)
  checkGiven(options, { clock: isClock, random: isFunction })
}

/** Not by its class, which would be loaded for it, and of which there may be two copies. */
function isPool(apiKey: unknown): boolean {
  return typeof apiKey === 'object' && apiKey !== null && 'lease' in apiKey
}

/** Throws `bad-option` for what is neither the name of a model nor a selector. */
export function checkModel(model: unknown): void {
  const isSelector = typeof model === 'object' && model !== null && 'select' in model
  if (!isSelector) checkFilled('model', model)
}

function checkStream(stream: unknown): void {
  if (typeof stream === 'boolean' || stream === 'auto') return
  throw new SallyportError('bad-option', "`stream` is neither true, false nor 'auto'", {
    help: "pass 'auto' where it is not known whether the endpoint can stream",
  })
}

export function checkAmounts<T extends object>(
  where: string,
  given: Partial<T> | undefined,
  defaults: T,
  least: number,
): void {
  if (given === undefined) return
  checkKeys(where, given, Object.keys(defaults))
  checkNumbers(where, withDefaults(defaults, given), least)
}

export function checkRetry(retry: Partial<RetryOptions>): void {
  checkKeys('retry', retry, [...Object.keys(defaultRetry), 'statuses'])
  const { statuses, ...amounts } = retry
  checkAmounts('retry', amounts, defaultRetry, 0)
  if (retry.attempts === 0) {
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
