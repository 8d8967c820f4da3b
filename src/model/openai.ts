import { SallyportError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { createModel, endpointKeys, type EndpointOptions, type HttpModel } from './http-model.ts'
import { openaiWire, type OpenAIWire } from './openai-wire.ts'
import { checkKeys, checkFilled } from './options.ts'

export interface OpenAIOptions extends EndpointOptions {
  /** Default `https://api.openai.com/v1`. */
  readonly baseUrl?: string
  /** Default `responses`; `chat` is Chat Completions. */
  readonly wire?: OpenAIWire
  /** Sent as `OpenAI-Organization` and `OpenAI-Project`. */
  readonly organization?: string
  readonly project?: string
  /** Members added to every request body. */
  readonly body?: JsonObject
}

/**
 * A model of OpenAI. Nothing is stored there: every request carries the whole history, with the
 * reasoning of the model in the sealed form it came in. The key is `apiKey`, else the environment
 * variable `OPENAI_API_KEY`. Throws `bad-option` for options that are unknown or malformed, and when
 * there is no key.
 *
 * @example
 * ```ts
 * const model = openai({ model: 'gpt-5.4-mini' })
 * ```
 */
export function openai(options: OpenAIOptions): HttpModel {
  const own = ['baseUrl', 'wire', 'organization', 'project', 'body']
  checkKeys('openai', options, [...endpointKeys, ...own])
  const { baseUrl, wire = 'responses', organization, project, body, headers, ...rest } = options
  const apiKey = options.apiKey ?? process.env['OPENAI_API_KEY']
  if (apiKey === undefined || apiKey === '') {
    throw new SallyportError('bad-option', 'there is no key for OpenAI', {
      help: 'give `apiKey` or set OPENAI_API_KEY',
    })
  }
  if (organization !== undefined) checkFilled('organization', organization)
  if (project !== undefined) checkFilled('project', project)
  return createModel({
    ...rest,
    apiKey,
    baseUrl: baseUrl ?? 'https://api.openai.com/v1',
    provider: 'openai',
    headers: {
      ...(organization === undefined ? {} : { 'OpenAI-Organization': organization }),
      ...(project === undefined ? {} : { 'OpenAI-Project': project }),
      ...headers,
    },
    wire: openaiWire(wire, 'openai', body),
  })
}
