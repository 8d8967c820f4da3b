import { SallyportError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import {
  checkGiven,
  isArrayOf,
  isNumber,
  isOneOf,
  isPlainObject,
  isText,
} from '../protocol/option-checks.ts'
import { anthropicWire } from '../wire/anthropic/anthropic.ts'
import type { AnthropicWireOptions, CacheTime, ThinkingStyle } from '../wire/anthropic/options.ts'
import {
  createModel,
  endpointKeys,
  type ApiKey,
  type EndpointOptions,
  type HttpModel,
} from './http-model.ts'
import { checkKeys } from './options.ts'

/** The version of the API that the wire speaks. */
const version = '2023-06-01'

export interface AnthropicOptions extends EndpointOptions {
  /**
   * The part before `/v1/messages`. Default `https://api.anthropic.com`; others speak the same,
   * such as `https://openrouter.ai/api`.
   */
  readonly baseUrl?: string
  /**
   * How the key is sent: as `x-api-key`, or as `Authorization: Bearer ...`. Default: `bearer` at
   * OpenRouter, else `x-api-key`.
   */
  readonly auth?: 'x-api-key' | 'bearer'
  /**
   * Who hosts the model: its name in records, and to whom what it has sealed is sent back. Default:
   * `anthropic`, elsewhere the host of the base URL, with its port where it has one.
   */
  readonly provider?: string
  /** Features in preview to ask for, sent as `anthropic-beta`. */
  readonly betas?: readonly string[]
  /** Output tokens asked for where settings name no number; the wire demands one. Default 16384. */
  readonly maxOutputTokens?: number
  /**
   * Has tools, instructions and history cached for so long: dearer to send the first time, cheaper
   * afterwards. Default: not cached.
   */
  readonly cache?: CacheTime
  /**
   * How effort is told: in words, or as a share of the output tokens. Default by the name of the
   * model: `budget` up to Claude 4.5, else `adaptive`.
   */
  readonly thinking?: ThinkingStyle
  /** Members added to every request body. */
  readonly body?: JsonObject
}

const checks = {
  auth: isOneOf('x-api-key', 'bearer'),
  provider: isText,
  betas: isArrayOf('texts', isText),
  maxOutputTokens: isNumber({ min: 1, integer: true }),
  cache: isOneOf('5m', '1h'),
  thinking: isOneOf('adaptive', 'budget'),
  body: isPlainObject,
}

/**
 * A model behind the Messages API of Anthropic, or behind an endpoint that speaks it. The key is
 * `apiKey`, else the environment variable `ANTHROPIC_API_KEY`, at OpenRouter `OPENROUTER_API_KEY`.
 * A `seed` cannot be sent and is left out. Throws `bad-option` for options that are unknown or
 * malformed, and when there is no key for Anthropic or OpenRouter.
 *
 * @example
 * ```ts
 * const model = anthropic({ model: 'claude-sonnet-5', cache: '5m' })
 * ```
 */
export function anthropic(options: AnthropicOptions): HttpModel {
  checkKeys('anthropic', options, [...endpointKeys, 'baseUrl', ...Object.keys(checks)])
  checkGiven(options, checks)
  const { baseUrl = 'https://api.anthropic.com', auth, provider, betas = [], ...more } = options
  const { maxOutputTokens, cache, thinking, body, headers, ...endpoint } = more
  const { host = '', hostname = '' } = URL.parse(baseUrl) ?? {}
  const isRouter = hostname === 'openrouter.ai'
  return createModel({
    ...endpoint,
    ...keyAt(hostname, options.apiKey),
    baseUrl,
    provider: provider ?? providerAt(host),
    keyHeader:
      (auth ?? (isRouter ? 'bearer' : 'x-api-key')) === 'bearer'
        ? { name: 'authorization', prefix: 'Bearer ' }
        : { name: 'x-api-key', prefix: '' },
    headers: {
      'anthropic-version': version,
      ...(betas.length === 0 ? {} : { 'anthropic-beta': betas.join(',') }),
      ...headers,
    },
    wire: anthropicWire(given({ maxOutputTokens, cache, thinking, body })),
  })
}

/** Only those who are known to demand a key get an error without one. */
function keyAt(host: string, own: ApiKey | undefined): { readonly apiKey?: ApiKey } {
  const variable = host === 'openrouter.ai' ? 'OPENROUTER_API_KEY' : 'ANTHROPIC_API_KEY'
  const apiKey = own ?? process.env[variable] ?? ''
  if (apiKey !== '') return { apiKey }
  if (own === undefined && host !== 'openrouter.ai' && host !== 'api.anthropic.com') return {}
  throw new SallyportError('bad-option', 'there is no key for the model endpoint', {
    help: `give \`apiKey\` or set ${variable}`,
  })
}

function providerAt(host: string): string {
  if (host === 'openrouter.ai') return 'openrouter'
  return host === 'api.anthropic.com' || host === '' ? 'anthropic' : host
}

/** The options without those that are undefined. */
function given(options: {
  readonly [Key in keyof AnthropicWireOptions]: AnthropicWireOptions[Key] | undefined
}): AnthropicWireOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
