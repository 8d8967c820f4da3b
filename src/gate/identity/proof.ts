import { hash, type JsonWebKey } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { canonicalJson } from '../../base/digest.ts'
import { isObject, type JsonObject } from '../../base/json.ts'
import { algorithms, isSymmetric } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import { readKeySet } from './key-set.ts'
import { refuse, type Refusal } from './refusal.ts'
import { parseObject, parseToken, verifyToken, type ParsedToken } from './token.ts'

/** A token with the proof that whoever brings it has its key (RFC 9449). */
export interface ProvenToken {
  /** What came in `Authorization: DPoP`. */
  readonly token: string
  /** What came in the header `DPoP`. */
  readonly proof: string
  /** Method and URL of the request they came with. */
  readonly method: string
  readonly url: string
}

const maxLength = 8 * 1024
const maxAgeMs = 60_000
const maxRemembered = 100_000
const maxIdLength = 256

/** Members of a public key that its thumbprint is made of (RFC 7638 section 3.2, RFC 8037). */
const thumbprintMembers: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

interface Proof {
  readonly parsed: ParsedToken
  readonly jwk: JsonObject
  readonly claims: JsonObject
}

/**
 * Checks proofs of possession. A proof is of a known public-key algorithm, made by the key the
 * token is bound to, for this token, method and URL (without query and fragment), at most a minute
 * and the clock skew old, and good for one use: at most 100,000 proofs are remembered, beyond them
 * none is accepted until some are too old. Refusals have the code `token-proof`.
 */
export class ProofVerifier {
  readonly #clock: Clock
  /** Used proofs, by digest, until when each would be accepted; the oldest first. */
  readonly #used = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Undefined when the proof is right; it is used up then. `thumbprint` is that of the token. */
  async check(
    given: ProvenToken,
    thumbprint: string,
    clockSkewMs: number,
  ): Promise<Refusal | undefined> {
    const proof = readProof(given.proof)
    if ('error' in proof) return proof
    const problem =
      claimProblem(proof.claims, given) ??
      this.#timeProblem(proof.claims, clockSkewMs) ??
      (thumbprintOf(proof.jwk) === thumbprint ? undefined : 'was made by another key')
    if (problem !== undefined) return wrong(problem)
    const forged = await checkSignature(proof)
    return forged ?? this.#use(proof.claims, thumbprint, clockSkewMs)
  }

  #timeProblem({ iat }: JsonObject, clockSkewMs: number): string | undefined {
    if (typeof iat !== 'number') return 'does not say when it was made'
    const age = this.#clock.now() - iat * 1000
    // also when either is not a number
    const isNow = age <= maxAgeMs + clockSkewMs && age >= -clockSkewMs
    return isNow ? undefined : 'was not made just now'
  }

  #use({ jti, iat }: JsonObject, thumbprint: string, clockSkewMs: number): Refusal | undefined {
    const now = this.#clock.now()
    for (const [key, until] of this.#used) {
      if (until >= now) break
      this.#used.delete(key)
    }
    const key = hash('sha256', JSON.stringify([thumbprint, jti]), 'base64url')
    if (this.#used.has(key)) return wrong('was used before')
    if (this.#used.size >= maxRemembered) return wrong('cannot be remembered: there are too many')
    this.#used.set(key, (iat as number) * 1000 + maxAgeMs + clockSkewMs)
    return undefined
  }
}

function readProof(text: string): Proof | Refusal {
  if (text.length > maxLength) return wrong(`is longer than ${maxLength} characters`)
  const parsed = parseToken(text)
  const header = decodeBase64url(text.split('.', 1)[0]!)
  const members = header === undefined ? undefined : parseObject(header)
  if (!parsed.ok || members === undefined) return wrong('is no well-formed compact JWS')
  const { alg, jwk, typ } = members
  if (typ !== 'dpop+jwt') return wrong('is not of the type `dpop+jwt`')
  if (typeof alg !== 'string' || !algorithms.has(alg) || isSymmetric(alg)) {
    return wrong('is not signed with a public-key algorithm')
  }
  const claims = parseObject(parsed.payload)
  if (claims === undefined) return wrong('has claims that are not acceptable JSON')
  return isObject(jwk) ? { parsed, jwk: jwk as JsonObject, claims } : wrong('brings no key')
}

function claimProblem(
  { ath, htm, htu, jti }: JsonObject,
  { method, token, url }: ProvenToken,
): string | undefined {
  if (typeof jti !== 'string' || jti === '' || jti.length > maxIdLength)
    return 'has no usable `jti`'
  if (htm !== method) return 'is for another method'
  const target = placeOf(htu)
  if (target === undefined || target !== placeOf(url)) return 'is for another URL'
  return ath === hash('sha256', token, 'base64url') ? undefined : 'is for another token'
}

/** Scheme, host, port and path in one form (RFC 9449 section 4.3). */
function placeOf(url: unknown): string | undefined {
  const parsed = typeof url === 'string' ? URL.parse(url) : null
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return undefined
  return `${parsed.origin}${parsed.pathname}`
}

/** The SHA-256 thumbprint of a public key (RFC 7638); undefined for other kinds of keys. */
function thumbprintOf(jwk: JsonObject): string | undefined {
  const { kty } = jwk as JsonWebKey
  const names = Object.hasOwn(thumbprintMembers, kty ?? '') ? thumbprintMembers[kty!]! : []
  if (names.length === 0 || !names.every((name) => typeof jwk[name] === 'string')) return undefined
  const members = Object.fromEntries(names.map((name) => [name, jwk[name]!]))
  return hash('sha256', canonicalJson(members), 'base64url')
}

/** By the key that the proof brings: only a key set tells weak, private and misused keys. */
async function checkSignature({ jwk, parsed }: Proof): Promise<Refusal | undefined> {
  const keys = await readKeySet(JSON.stringify({ keys: [jwk] }), [parsed.algorithm], false)
  if (!keys.ok) return wrong('brings a key that cannot be used')
  return verifyToken({ ...parsed, kid: undefined }, keys) && wrong('is not signed by its key')
}

function wrong(problem: string): Refusal {
  return refuse(
    'token-proof',
    `the proof of possession ${problem}`,
    'make a new proof for each request, with the key the token is bound to (RFC 9449)',
  )
}
