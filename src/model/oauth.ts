import type NodeCrypto from 'node:crypto'
import { systemClock, type Clock } from '../base/clock.ts'
import { SallyportError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { isProtected } from '../base/protected-url.ts'
import { isVisible, shorten } from '../base/text.ts'
import {
  AccountClient,
  accountKeys,
  type AccountCall,
  type AccountEndpoint,
} from './account-client.ts'
import { checkKeys, checkFilled } from './options.ts'

/** A proof key of RFC 7636: the challenge may be seen by anybody, the verifier by nobody. */
export interface Pkce {
  readonly verifier: string
  readonly challenge: string
  readonly method: 'S256'
}

/**
 * A login under way, as plain JSON, to be kept where only its program reads it until the callback
 * comes. Times are RFC 3339.
 */
export interface LoginState {
  readonly codeVerifier: string
  readonly callbackUrl: string
  /** Comes back with the callback and shows that it answers this login and no other. */
  readonly state: string
  readonly createdAt: string
  readonly expiresAt: string
}

export interface LoginOptions {
  /**
   * Where the person is sent back to: https, or http on this machine; without `code`, `state`,
   * `error`.
   */
  readonly callbackUrl: string
  /** Page where the person consents. Default `https://openrouter.ai/auth`. */
  readonly authUrl?: string
  /** Name of the key in the account. Default: the account chooses. */
  readonly keyLabel?: string
  readonly clock?: Clock
}

export interface StartedLogin {
  /** For the browser of the person. */
  readonly url: string
  readonly state: LoginState
}

const lifetimeMs = 10 * 60_000

/** Importing it costs milliseconds that only a login should pay. */
function nodeCrypto(): typeof NodeCrypto {
  return process.getBuiltinModule('node:crypto')
}

/** 32 random bytes, as 43 characters that need no escape in a URL. */
function randomText(): string {
  return nodeCrypto().randomBytes(32).toString('base64url')
}

/**
 * A new proof key over 32 random bytes.
 *
 * @example
 * ```ts
 * const { verifier, challenge, method } = createPkce()
 * ```
 */
export function createPkce(): Pkce {
  const verifier = randomText()
  return { verifier, challenge: nodeCrypto().hash('sha256', verifier, 'base64url'), method: 'S256' }
}

/**
 * Begins a login that ends in a key of the person's account (OpenRouter documentation, "OAuth
 * PKCE"). There is no client id and no secret. It has to be finished within 10 minutes. Throws
 * `bad-option`.
 *
 * @example
 * ```ts
 * const { url, state } = startLogin({ callbackUrl: 'https://app.example/callback' })
 * // send the person to `url`, keep `state` where only this program reads it
 * ```
 */
export function startLogin(options: LoginOptions): StartedLogin {
  checkKeys('startLogin', options, ['callbackUrl', 'authUrl', 'keyLabel', 'clock'])
  const { authUrl = 'https://openrouter.ai/auth', keyLabel, clock = systemClock } = options
  const callback = safeUrl('callbackUrl', options.callbackUrl)
  for (const name of ['code', 'state', 'error']) {
    if (!callback.searchParams.has(name)) continue
    throw new SallyportError('bad-option', `\`callbackUrl\` has a parameter \`${name}\` already`, {
      help: 'leave out `code`, `state` and `error`, which the account adds',
    })
  }
  const { verifier, challenge, method } = createPkce()
  const state = randomText()
  const url = safeUrl('authUrl', authUrl)
  const back = new URL(callback)
  back.searchParams.set('state', state)
  url.searchParams.set('callback_url', back.href)
  url.searchParams.set('code_challenge', challenge)
  url.searchParams.set('code_challenge_method', method)
  if (keyLabel !== undefined) {
    checkFilled('keyLabel', keyLabel)
    url.searchParams.set('key_label', keyLabel)
  }
  const now = clock.now()
  return {
    url: url.href,
    state: {
      codeVerifier: verifier,
      callbackUrl: callback.href,
      state,
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + lifetimeMs).toISOString(),
    },
  }
}

/** Codes and keys travel over these, so only the machine itself may do without TLS. */
function safeUrl(where: string, text: string): URL {
  checkFilled(where, text)
  const url = URL.parse(text)
  const isPlain = url?.username === '' && url.password === '' && url.hash === ''
  if (url !== null && isPlain && isProtected(url)) return url
  throw new SallyportError('bad-option', `\`${where}\` is not a URL that a login can go over`, {
    help: 'give an https URL, or http on 127.0.0.1, without credentials and fragment',
  })
}

/**
 * A login that was stored as JSON. Throws `bad-option` for what is none; one that is over is read
 * as well, see `isLoginExpired`. Messages hold nothing of it.
 *
 * @example
 * ```ts
 * const state = readLoginState(JSON.parse(stored))
 * if (isLoginExpired(state)) throw new Error('start the login again')
 * ```
 */
