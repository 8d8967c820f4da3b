import type { Auth } from '../gate/authenticate.ts'
import type { Io } from './io.ts'

/**
 * What the caller brings: `--token`, else `SALLYPORT_TOKEN`. Three parts with dots between them
 * are a JSON Web Token, anything else an API key.
 */
export function authOf(token: string | undefined, io: Io): Auth | undefined {
  const credential = token ?? io.environment['SALLYPORT_TOKEN']
  if (credential === undefined || credential === '') return undefined
  return credential.split('.').length === 3 ? { bearer: credential } : { apiKey: credential }
}

const hosts: readonly (readonly [host: string, variable: string])[] = [
  ['openrouter.ai', 'OPENROUTER_API_KEY'],
  ['api.openai.com', 'OPENAI_API_KEY'],
]

/**
 * The key for a model endpoint: `SALLYPORT_API_KEY`, else the variable of its host. A key of
 * OpenRouter is never sent elsewhere; for other hosts `OPENAI_API_KEY` is used, as the clients of
 * OpenAI-compatible servers do.
 */
export function keyForHost(baseUrl: string, { environment }: Io): string | undefined {
  const own = environment['SALLYPORT_API_KEY']
  if (own !== undefined && own !== '') return own
  const host = URL.parse(baseUrl)?.hostname ?? ''
  const known = hosts.find(([name]) => host === name || host.endsWith(`.${name}`))
  const key = environment[known?.[1] ?? 'OPENAI_API_KEY']
  return key === '' ? undefined : key
}
