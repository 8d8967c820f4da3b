import type { Clock } from '../base/clock.ts'
import { errorData, messageOf, SallyportError } from '../base/errors.ts'
import { Lazy } from '../base/lazy.ts'
import type { ModelEvent } from '../protocol/event.ts'
import type { Model } from '../protocol/model.ts'
import { checkHeaders, endpointUrl } from '../wire/endpoint.ts'
import {
  defaultBounds,
  defaultRetry,
  defaultTimeouts,
  type RetryOptions,
  type Timeouts,
  type WireBounds,
} from '../wire/settings.ts'
import type { Wire } from '../wire/wire.ts'
import { checkKeys, checkNumbers, checkText, withDefaults } from './options.ts'
import type { HttpProvider } from './provider.ts'

/** A key, or what finds the one to use for a request. */
export type ApiKey = string | (() => string | Promise<string>)

/** What every endpoint has in common; all of it optional but the model. */
export interface EndpointOptions {
  /** Name of the model as the provider knows it. */
  readonly model: string
  /** Sent as `Authorization: Bearer ...` to the base URL and nowhere else. */
  readonly apiKey?: ApiKey
  /** Further headers of every request. */
  readonly headers?: Readonly<Record<string, string>>
  readonly timeouts?: Partial<Timeouts>
  readonly retry?: Partial<RetryOptions>
  readonly bounds?: Partial<WireBounds>
  /** Asks for a streamed answer. Default true. */
  readonly stream?: boolean
  readonly clock?: Clock
  /** Numbers from 0 up to 1, for the jitter of waits. Default `Math.random`. */
  readonly random?: () => number
}

export interface ModelOptions extends EndpointOptions {
  readonly wire: Wire
  /** http or https, without credentials; the path of the wire is appended. */
  readonly baseUrl: string
  /** Who hosts the model, for records. */
  readonly provider: string
  /** Header that carries the key, with the text before it. Default `authorization`, `Bearer `. */
  readonly keyHeader?: { readonly name: string; readonly prefix: string }
}

/** A model over HTTP. */
export interface HttpModel extends Model {
  /** Closes idle connections; the model stays usable. */
  close(): Promise<void>
}

/** Keys of `EndpointOptions`, for the option checks of providers. */
export const endpointKeys = [
  'model',
  'apiKey',
  'headers',
  'timeouts',
  'retry',
  'bounds',
  'stream',
  'clock',
  'random',
] as const

/** Options that have been checked, with the defaults in place. */
export interface ProviderSettings {
  readonly options: ModelOptions
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly timeouts: Timeouts
  readonly retry: RetryOptions
  readonly bounds: WireBounds
}

/**
 * A model that speaks a wire to an HTTP endpoint. Options are checked here and throw `bad-option`;
 * whatever goes wrong later is an event. Nothing is loaded or connected before the first request.
 */
export function createModel(options: ModelOptions): HttpModel {
  const settings = settingsOf(options)
  const provider = new Lazy(() => openProvider(settings))
  return {
    id: options.model,
    provider: options.provider,
    stream: (request, call) =>
      provider.value?.stream(request, call) ??
      afterLoading(provider, (loaded) => loaded.stream(request, call), unloadable),
    streamBatches: (request, call) =>
      provider.value?.streamBatches(request, call) ??
      afterLoading(
        provider,
        (loaded) => loaded.streamBatches(request, call),
        (error) => [unloadable(error)],
      ),
    async close() {
      await provider.value?.close()
    },
  }
}

async function openProvider(settings: ProviderSettings): Promise<HttpProvider> {
  const { wire } = settings.options
  const [{ HttpProvider: Provider }, codec] = await Promise.all([
    import('./provider.ts'),
    wire.load(),
  ])
  return new Provider(settings, codec)
}

/** What a provider says once it is loaded; it is asked by itself from then on. */
async function* afterLoading<Item>(
  provider: Lazy<HttpProvider>,
  ask: (provider: HttpProvider) => AsyncIterable<Item>,
  failed: (error: unknown) => Iterable<Item>,
): AsyncGenerator<Item, void, undefined> {
  let loaded: HttpProvider
  try {
    loaded = await provider.load()
  } catch (error) {
    yield* failed(error)
    return
  }
  yield* ask(loaded)
}

function unloadable(thrown: unknown): readonly ModelEvent[] {
  const error = errorData(
    'internal',
    `the code of the model cannot be loaded: ${messageOf(thrown)}`,
  )
  return [
    { type: 'error', error },
    { type: 'end', finishReason: { unified: 'error', raw: null } },
  ]
}

function settingsOf(options: ModelOptions): ProviderSettings {
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
  checkKeys('model options', options, [...endpointKeys, 'wire', 'baseUrl', 'provider', 'keyHeader'])
  checkText('model', options.model)
  checkText('provider', options.provider)
  const { apiKey } = options
  if (apiKey !== undefined && typeof apiKey !== 'function') checkText('apiKey', apiKey)
  if (typeof apiKey === 'string') checkHeaders({ 'x-key': apiKey })
  for (const [where, given, defaults, least] of [
    ['timeouts', options.timeouts, defaultTimeouts, 1],
    ['retry', options.retry, defaultRetry, 0],
    ['bounds', options.bounds, defaultBounds, 1],
  ] as const) {
    if (given === undefined) continue
    checkKeys(where, given, Object.keys(defaults))
    checkNumbers(where, withDefaults(defaults, given), least)
  }
  if (options.retry?.attempts === 0) {
    throw new SallyportError('bad-option', '`retry.attempts` is 0, so nothing would be sent', {
      help: 'give 1 to turn retrying off',
    })
  }
}
