import type { Clock } from '../base/clock.ts'
import { SallyportError, type ErrorData } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { IdentityConfiguration } from '../protocol/identity.ts'
import type { Principal } from '../protocol/principal.ts'
import { ApiKeyTable } from './identity/api-key.ts'
import { BearerVerifier } from './identity/bearer.ts'
import { acceptCaller, type AcceptedCaller } from './identity/claims.ts'
import { checkIdentity } from './identity/configuration.ts'
import { callAuthenticator, type CustomAuthenticator } from './identity/custom.ts'
import type { KeyAccess } from './identity/key-origin.ts'
import type { KeySourceLimits } from './identity/key-source.ts'
import type { ProvenToken } from './identity/proof.ts'
import { refuse, type Refusal } from './identity/refusal.ts'

type Outcome = AcceptedCaller | Refusal

/** What a caller brings. There is no way to bring a principal: only this module makes them. */
export type Auth =
  | { readonly bearer: string }
  | { readonly dpop: ProvenToken }
  | { readonly apiKey: string }
  | { readonly custom: unknown }

export type AuthResult =
  | {
      readonly ok: true
      readonly principal: Principal
      /** First millisecond since the epoch at which the credential is no longer accepted. */
      readonly expiresAt?: number
    }
  | { readonly ok: false; readonly error: ErrorData }

export interface AuthenticatorOptions extends KeyAccess {
  readonly clock: Clock
  readonly authenticator?: CustomAuthenticator
  /** How long keys of issuers are kept and how often they are read. */
  readonly keys?: KeySourceLimits
}

export interface Authenticator {
  /**
   * Who the caller is, or why nobody knows. Never rejects and never throws; every refusal has a
   * code of the identity group, and no refusal repeats anything of the credential. Without
   * `auth` the caller is anonymous, which the policy has to permit.
   */
  authenticate(auth: Auth | undefined): Promise<AuthResult>
}

/**
 * Makes callers into principals as the identity section of a policy says: JSON Web Tokens, API
 * keys, the host's own authentication, and anonymous callers. Throws `bad-option` for a section
 * that cannot be trusted.
 *
 * Key sets are downloaded over https only (http for this very machine), without redirects, within
 * 5 seconds and 256 KiB. Tokens are bounded to 16 KiB; up to 10,000 accepted ones are remembered.
 */
export function createAuthenticator(
  identity: IdentityConfiguration,
  options: AuthenticatorOptions,
): Authenticator {
  checkIdentity(identity)
  if (options.readFile === undefined && identity.jwt.some((jwt) => jwt.jwksFile !== undefined)) {
    throw new SallyportError('bad-option', 'a `jwksFile` needs the option `readFile`')
  }
  const { clock } = options
  const tokens = new BearerVerifier(identity.jwt, clock, options, options.keys)
  const apiKeys = new ApiKeyTable(identity.apiKeys)
  const anonymous = anonymousCaller(identity)

  function find(auth: unknown): Outcome | Promise<Outcome> {
    if (auth === undefined) return anonymous
    const [kind, credential] = readAuth(auth)
    if (kind === 'bearer' && typeof credential === 'string') return tokens.verify(credential)
    if (kind === 'dpop' && isProven(credential)) return tokens.verifyProven(credential)
    if (kind === 'apiKey' && typeof credential === 'string') {
      return apiKeys.find(credential, clock.now())
    }
    if (kind !== 'custom') {
      return unauthenticated(
        '`auth` has to be `{ bearer }` or `{ apiKey }` with a text, `{ dpop: { token, proof, method, url } }`, or `{ custom }`',
      )
    }
    if (options.authenticator === undefined) {
      return unauthenticated('there is no authenticator', 'pass the option `authenticator`')
    }
    return callAuthenticator(options.authenticator, credential)
  }

  return {
    async authenticate(auth) {
      try {
        return await find(auth)
      } catch {
        return refuse('internal', 'the caller could not be authenticated')
      }
    },
  }
}

function isProven(value: unknown): value is ProvenToken {
  if (!isObject(value)) return false
  return ['token', 'proof', 'method', 'url'].every((name) => typeof value[name] === 'string')
}

/** The only member of `auth`. An object that has none or several is not an anonymous caller. */
function readAuth(auth: unknown): readonly [kind?: string, credential?: unknown] {
  const members = typeof auth === 'object' && auth !== null ? Object.entries(auth) : []
  return members.length === 1 ? members[0]! : []
}

function anonymousCaller(identity: IdentityConfiguration): Outcome {
  if (identity.anonymous !== 'role') {
    return unauthenticated(
      'the caller has not said who it is',
      'pass `auth`, or say under `identity.anonymous` of the policy what an anonymous caller is',
    )
  }
  const roles = [identity.anonymousRole!]
  return acceptCaller({ subject: 'anonymous', roles, scopes: [] })
}

function unauthenticated(message: string, help?: string): Refusal {
  return refuse('unauthenticated', message, help)
}
