import type { Clock } from '../base/clock.ts'
import { errorData, messageOf } from '../base/errors.ts'
import { Lazy } from '../base/lazy.ts'
import type { ModelEvent } from '../protocol/event.ts'
import type { Model } from '../protocol/model.ts'
import type { RetryOptions, Timeouts, WireBounds } from '../wire/settings.ts'
import type { Transport } from '../wire/transport.ts'
import type { Wire } from '../wire/wire.ts'
import { settingsOf, type ProviderSettings } from './http-model-settings.ts'
import { checkKeys, checkText } from './options.ts'
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
  /** Carries the requests in place of connections of our own. */
  readonly transport?: Transport
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
  /** Another model of the same endpoint, over the same connections and with the same keys. */
  withModel(id: string): HttpModel
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
  'transport',
  'clock',
  'random',
] as const

/**
 * A model that speaks a wire to an HTTP endpoint. Options are checked here and throw `bad-option`;
 * whatever goes wrong later is an event. Nothing is loaded or connected before the first request.
 */
export function createModel(options: ModelOptions): HttpModel {
  checkKeys('model options', options, [...endpointKeys, 'wire', 'baseUrl', 'provider', 'keyHeader'])
  const settings = settingsOf(options)
  return modelOf(options.model, settings, new Lazy(() => openProvider(settings)))
}

/** One of the models that share what a provider holds. */
function modelOf(id: string, settings: ProviderSettings, provider: Lazy<HttpProvider>): HttpModel {
  return {
    id,
    provider: settings.options.provider,
    stream: (request, call) =>
      provider.value?.stream(id, request, call) ??
      afterLoading(provider, (loaded) => loaded.stream(id, request, call), unloadable),
    streamBatches: (request, call) =>
      provider.value?.streamBatches(id, request, call) ??
      afterLoading(
        provider,
        (loaded) => loaded.streamBatches(id, request, call),
        (error) => [unloadable(error)],
      ),
    withModel(other) {
      checkText('model', other)
      return modelOf(other, settings, provider)
    },
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