export function readLoginState(stored: unknown): LoginState {
  const { codeVerifier, callbackUrl, state, createdAt, expiresAt } = isObject(stored) ? stored : {}
  const isLogin =
    isSecret(codeVerifier) && isSecret(state) && isTime(createdAt) && isTime(expiresAt)
  if (!isLogin || typeof callbackUrl !== 'string') {
    throw new SallyportError('bad-option', 'what was stored is no login', {
      help: 'pass the `state` of `startLogin` as it was, or what `JSON.parse` makes of it',
    })
  }
  safeUrl('callbackUrl', callbackUrl)
  return { codeVerifier, callbackUrl, state, createdAt, expiresAt }
}

function isSecret(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9_-]{43,128}$/.test(text)
}

function isTime(text: unknown): text is string {
  return typeof text === 'string' && !Number.isNaN(Date.parse(text))
}

/** True when a login is over, also by stored times that are further apart than a login lasts. */
export function isLoginExpired(state: LoginState, clock: Clock = systemClock): boolean {
  const now = clock.now()
  const created = Date.parse(state.createdAt)
  const end = Math.min(Date.parse(state.expiresAt), created + lifetimeMs)
  // a comparison with what is no time is false
  return !(created <= now && now < end)
}

/**
 * The code in a callback that answers this login. Only the query of `callback` counts. Throws
 * `login-expired`; `login-invalid` for a callback of another login (compared in constant time), one
 * without a code or with any of the parameters twice; `login-refused` when the person or the
 * account did not agree.
 *
 * @example
 * ```ts
 * const code = validateCallback(request.url, state)
 * const key = await exchangeCode({ code, login: state })
 * ```
 */
export function validateCallback(
  callback: URL | string,
  login: LoginState,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): string {
  const query =
    URL.parse(String(callback), login.callbackUrl)?.searchParams ?? new URLSearchParams()
  if (isLoginExpired(login, clock))
    throw new SallyportError('login-expired', 'the login is over', again)
  const [state, error, code] = ['state', 'error', 'code'].map((name) => onlyOne(query, name))
  // first of all: what else a stranger sends is of no interest
  if (!isSame(state ?? '', login.state)) throw invalid('the callback answers another login')
  if (error !== undefined) {
    const said = shorten(error, 100)
    throw new SallyportError('login-refused', `the login was refused: \`${said}\``, again)
  }
  if (code === undefined || code === '') throw invalid('the callback has no code')
  if (code.length > 2048 || !isVisible(code)) throw invalid('the callback has no usable code')
  return code
}

const again = { help: 'start the login again' }

function invalid(message: string): SallyportError {
  return new SallyportError('login-invalid', message, again)
}

function onlyOne(query: URLSearchParams, name: string): string | undefined {
  const [value, ...others] = query.getAll(name)
  if (others.length > 0) throw invalid(`the callback has \`${name}\` twice`)
  return value
}

/** Over digests, so that texts of different length take the same time too. */
function isSame(a: string, b: string): boolean {
  const { hash, timingSafeEqual } = nodeCrypto()
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
}

export interface ExchangeOptions extends Omit<AccountEndpoint, 'apiKey' | 'retry'> {
  /** From `validateCallback`. */
  readonly code: string
  readonly login: Pick<LoginState, 'codeVerifier'>
}

const exchangeKeys = accountKeys.filter((key) => key !== 'apiKey' && key !== 'retry')

/** What any key or code looks like, should an error quote one that we have not seen. */
const keyLike = /\b(?:sk|auth_code)[-_][A-Za-z0-9_-]{6,}/g

/**
 * Redeems a code for the key of an account, once: it is never sent twice. Default base URL
 * `https://openrouter.ai/api/v1`, default time 30 s. Rejects with an error of the `model-` family,
 * `model-protocol` when the answer holds no key of OpenRouter (`sk-or-...`). No error holds the
 * code, the verifier or what came in place of the key.
 *
 * @example
 * ```ts
 * const key = await exchangeCode({ code: validateCallback(request.url, state), login: state })
 * ```
 */
export async function exchangeCode(options: ExchangeOptions, call?: AccountCall): Promise<string> {
  checkKeys('exchangeCode', options, [...exchangeKeys, 'code', 'login'])
  const { code, login, baseUrl = 'https://openrouter.ai/api/v1', ...rest } = options
  checkFilled('code', code)
  checkFilled('login.codeVerifier', login?.codeVerifier)
  safeUrl('baseUrl', baseUrl)
  const verifier = login.codeVerifier
  const client = new AccountClient({ ...rest, baseUrl })
  try {
    const body = { code, code_verifier: verifier, code_challenge_method: 'S256' }
    const answer = await client.post('/auth/keys', body, [code, verifier, keyLike], call)
    const key = isObject(answer) ? answer['key'] : undefined
    if (typeof key === 'string' && /^sk-or-[A-Za-z0-9_-]{8,500}$/.test(key)) return key
    throw new SallyportError('model-protocol', 'the answer holds no key of OpenRouter', again)
  } finally {
    await client.close()
  }
}
