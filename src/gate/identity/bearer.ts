import type { Clock } from '../../base/clock.ts'
import type { JsonObject } from '../../base/json.ts'
import type { JwtIssuer } from '../../protocol/identity.ts'
import { readBinding } from './binding.ts'
import { checkCertificate, type ClientCertificate } from './certificate.ts'
import { acceptClaims, type AcceptedCaller } from './claims.ts'
import { checkProof, type RequestProof } from './dpop.ts'
import { keyOrigin, type KeyAccess } from './key-origin.ts'
import type { KeySet } from './key-set.ts'
import { KeySource, type KeySourceLimits } from './key-source.ts'
import type { ProofMemory } from './proof-memory.ts'
import { refuse, type Refusal } from './refusal.ts'
import { TokenCache, tokenHash, type VerifiedToken } from './token-cache.ts'
import {
  malformed,
  maxTokenLength,
  parseObject,
  parseToken,
  verifyToken,
  type ParsedToken,
} from './token.ts'

/** What a caller brings beside its token to prove that it may use it. */
export interface Evidence {
  readonly proof?: RequestProof
  readonly certificate?: ClientCertificate
}

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
  readonly #proofs: ProofMemory
  readonly #cache = new TokenCache()

  constructor(
    issuers: readonly JwtIssuer[],
    clock: Clock,
    proofs: ProofMemory,
    access: KeyAccess,
    limits: KeySourceLimits | undefined,
  ) {
    this.#clock = clock
    this.#proofs = proofs
    this.#issuers = new Map(
      issuers.map((configuration) => {
        const source = new KeySource(keyOrigin(configuration, access), clock, limits)
        return [configuration.issuer, { configuration, source }]
      }),
    )
  }

  /**
   * Refusals have the `token-` codes and `key-set-unavailable`. A known token needs no waiting,
   * unless it takes a proof, which is looked at every time.
   */
  verify(
    bearer: string,
    evidence: Evidence,
  ): AcceptedCaller | Refusal | Promise<AcceptedCaller | Refusal> {
    if (bearer.length > maxTokenLength) {
      return malformed(`is longer than ${maxTokenLength} characters`)
    }
    const key = tokenHash(bearer)
    const known = this.#cache.get(key, this.#clock.now())
    if (known !== undefined) return this.#prove(known, key, evidence)
    return this.#verifyUnknown(bearer, key).then((token) =>
      token.ok ? this.#prove(token, key, evidence) : token,
    )
  }

  #prove(
    { caller, issuer, binding }: VerifiedToken,
    hash: string,
    { proof, certificate }: Evidence,
  ): AcceptedCaller | Refusal | Promise<AcceptedCaller | Refusal> {
    if (binding === undefined) return caller
    const { thumbprint } = binding
    if (binding.proof === 'mtls') return checkCertificate(certificate, thumbprint) ?? caller
    const { subject } = caller.principal
    const { issuer: name, clockSkewMs } = issuer
    const demand = { thumbprint, tokenHash: hash, issuer: name, subject, clockSkewMs }
    const checked = checkProof(proof, demand, this.#proofs, () => this.#clock.now())
    return checked.then((refusal) => refusal ?? caller)
  }

  async #verifyUnknown(bearer: string, key: string): Promise<VerifiedToken | Refusal> {
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
    if (!caller.ok) return caller
    const binding = readBinding(claims, configuration)
    if (binding !== undefined && 'error' in binding) return binding
    const verified = { ok: true, caller, issuer: configuration, binding } as const
    this.#cache.set(key, { ...verified, source, keys })
    return verified
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
