import type { Io } from './io.ts'

export type WireName = 'chat' | 'responses' | 'anthropic'

interface Endpoint {
  readonly baseUrl: string
  readonly host: string
  readonly variable: string
}

const openAi = {
  baseUrl: 'https://api.openai.com/v1',
  host: 'api.openai.com',
  variable: 'OPENAI_API_KEY',
}
const router = { host: 'openrouter.ai', variable: 'OPENROUTER_API_KEY' }
const routerOpenAi = { ...router, baseUrl: 'https://openrouter.ai/api/v1' }
const claude = {
  baseUrl: 'https://api.anthropic.com',
  host: 'api.anthropic.com',
  variable: 'ANTHROPIC_API_KEY',
}

/** Who speaks a wire, in the order in which their keys are looked for. */
const endpoints: Readonly<Record<WireName, readonly Endpoint[]>> = {
  chat: [routerOpenAi, openAi],
  responses: [routerOpenAi, openAi],
  anthropic: [claude, { ...router, baseUrl: 'https://openrouter.ai/api' }],
}

/** Where a wire is spoken to when nobody says: the first whose key is set. */
export function usualBaseUrl(wire: WireName, io: Io): string {
  const found = endpoints[wire].find(({ variable }) => keyIn(variable, io) !== undefined)
  return (found ?? endpoints[wire][0]!).baseUrl
}

/**
 * The key for a model endpoint: `SALLYPORT_API_KEY`, else the variable of its host. A key of one
 * host is never sent to another that is known; for hosts nobody knows it is the variable that
 * clients of the wire read.
 */
export function keyFor(wire: WireName, baseUrl: string, io: Io): string | undefined {
  const known = [openAi, routerOpenAi, claude].find(({ host }) => isAt(host, baseUrl))
  const usual = wire === 'anthropic' ? claude : openAi
  return keyIn('SALLYPORT_API_KEY', io) ?? keyIn((known ?? usual).variable, io)
}

/** The variables that may hold a key for the usual endpoints of a wire. */
export function keyVariables(wire: WireName): readonly string[] {
  return [...endpoints[wire].map(({ variable }) => variable), 'SALLYPORT_API_KEY']
}

function keyIn(variable: string, { environment }: Io): string | undefined {
  const key = environment[variable]
  return key === '' ? undefined : key
}

/** Whether a URL leads to a host or one below it. */
export function isAt(host: string, baseUrl: string): boolean {
  const name = URL.parse(baseUrl)?.hostname ?? ''
  return name === host || name.endsWith(`.${host}`)
}
