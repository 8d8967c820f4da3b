import type { JsonObject } from '../base/json.ts'
import type { ChatDialect } from '../wire/chat/options.ts'
import { createModel, endpointKeys, type EndpointOptions, type HttpModel } from './http-model.ts'
import { openaiWire, type OpenAIWire } from './openai-wire.ts'
import { checkKeys, checkFilled } from './options.ts'

export interface CompatibleOptions extends EndpointOptions {
  /** As the provider's own client takes it, e.g. `https://api.example/v1`. */
  readonly baseUrl: string
  /**
   * Who hosts the model: its name in records, and to whom what it has sealed is sent back. Default:
   * the host of the base URL, with its port where it has one.
   */
  readonly provider?: string
  /** Default `chat`; `responses` sends the whole history with every request as well. */
  readonly wire?: OpenAIWire
  /** Members added to every request body. */
  readonly body?: JsonObject
}

/**
 * A model behind any endpoint that speaks Chat Completions (`POST {baseUrl}/chat/completions`) or
 * Responses (`POST {baseUrl}/responses`). Throws `bad-option` for options that are unknown or
 * malformed.
 *
 * @example
 * ```ts
 * const model = openaiCompatible({ baseUrl: 'http://127.0.0.1:8080/v1', model: 'local' })
 * ```
 */
export function openaiCompatible(options: CompatibleOptions): HttpModel {
  checkKeys('openaiCompatible', options, [...endpointKeys, 'baseUrl', 'provider', 'wire', 'body'])
  checkFilled('baseUrl', options.baseUrl)
  const { body, provider, wire = 'chat', ...rest } = options
  const url = URL.parse(options.baseUrl)
  return createModel({
    ...rest,
    wire: openaiWire(wire, dialectOf(url?.hostname), body),
    provider: provider ?? (url?.host || 'unknown'),
  })
}

function dialectOf(host: string | undefined): ChatDialect {
  switch (host) {
    case 'openrouter.ai':
      return 'openrouter'
    case 'api.openai.com':
      return 'openai'
    case 'api.mistral.ai':
      return 'mistral'
  }
  return 'compatible'
}
