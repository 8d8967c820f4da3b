import { hash, randomUUID } from 'node:crypto'
import type { JsonObject, JsonValue } from '../base/json.ts'
import type { FakeRequest, RecordedTurn } from './fake-provider.ts'

/** What the account endpoints of a provider say, in the words of OpenRouter. */
export interface AccountScript {
  /** Entries of `/models`. Default none. */
  readonly models?: readonly JsonValue[]
  /** Data of `/key`. Default `{}`. */
  readonly key?: JsonObject
  /** Data of `/credits`; null refuses, as for a key that is no management key. Default null. */
  readonly credits?: JsonObject | null
  /** Data of `/generation` by id; others get status 404. Default none. */
  readonly generations?: Readonly<Record<string, JsonObject>>
  /** The key that has to be shown for everything but models and logins. Default any. */
  readonly apiKey?: string
  /** The key a login gets. Default `sk-or-v1-` and 32 digits. */
  readonly loginKey?: string
  /** The error the login page sends people back with. Default none: it consents. */
  readonly loginError?: string
}

export interface ScriptedAccount {
  /**
   * The answer to a request for `/models`, `/key`, `/credits`, `/generation` and `/auth/keys` under
   * a base URL, or for the login page `/auth` itself, which consents at once; undefined for others.
   */
  answer(request: FakeRequest): RecordedTurn | undefined
}

/** A login that was consented to and not redeemed yet, by its code. */
type Consents = Map<string, { readonly challenge: string }>

/**
 * The account side of a provider for `fakeProvider`. Logins are held to PKCE: a code is good for
 * one exchange, with the verifier that its challenge was made of (RFC 7636, S256 only).
 *
 * @example
 * ```ts
 * const account = scriptedAccount({ key: { limit: 5, limit_remaining: 4 } })
 * const provider = await fakeProvider({ turns: (request) => account.answer(request) ?? { text: 'hi' } })
 * ```
 */
export function scriptedAccount(script: AccountScript = {}): ScriptedAccount {
  const consents: Consents = new Map()
  return {
    answer(request) {
      const { pathname, searchParams } = new URL(request.path, 'http://127.0.0.1')
      if (pathname === '/auth') return consent(searchParams, script, consents)
      const name = /\/v1(\/.*)$/.exec(pathname)?.[1]
      if (name === '/auth/keys') return redeem(request, script, consents)
      if (name === '/models') return json(200, { data: script.models ?? [], links: { next: null } })
      if (name === undefined || !['/key', '/credits', '/generation'].includes(name))
        return undefined
      if (!isAllowed(request, script)) return failure(401, 'Missing Authentication header')
      return ofAccount(name, searchParams, script)
    },
  }
}

function ofAccount(name: string, query: URLSearchParams, script: AccountScript): RecordedTurn {
  if (name === '/key') return json(200, { data: script.key ?? {} })
  if (name === '/credits') {
    const { credits = null } = script
    return credits === null
      ? failure(403, 'Only management keys can fetch credits')
      : json(200, { data: credits })
  }
  const generations = script.generations ?? {}
  const id = query.get('id') ?? ''
  return Object.hasOwn(generations, id)
    ? json(200, { data: generations[id]! })
    : failure(404, `Generation ${id} not found`)
}

function isAllowed({ headers }: FakeRequest, { apiKey }: AccountScript): boolean {
  const shown = headers['authorization']
  return apiKey === undefined ? shown !== undefined : shown === `Bearer ${apiKey}`
}

function consent(query: URLSearchParams, script: AccountScript, consents: Consents): RecordedTurn {
  const callback = URL.parse(query.get('callback_url') ?? '')
  const challenge = query.get('code_challenge')
  if (callback === null || challenge === null || query.get('code_challenge_method') !== 'S256') {
    return failure(400, 'Invalid login request')
  }
  if (script.loginError === undefined) {
    const code = `auth_code_${randomUUID()}`
    consents.set(code, { challenge })
    callback.searchParams.set('code', code)
  } else callback.searchParams.set('error', script.loginError)
  return { status: 302, headers: { location: callback.href }, body: '' }
}

function redeem(request: FakeRequest, script: AccountScript, consents: Consents): RecordedTurn {
  if (request.method !== 'POST') return failure(405, 'Method Not Allowed')
  const { code, code_verifier: verifier, code_challenge_method: method } = request.body
  if (method !== 'S256') return failure(400, 'Invalid code_challenge_method')
  const given = consents.get(String(code))
  consents.delete(String(code))
  const challenge = hash('sha256', String(verifier), 'base64url')
  if (given?.challenge !== challenge) return failure(403, 'Invalid code or code_verifier')
  return json(200, {
    key: script.loginKey ?? `sk-or-v1-${'0123456789abcdef'.repeat(2)}`,
    user_id: 'user_1',
  })
}

function failure(status: number, message: string): RecordedTurn {
  return json(status, { error: { code: status, message } })
}

function json(status: number, value: JsonValue): RecordedTurn {
  const headers = { 'content-type': 'application/json' }
  return { status, headers, body: JSON.stringify(value) }
}
