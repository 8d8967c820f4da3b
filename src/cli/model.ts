import { SallyportError } from '../base/errors.ts'
import { anthropic } from '../model/anthropic.ts'
import { openaiCompatible } from '../model/compatible.ts'
import { openrouter } from '../model/openrouter.ts'
import type { Model } from '../protocol/model.ts'
import { isAt, keyVariables, usualBaseUrl, type WireName } from './endpoint.ts'
import type { Io } from './io.ts'
import { findKey } from './key-file.ts'

export interface ModelChoice {
  readonly model?: string
  readonly baseUrl?: string
  readonly wire: WireName
  /** Where the keys of logins are kept. */
  readonly keyFile?: string
}

/**
 * The model that options and environment name. Without a base URL, the keys that are set choose
 * between the endpoints that speak the wire. Rejects with `bad-option` when there is no model, or no
 * key for an endpoint that was not named.
 */
export async function chooseModel(choice: ModelChoice, io: Io): Promise<Model> {
  const { model: named, baseUrl: given, wire, keyFile } = choice
  const model = named ?? io.environment['SALLYPORT_MODEL']
  if (model === undefined) {
    throw new SallyportError('bad-option', 'there is no model', {
      help: 'name one with `--model`, as the provider calls it',
    })
  }
  const baseUrl = given ?? usualBaseUrl(wire, io)
  const apiKey = await findKey({ wire, baseUrl }, keyFile, io)
  if (given === undefined && apiKey === undefined) {
    const variables = keyVariables(wire).map((name) => `\`${name}\``)
    throw new SallyportError('bad-option', `there is no key for ${new URL(baseUrl).host}`, {
      help: `set ${variables.join(', ')}, log in with \`sallyport login\`, or give \`--base-url\``,
    })
  }
  const options = { model, baseUrl, ...(apiKey === undefined ? {} : { apiKey }) }
  if (wire === 'anthropic') return anthropic(options)
  return isAt('openrouter.ai', baseUrl)
    ? openrouter({ ...options, wire })
    : openaiCompatible({ ...options, wire })
}
