import type { Clock } from '../../base/clock.ts'
import type { JsonObject } from '../../base/json.ts'
import type { JwtIssuer } from '../../protocol/identity.ts'
import { acceptClaims, type AcceptedCaller } from './claims.ts'
import { keyOrigin, type KeyAccess } from './key-origin.ts'
import type { KeySet } from './key-set.ts'
import { KeySource, type KeySourceLimits } from './key-source.ts'
import { ProofVerifier, type ProvenToken } from './proof.ts'
import { refuse, type Refusal } from './refusal.ts'
import { cacheKey, TokenCache } from './token-cache.ts'
import { malformed, parseObject, parseToken, verifyToken, type ParsedToken } from './token.ts'

/** Longest accepted token, in characters. */
const maxTokenLength = 16 * 1024

interface TrustedIssuer {
  readonly configuration: JwtIssuer
  readonly source: KeySource
}

/**
 * Verifies JSON Web Tokens (RFC 7519, RFC 8725, RFC 9068) of the issuers a policy trusts. Issuer,
 * algorithm and key are chosen by the policy; a token only has to agree with it.
 */
export class BearerVerifier {
  readonly #issuers: ReadonlyMap<unknown, TrustedIssuer>
  readonly #clock: Clock
  readonly #cache = new TokenCache()
  readonly #proofs: ProofVerifier

  constructor(
    issuers: readonly JwtIssuer[],
    clock: Clock,
    access: KeyAccess,
    limits: KeySourceLimits | undefined,
  ) {
    this.#clock = clock
    this.#proofs = new ProofVerifier(clock)
    this.#issuers = new Map(
      issuers.map((configuration) => {
        const source = new KeySource(keyOrigin(configuration, access), clock, limits)
        return [configuration.issuer, { configuration, source }]
      }),
    )
  }

  /** Refusals have the `token-` codes and `key-set-unavailable`. A known token needs no waiting. */
  verify(bearer: string): AcceptedCaller | Refusal | Promise<AcceptedCaller | Refusal> {
    const caller = this.#find(bearer)
    return caller instanceof Promise ? caller.then(withoutProof) : withoutProof(caller)
  }

  /** A token whose issuer demands that whoever brings it proves to have its key. */
  async verifyProven(given: ProvenToken): Promise<AcceptedCaller | Refusal> {
    const caller = await this.#find(given.token)
    if (!caller.ok) return caller
    const issuer = this.#issuers.get(caller.principal.issuer)?.configuration
    if (issuer === undefined || caller.boundTo === undefined) {
      return refuse(
        'token-proof',
        'the issuer of the token demands no proof',
        'pass `{ bearer }`, or write `proof: dpop` for the issuer',
      )
    }
    return (await this.#proofs.check(given, caller.boundTo, issuer.clockSkewMs)) ?? caller
  }

  #find(bearer: string): AcceptedCaller | Refusal | Promise<AcceptedCaller | Refusal> {
    if (bearer.length > maxTokenLength) {
      return malformed(`is longer than ${maxTokenLength} characters`)
    }
    const key = cacheKey(bearer)
    return this.#cache.get(key, this.#clock.now()) ?? this.#verifyUnknown(bearer, key)
  }

  async #verifyUnknown(bearer: string, key: string): Promise<AcceptedCaller | Refusal> {
    const token = parseToken(bearer)
    if (!token.ok) return token
    const claims = parseObject(token.payload)
    if (claims === undefined) return malformed('has claims that are not acceptable JSON')
    const issuer = this.#issuerOf(claims)
    if (!('source' in issuer)) return issuer
    const { configuration, source } = issuer
    const keys = checkHeader(token, configuration) ?? (await verifySignature(token, source))
    if (!keys.ok) return keys
    const caller = acceptClaims(claims, configuration, this.#clock.now())
    if (caller.ok) this.#cache.set(key, { caller, source, keys })
    return caller
  }

  /** The issuer by equality of its name, as the token claims it; its own keys must bear that out. */
  #issuerOf(claims: JsonObject): TrustedIssuer | Refusal {
    const issuer = Object.hasOwn(claims, 'iss') ? this.#issuers.get(claims['iss']) : undefined
    if (issuer !== undefined) return issuer
    return refuse(
      'token-issuer',
      'the issuer of the token is not trusted',
      'name the issuer under `identity.jwt` of the policy, exactly as in the claim `iss`',
    )
  }
}

/** A token that is bound to a key is no bearer token. */
function withoutProof(caller: AcceptedCaller | Refusal): AcceptedCaller | Refusal {
  if (!caller.ok || caller.boundTo === undefined) return caller
  return refuse(
    'token-proof',
    'the token came without a proof of possession',
    'pass `auth: { dpop: { token, proof, method, url } }`',
  )
}

function checkHeader(token: ParsedToken, issuer: JwtIssuer): Refusal | undefined {
  if (!issuer.algorithms.includes(token.algorithm)) {
    return refuse(
      'token-algorithm',
      'the algorithm of the token is not allowed',
      `this issuer may use ${issuer.algorithms.map((name) => `\`${name}\``).join(', ')}`,
    )
  }
  if (issuer.typ === undefined) return undefined
  if (token.typ !== undefined && mediaType(token.typ) === mediaType(issuer.typ)) return undefined
  return refuse('token-type', `the token is not of the type \`${issuer.typ}\``)
}

/** RFC 7515 section 4.1.9: without a slash `application/` is meant; case does not matter. */
function mediaType(typ: string): string {
  const lower = typ.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return lower.includes('/') ? lower : `application/${lower}`
}

/** The keys that bear the signature out; a key that is not known yet is looked for once. */
async function verifySignature(token: ParsedToken, source: KeySource): Promise<KeySet | Refusal> {
  const keys = source.current() ?? (await source.load())
  if (!keys.ok) return keys
  const refusal = verifyToken(token, keys)
  if (refusal === undefined) return keys
  if (refusal.error.code !== 'token-key-unknown') return refusal
  const renewed = await source.reload(keys)
  if (!renewed.ok) return renewed
  if (renewed === keys) return refusal
  return verifyToken(token, renewed) ?? renewed
}
