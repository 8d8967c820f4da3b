import { systemClock, type Clock } from '../base/clock.ts'
import { isSallyportError, SallyportError } from '../base/errors.ts'
import { hasMethods } from '../protocol/option-checks.ts'
import { maskedKey } from '../wire/secrets.ts'
import type { AccountCall, AccountEndpoint } from './account-client.ts'
import {
  exchangeCode,
  readLoginState,
  startLogin,
  validateCallback,
  type LoginState,
  type StartedLogin,
} from './oauth.ts'
import { checkKeys } from './options.ts'

/** Where the keys of logins go; a key pool is one. */
export interface LoginKeys {
  /** How many keys there are, of logins or not. */
  readonly size: number
  add(key: string): unknown
  remove(key: string): unknown
}

export interface AccountLoginOptions extends Omit<AccountEndpoint, 'apiKey' | 'retry'> {
  readonly keys: LoginKeys
  /** Where people are sent back to, see `startLogin`. Without it nobody can log in. */
  readonly callbackUrl?: string
  readonly authUrl?: string
  readonly keyLabel?: string
}

/** Logins of one program. */
export interface AccountLogin {
  /** Whether people can log in: whether there is a callback URL. */
  readonly isConfigured: boolean
  /** Whether there is any key to work with. */
  readonly isAuthenticated: boolean
  /** Throws `bad-option` when there is no callback URL. */
  start(): StartedLogin
  /**
   * Finishes a login from its callback, once: the key goes to the keys, and is returned as it may
   * be shown. Rejects as `validateCallback` and `exchangeCode` do; the login is then over, unless
   * the callback was none of its own (`login-invalid`).
   */
  finish(callback: URL | string, state: LoginState, call?: AccountCall): Promise<string>
  /** Takes the keys of logins away; those that were there by other ways stay. Returns how many. */
  logout(): number
}

/**
 * Logins whose keys go straight to a key pool. Throws `bad-option` for options that are unknown or
 * malformed.
 *
 * @example
 * ```ts
 * const pool = keyPool([])
 * const login = accountLogin({ keys: pool, callbackUrl: 'https://app.example/callback' })
 * const { url, state } = login.start()
 * // send the person to `url`, keep `state`; then, in the handler of the callback:
 * await login.finish(request.url, state)
 * ```
 */
export function accountLogin(options: AccountLoginOptions): AccountLogin {
  checkKeys('accountLogin', options, loginKeys)
  isKeyStore('keys', options.keys)
  return new Login(options)
}

// a key that had nowhere to go would be lost: a code is exchanged once
const isKeyStore = hasMethods('a place for keys', ['add', 'remove'], 'pass a pool of `keyPool`')

const loginKeys = [
  'keys',
  'callbackUrl',
  'authUrl',
  'keyLabel',
  'baseUrl',
  'headers',
  'timeouts',
  'maxBytes',
  'transport',
  'clock',
  'random',
]

class Login implements AccountLogin {
  readonly #options: AccountLoginOptions
  readonly #clock: Clock
  /** When the logins that were finished here would have been over, by their state. */
  readonly #finished = new Map<string, number>()
  readonly #obtained = new Set<string>()

  constructor(options: AccountLoginOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    if (options.callbackUrl !== undefined) this.start()
  }

  get isConfigured(): boolean {
    return this.#options.callbackUrl !== undefined
  }

  get isAuthenticated(): boolean {
    return this.#options.keys.size > 0
  }

  start(): StartedLogin {
    const { callbackUrl, authUrl, keyLabel } = this.#options
    if (callbackUrl === undefined) {
      throw new SallyportError('bad-option', 'nobody can log in without a `callbackUrl`', {
        help: 'give `accountLogin` the address people are sent back to',
      })
    }
    return startLogin({
      callbackUrl,
      clock: this.#clock,
      ...(authUrl === undefined ? {} : { authUrl }),
      ...(keyLabel === undefined ? {} : { keyLabel }),
    })
  }

  async finish(callback: URL | string, stored: LoginState, call?: AccountCall): Promise<string> {
    const login = readLoginState(stored)
    const code = this.#codeOf(callback, login)
    const {
      keys,
      callbackUrl: _callback,
      authUrl: _page,
      keyLabel: _label,
      ...rest
    } = this.#options
    const key = await exchangeCode({ ...rest, code, login }, call)
    keys.add(key)
    this.#obtained.add(key)
    return maskedKey(key)
  }

  /**
   * The code of a callback, for one exchange: what a login has come to is remembered until it is
   * over.
   */
  #codeOf(callback: URL | string, login: LoginState): string {
    const now = this.#clock.now()
    for (const [state, end] of this.#finished) if (end <= now) this.#finished.delete(state)
    if (this.#finished.has(login.state)) {
      throw new SallyportError('login-invalid', 'the login was finished before', {
        help: 'start the login again',
      })
    }
    const finish = (): unknown => this.#finished.set(login.state, Date.parse(login.expiresAt))
    try {
      const code = validateCallback(callback, login, { clock: this.#clock })
      finish()
      return code
    } catch (error) {
      if (isSallyportError(error) && error.code === 'login-refused') finish()
      throw error
    }
  }

  logout(): number {
    const count = this.#obtained.size
    for (const key of this.#obtained) this.#options.keys.remove(key)
    this.#obtained.clear()
    return count
  }
}
