import { SallyportError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { withDefaults } from '../base/options.ts'
import { copyPlain } from '../base/plain.ts'
import {
  checkGiven,
  isArrayOf,
  isFlag,
  isObjectOf,
  isOneOf,
  isPlainObject,
  isText,
  type OptionCheck,
} from '../protocol/option-checks.ts'
import { createModel, endpointKeys, type EndpointOptions, type HttpModel } from './http-model.ts'
import { openaiWire, type OpenAIWire } from './openai-wire.ts'
import { checkKeys } from './options.ts'

/**
 * Which hosts OpenRouter may use and in which order (OpenRouter documentation, "Provider Routing");
 * sent as it is, except that `order` alone says what happens after it: one host is the only one,
 * several may be followed by others. `allow_fallbacks` says it outright.
 */
export interface ProviderPreferences {
  readonly order?: readonly string[]
  readonly allow_fallbacks?: boolean
  readonly only?: readonly string[]
  readonly ignore?: readonly string[]
  readonly sort?: 'price' | 'throughput' | 'latency' | 'exacto' | JsonObject
  /** Without it, hosts silently drop settings they do not know. */
  readonly require_parameters?: boolean
  readonly data_collection?: 'allow' | 'deny'
  readonly zdr?: boolean
  readonly enforce_distillable_text?: boolean
  readonly quantizations?: readonly string[]
  readonly preferred_min_throughput?: number | JsonObject
  readonly preferred_max_latency?: number | JsonObject
  readonly max_price?: JsonObject
}

/**
 * What only OpenRouter has; lists and objects are copied when the model is made and sent with every
 * request as they are. Members of `settings.extra` of a request replace them.
 */
export interface OpenRouterOptions extends EndpointOptions {
  /** Default `https://openrouter.ai/api/v1`. */
  readonly baseUrl?: string
  /** Default `chat`; `responses` sends the whole history with every request as well. */
  readonly wire?: OpenAIWire
  /** Name and address of the application, for OpenRouter's rankings; not sent when empty. */
  readonly appName?: string
  readonly siteUrl?: string
  readonly provider?: ProviderPreferences
  /** Models to try in this order when the first one fails; the answer names the one that answered. */
  readonly models?: readonly string[]
  readonly route?: 'fallback' | 'sort'
  /**
   * Things OpenRouter does around a request, such as `{ id: 'file-parser' }`. They run there,
   * where no policy judges them; `response-healing` rewrites what the model said.
   */
  readonly plugins?: readonly ({ readonly id: string } & JsonObject)[]
  readonly transforms?: readonly string[]
  /** Form of the pictures a model makes, such as `{ aspect_ratio: '16:9', image_size: '2K' }`. */
  readonly imageConfig?: JsonObject
  /** Members added to every request body. */
  readonly body?: JsonObject
}

const isTextList = isArrayOf('texts', isText)

/** A value that comes in two forms. */
function isEither(isFirst: (value: unknown) => boolean, otherwise: OptionCheck): OptionCheck {
  return (name, value) => {
    if (!isFirst(value)) otherwise(name, value)
  }
}

const isAmount = isEither((value) => Number.isFinite(value), isPlainObject)

const checks: Readonly<Record<string, OptionCheck>> = {
  appName: isText,
  siteUrl: isText,
  provider: isObjectOf({
    order: isTextList,
    allow_fallbacks: isFlag,
    only: isTextList,
    ignore: isTextList,
    sort: isEither((value) => typeof value === 'string', isPlainObject),
    require_parameters: isFlag,
    data_collection: isOneOf('allow', 'deny'),
    zdr: isFlag,
    enforce_distillable_text: isFlag,
    quantizations: isTextList,
    preferred_min_throughput: isAmount,
    preferred_max_latency: isAmount,
    max_price: isPlainObject,
  }),
  models: isTextList,
  route: isOneOf('fallback', 'sort'),
  plugins: isArrayOf('objects with an `id`', (name, value) => {
    isPlainObject(name, value)
    isText(`${name}.id`, (value as JsonObject)['id'])
  }),
  transforms: isTextList,
  imageConfig: isPlainObject,
  body: isPlainObject,
}

/**
 * A model behind OpenRouter. The key is `apiKey`, else the environment variable
 * `OPENROUTER_API_KEY`. Throws `bad-option` for options that are unknown or malformed, and when
 * there is no key.
 *
 * @example
 * ```ts
 * const model = openrouter({ model: 'anthropic/claude-haiku-4.5', provider: { zdr: true } })
 * ```
 */
export function openrouter(options: OpenRouterOptions): HttpModel {
  checkKeys('openrouter', options, [...endpointKeys, 'baseUrl', 'wire', ...Object.keys(checks)])
  checkGiven(options, checks)
  const { baseUrl, wire = 'chat', headers, body, imageConfig, ...rest } = options
  const { appName, siteUrl, provider, models, route, plugins, transforms, ...endpoint } = rest
  const apiKey = options.apiKey ?? process.env['OPENROUTER_API_KEY']
  if (apiKey === undefined || apiKey === '') {
    throw new SallyportError('bad-option', 'there is no key for OpenRouter', {
      help: 'give `apiKey` or set OPENROUTER_API_KEY',
    })
  }
  const members = {
    provider: provider && routing(provider),
    models,
    route,
    plugins,
    transforms,
    image_config: imageConfig,
  }
  return createModel({
    ...endpoint,
    apiKey,
    baseUrl: baseUrl ?? 'https://openrouter.ai/api/v1',
    provider: 'openrouter',
    ...(models && { alternatives: models }),
    headers: { ...attribution(appName, siteUrl), ...headers },
    wire: openaiWire(wire, 'openrouter', copyBody(body, members)),
  })
}

/** The members of every request body, in a copy that later changes of the options do not reach. */
function copyBody(body: JsonObject | undefined, members: object): JsonObject {
  const given = Object.entries(members).filter(([, value]) => value !== undefined)
  const bounds = { maxLength: 1024 * 1024, maxDepth: 32 }
  const copy = copyPlain({ ...body, ...Object.fromEntries(given) }, bounds)
  if (copy.ok) return copy.value as JsonObject
  throw new SallyportError('bad-option', `the options cannot be sent: ${copy.message}`, {
    help: 'give plain data, at most 1 MiB of JSON, in what is sent with each request',
  })
}

/** An order of one host is a lock; an empty one says nothing. */
function routing({ order = [], ...rest }: ProviderPreferences): ProviderPreferences | undefined {
  const lock = order.length === 0 ? {} : { order, allow_fallbacks: order.length > 1 }
  const hosts = withDefaults<ProviderPreferences>(lock, rest)
  return Object.keys(hosts).length === 0 ? undefined : hosts
}

/** The older and the newer name of the title are both read. */
function attribution(appName = '', siteUrl = ''): Record<string, string> {
  return {
    ...(siteUrl === '' ? {} : { 'HTTP-Referer': siteUrl }),
    ...(appName === '' ? {} : { 'X-Title': appName, 'X-OpenRouter-Title': appName }),
  }
}
