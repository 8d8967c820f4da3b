import { SallyportError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { chatWire } from '../wire/chat/chat.ts'
import { createModel, endpointKeys, type EndpointOptions, type HttpModel } from './http-model.ts'
import { checkKeys, checkText } from './options.ts'

/**
 * Which hosts OpenRouter may use and in which order (OpenRouter documentation, "Provider Routing");
 * sent as it is.
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

export interface OpenRouterOptions extends EndpointOptions {
  /** Default `https://openrouter.ai/api/v1`. */
  readonly baseUrl?: string
  /** Name and address of the application, for OpenRouter's rankings. */
  readonly appName?: string
  readonly siteUrl?: string
  readonly provider?: ProviderPreferences
  /** Models to try in this order when the first one fails; the answer names the one that answered. */
  readonly models?: readonly string[]
  /** Members added to every request body. */
  readonly body?: JsonObject
}

const preferenceKeys = [
  'order',
  'allow_fallbacks',
  'only',
  'ignore',
  'sort',
  'require_parameters',
  'data_collection',
  'zdr',
  'enforce_distillable_text',
  'quantizations',
  'preferred_min_throughput',
  'preferred_max_latency',
  'max_price',
]

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
  const own = ['baseUrl', 'appName', 'siteUrl', 'provider', 'models', 'body']
  checkKeys('openrouter', options, [...endpointKeys, ...own])
  if (options.provider !== undefined) checkKeys('provider', options.provider, preferenceKeys)
  const { baseUrl, appName, siteUrl, provider, models, body, headers, ...rest } = options
  const apiKey = options.apiKey ?? process.env['OPENROUTER_API_KEY']
  if (apiKey === undefined || apiKey === '') {
    throw new SallyportError('bad-option', 'there is no key for OpenRouter', {
      help: 'give `apiKey` or set OPENROUTER_API_KEY',
    })
  }
  return createModel({
    ...rest,
    apiKey,
    baseUrl: baseUrl ?? 'https://openrouter.ai/api/v1',
    provider: 'openrouter',
    headers: { ...attribution(appName, siteUrl), ...headers },
    wire: chatWire({
      dialect: 'openrouter',
      body: {
        ...body,
        ...(provider === undefined ? {} : { provider: provider as JsonObject }),
        ...(models === undefined ? {} : { models }),
      },
    }),
  })
}

function attribution(appName?: string, siteUrl?: string): Record<string, string> {
  if (appName !== undefined) checkText('appName', appName)
  if (siteUrl !== undefined) checkText('siteUrl', siteUrl)
  return {
    ...(siteUrl === undefined ? {} : { 'HTTP-Referer': siteUrl }),
    ...(appName === undefined ? {} : { 'X-OpenRouter-Title': appName }),
  }
}
