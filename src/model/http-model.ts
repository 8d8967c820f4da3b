import type { Clock } from '../base/clock.ts'
import { errorData, messageOf } from '../base/errors.ts'
import { Lazy } from '../base/lazy.ts'
import type { ModelEvent } from '../protocol/event.ts'
import type { Model } from '../protocol/model.ts'
import type { RetryOptions, Timeouts, WireBounds } from '../wire/settings.ts'
import type { Transport } from '../wire/transport.ts'
import type { Wire } from '../wire/wire.ts'
import type { Catalog } from './catalog.ts'
import type { Health } from './health.ts'
import type { KeyPool } from './key-pool.ts'
import type { DurationStatistics, ModelMetrics } from './metrics.ts'
import { checkKeys, checkModel, settingsOf, type ProviderSettings } from './options.ts'
import type { HttpProvider } from './provider.ts'
import type { TrackedQuota } from './quota.ts'
import type { ModelSelector } from './select.ts'

/** A key, what finds the one to use for a request, or several that stand in for each other. */
export type ApiKey = string | (() => string | Promise<string>) | KeyPool

/** What every endpoint has in common; all of it optional but the model. */
export interface EndpointOptions {
  /** Name of the model as the provider knows it, or what chooses one for each attempt. */
  readonly model: string | ModelSelector
  /** Sent as `Authorization: Bearer ...` to the base URL and nowhere else. */
  readonly apiKey?: ApiKey
  /** Further headers of every request. */
  readonly headers?: Readonly<Record<string, string>>
  readonly timeouts?: Partial<Timeouts>
  readonly retry?: Partial<RetryOptions>
  readonly bounds?: Partial<WireBounds>
  /**
   * Asks for a streamed answer. With `auto` an endpoint that refuses to stream is asked again
   * without, and from then on. The events are the same either way. Default true.
   */
  readonly stream?: boolean | 'auto'
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
  /**
   * Appended to the base URL for the list of models. Default `/models`, or `/v1/models` where the
   * wire has its version in its path.
   */
  readonly modelsPath?: string
  /** Models that the endpoint may ask in place of the one it is named; for bounds of costs. */
  readonly alternatives?: readonly string[]
  /** Header that carries the key, with the text before it. Default `authorization`, `Bearer `. */
  readonly keyHeader?: { readonly name: string; readonly prefix: string }
}

/** A model over HTTP. What it knows of the endpoint it shares with the models made of it. */
export interface HttpModel extends Model {
  /** Another model of the same endpoint, over the same connections and with the same keys. */
  withModel(model: string | ModelSelector): HttpModel
  /** The models the endpoint lists. Rejects with an error of the `model-` family. */
  listModels(options?: { readonly signal?: AbortSignal }): Promise<Catalog>
  /**
   * Whether the endpoint answers, found by asking once for its models; some let anybody see them,
   * whatever the key. It is kept for 30 s, failures too; `fresh` asks anew. Never rejects.
   */
  health(options?: { readonly fresh?: boolean }): Promise<Health>
  /** What answers have told about the limits of a model, by default this one; nothing is sent. */
  trackedQuota(model?: string): TrackedQuota | undefined
  /** The model that has answered last, or the one that was asked last; undefined before that. */
  readonly lastModel: string | undefined
  metrics(): ModelMetrics
  readonly supports: ModelFeatures
  /** Closes idle connections; the model stays usable. */
  close(): Promise<void>
}

/** What can be asked for through a model. What the model itself can do is for the catalogue to say. */
export interface ModelFeatures {
  /** False when streaming was switched off. */
  readonly streaming: boolean
  readonly toolCalling: boolean
  /** Whether it is asked over the Responses wire. */
  readonly responses: boolean
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

const ownKeys = ['wire', 'baseUrl', 'provider', 'keyHeader', 'modelsPath', 'alternatives']

/**
 * A model that speaks a wire to an HTTP endpoint. Options are checked here and throw `bad-option`;
 * whatever goes wrong later is an event. Nothing is loaded or connected before the first request.
 */
export function createModel(options: ModelOptions): HttpModel {
  checkKeys('model options', options, [...endpointKeys, ...ownKeys])
  const settings = settingsOf(options)
  return modelOf(options.model, settings, new Lazy(() => openProvider(settings)))
}

/** One of the models that share what a provider holds. */
function modelOf(
  model: string | ModelSelector,
  settings: ProviderSettings,
  provider: Lazy<HttpProvider>,
): HttpModel {
  const { options } = settings
  const id = typeof model === 'string' ? model : model.models[0]!
  const own = typeof model === 'string' ? [model] : model.models
  const models = [...own, ...(options.alternatives ?? [])]
  return {
    id,
    ...(models.length > 1 && { models }),
    provider: options.provider,
    stream: (request, call) =>
      provider.value?.stream(model, request, call) ??
      afterLoading(provider, (loaded) => loaded.stream(model, request, call), unloadable),
    streamBatches: (request, call) =>
      provider.value?.streamBatches(model, request, call) ??
      afterLoading(
        provider,
        (loaded) => loaded.streamBatches(model, request, call),
        (error) => [unloadable(error)],
      ),
    withModel(other) {
      checkModel(other)
      return modelOf(other, settings, provider)
    },
    listModels: async (call) => (await provider.load()).listModels(call),
    health: async (call) => (await provider.load()).health.check(call?.fresh === true),
    trackedQuota: (other = id) => provider.value?.quotas.tracked(other),
    get lastModel() {
      return provider.value?.metrics.lastModel
    },
    metrics: () => provider.value?.metrics.read() ?? noMetrics,
    supports: {
      streaming: options.stream !== false,
      toolCalling: true,
      responses: options.wire.name === 'responses',
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

const noDurations: DurationStatistics = { count: 0, total: 0, least: 0, most: 0, p50: 0, p95: 0 }

/** Before the first request. */
const noMetrics: ModelMetrics = {
  requests: 0,
  attempts: 0,
  succeeded: 0,
  failed: 0,
  failures: {},
  usage: {
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    inputTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
  },
  firstEventMs: noDurations,
  durationMs: noDurations,
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
