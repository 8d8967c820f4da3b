import type { JsonObject } from '../base/json.ts'
import { createModel, endpointKeys, type EndpointOptions, type HttpModel } from './http-model.ts'
import { openaiWire, type OpenAIWire } from './openai-wire.ts'
import { checkKeys, checkText } from './options.ts'

export interface CompatibleOptions extends EndpointOptions {
  /** As the provider's own client takes it, e.g. `https://api.example/v1`. */
  readonly baseUrl: string
  /** Who hosts the model, for records. Default: the host of the base URL. */
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
  checkText('baseUrl', options.baseUrl)
  const { body, provider, wire = 'chat', ...rest } = options
  const host = URL.parse(options.baseUrl)?.hostname ?? ''
  return createModel({
    ...rest,
    wire: openaiWire(wire, dialectOf(host), body),
    provider: provider ?? (host || 'unknown'),
  })
}

function dialectOf(host: string): 'openrouter' | 'openai' | 'compatible' {
  if (host === 'openrouter.ai') return 'openrouter'
  return host === 'api.openai.com' ? 'openai' : 'compatible'
}
