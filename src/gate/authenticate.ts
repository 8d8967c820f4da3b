import { systemClock, type Clock } from '../base/clock.ts'
import { SallyportError, type ErrorData } from '../base/errors.ts'
import { isObject, isTexts } from '../base/json.ts'
import type { IdentityConfiguration } from '../protocol/identity.ts'
import { checkGiven, isClock, isFunction, isPlainObject } from '../protocol/option-checks.ts'
import type { Principal } from '../protocol/principal.ts'
import { ApiKeyTable } from './identity/api-key.ts'
import { BearerVerifier, type Evidence } from './identity/bearer.ts'
import type { ClientCertificate } from './identity/certificate.ts'
import { acceptCaller, type AcceptedCaller } from './identity/claims.ts'
import { checkIdentity } from './identity/configuration.ts'
import { callAuthenticator, type CustomAuthenticator } from './identity/custom.ts'
import type { RequestProof } from './identity/dpop.ts'
import type { KeyAccess } from './identity/key-origin.ts'
import type { KeySourceLimits } from './identity/key-source.ts'
import { createProofMemory, type ProofMemory } from './identity/proof-memory.ts'
import { refuse, type Refusal } from './identity/refusal.ts'

type Outcome = AcceptedCaller | Refusal

/** What a caller brings. There is no way to bring a principal: only this module makes them. */
export type Auth =
  | {
      readonly bearer: string
      /** For issuers with `proof: dpop` (RFC 9449). */
      readonly proof?: RequestProof | undefined
      /**
       * For issuers with `proof: mtls` (RFC 8705): the client certificate that the TLS layer of the
       * host has verified, as DER or as `sha256:` and 64 hexadecimal digits.
       */
      readonly certificate?: ClientCertificate | undefined
    }
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
  /** Default: the system's. */
  readonly clock?: Clock
  readonly authenticator?: CustomAuthenticator
  /** How long keys of issuers are kept and how often they are read. */
  readonly keys?: KeySourceLimits
  /**
   * What remembers the proofs of `proof: dpop`. Default: one of its own. An authenticator that takes
   * the place of another needs that of the other, else proofs can be used once more.
   */
  readonly proofs?: ProofMemory
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
 *
 * @example
 * ```ts
 * const { identity } = (await loadPolicy('desk.yaml')).compile()
 * const caller = await createAuthenticator(identity).authenticate({ bearer })
 * if (!caller.ok) throw new Error(caller.error.message)
 * ```
 */
export function createAuthenticator(
  identity: IdentityConfiguration,
  options: AuthenticatorOptions = {},
): Authenticator {
  checkIdentity(identity)
  checkAuthenticatorOptions(options)
  if (options.readFile === undefined && identity.jwt.some((jwt) => jwt.jwksFile !== undefined)) {
    throw new SallyportError('bad-option', 'a `jwksFile` needs the option `readFile`', {
      help: 'pass a function that reads the file, or use `jwks`',
    })
  }
  const clock = certain(options.clock ?? systemClock)
  const proofs = options.proofs ?? createProofMemory()
  const tokens = new BearerVerifier(identity.jwt, clock, proofs, options, options.keys)
  const apiKeys = new ApiKeyTable(identity.apiKeys)
  const anonymous = anonymousCaller(identity)

  function find(auth: unknown): Outcome | Promise<Outcome> {
    if (auth === undefined) return anonymous
    const bearer = readBearer(auth)
    if (bearer !== undefined) return tokens.verify(bearer.token, bearer.evidence)
    const [kind, credential] = readAuth(auth)
    if (kind === 'apiKey' && typeof credential === 'string') {
      return apiKeys.find(credential, clock.now())
    }
    if (kind !== 'custom') {
      return unauthenticated(
        '`auth` has to be `{ bearer }` or `{ apiKey }` with a text, or `{ custom }`',
        '`bearer` may have a `proof: { token, method, url }` of texts and a `certificate`',
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

function checkAuthenticatorOptions(options: AuthenticatorOptions): void {
  isPlainObject('options', options)
  checkGiven(options, {
    clock: isClock,
    authenticator: isFunction,
    readFile: isFunction,
    fetch: isFunction,
  })
}

/** What is compared with no number is never over: without the time nobody is let in. */
function certain(clock: Clock): Clock {
  return {
    monotonic: () => clock.monotonic(),
    now() {
      const now = clock.now()
      if (Number.isFinite(now)) return now
      throw new Error('the clock does not tell the time')
    },
  }
}

/** A token with what may stand beside it; undefined when any of it is not what it has to be. */
function readBearer(
  auth: unknown,
): { readonly token: string; readonly evidence: Evidence } | undefined {
  if (!isObject(auth) || !Object.hasOwn(auth, 'bearer')) return undefined
  const { bearer, proof, certificate, ...others } = auth
  if (typeof bearer !== 'string' || Object.keys(others).length > 0) return undefined
  const request = isObject(proof) ? readRequest(proof) : undefined
  if (proof !== undefined && request === undefined) return undefined
  if (!isCertificate(certificate)) return undefined
  const shown = certificate === undefined ? {} : { certificate }
  return { token: bearer, evidence: { ...(request && { proof: request }), ...shown } }
}

function readRequest(proof: Record<string, unknown>): RequestProof | undefined {
  const { token, method, url } = proof
  const areTexts = isTexts([token, method, url])
  return areTexts ? ({ token, method, url } as unknown as RequestProof) : undefined
}

function isCertificate(value: unknown): value is ClientCertificate | undefined {
  return value === undefined || typeof value === 'string' || value instanceof Uint8Array
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

function unauthenticated(message: string, help: string): Refusal {
  return refuse('unauthenticated', message, help)
}
