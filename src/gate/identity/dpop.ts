import { hash } from 'node:crypto'
import type { ErrorCode } from '../../base/codes.ts'
import { isObject, type JsonObject } from '../../base/json.ts'
import { isSymmetric, algorithms } from './algorithms.ts'
import { unbound } from './binding.ts'
import { readTime } from './claims.ts'
import { readProofKey, type VerificationKey } from './key-set.ts'
import type { ProofMemory } from './proof-memory.ts'
import { refuse, type Refusal } from './refusal.ts'
import { requestTarget } from './request-target.ts'
import { maxTokenLength, parseObject, parseToken, type ParsedToken } from './token.ts'

/** The request with which a caller proved to hold the key of its token, as the host received it. */
export interface RequestProof {
  /** The header `DPoP`: one signed JWT. */
  readonly token: string
  readonly method: string
  /** Absolute, as the caller addresses the host, whatever stands between them. */
  readonly url: string
}

/** What a proof has to be about. */
export interface ProofDemand {
  /** RFC 7638 thumbprint of the key the token is bound to. */
  readonly thumbprint: string
  /** SHA-256 of the token in base64url. */
  readonly tokenHash: string
  readonly issuer: string
  readonly subject: string
  readonly clockSkewMs: number
}

/** How far from now `iat` may be, beside the clock skew of the issuer. */
const windowMs = 60_000

/**
 * Undefined if a DPoP proof is one of this very request, token and key (RFC 9449 section 4.3), and
 * is accepted for the first time. Proofs may have any asymmetric algorithm the library knows. The
 * refusals have the `token-proof-` codes and `token-binding`.
 *
 * The key is compared with that of the token before anything is done with it, so that nobody can
 * have signatures verified by a key of their choice; a proof is remembered only when all else is right.
 */
export async function checkProof(
  proof: RequestProof | undefined,
  demand: ProofDemand,
  memory: ProofMemory,
  now: () => number,
): Promise<Refusal | undefined> {
  if (proof === undefined) return missing()
  if (proof.token.length > maxTokenLength) {
    return invalid(`is longer than ${maxTokenLength} characters`)
  }
  const parsed = parseToken(proof.token)
  if (!parsed.ok) return invalid('is not one signed JWT in compact form, without extensions')
  if (parsed.typ !== 'dpop+jwt') return invalid('is not of the type `dpop+jwt`')
  const key = await findKey(parsed, demand.thumbprint)
  if (!key.ok) return key
  if (!key.verify(parsed.signed, parsed.signature)) {
    return refuse('token-proof-signature', 'the signature of the proof is wrong')
  }
  const claims = parseObject(parsed.payload)
  if (claims === undefined) return invalid('has claims that are not acceptable JSON')
  return checkRequest(claims, proof, demand) ?? useOnce(claims, demand, memory, now())
}

function missing(): Refusal {
  return refuse(
    'token-proof-missing',
    'the token counts only with a proof of the key it is bound to',
    'pass `auth: { bearer, proof: { token, method, url } }` with the header `DPoP` of the request; a token alone, as with `--token`, is not enough',
  )
}

function invalid(problem: string): Refusal {
  return refuse('token-proof-invalid', `the proof ${problem}`)
}

async function findKey(
  { algorithm, header }: ParsedToken,
  thumbprint: string,
): Promise<VerificationKey | Refusal> {
  if (!algorithms.has(algorithm) || isSymmetric(algorithm)) {
    return refuse(
      'token-proof-algorithm',
      'the algorithm of the proof is not allowed',
      'sign proofs with a private key, such as by `ES256`',
    )
  }
  const jwk = Object.hasOwn(header, 'jwk') ? header['jwk'] : undefined
  if (!isObject(jwk)) return unusable('there is none in its header')
  const key = await readProofKey(jwk, algorithm, thumbprint)
  if (key === undefined) return unbound('the token is bound to another key than that of the proof')
  return typeof key === 'string' ? unusable(key) : key
}

function unusable(problem: string): Refusal {
  return refuse('token-proof-key', `the key of the proof cannot be trusted: ${problem}`)
}

function checkRequest(
  claims: JsonObject,
  { method, url }: RequestProof,
  { tokenHash }: ProofDemand,
): Refusal | undefined {
  const target = requestTarget(url)
  if (target === undefined) return invalid('came with a `url` that is not an absolute http URL')
  if (claims['htm'] !== method) return otherwise('request', 'is for another method')
  if (requestTarget(claims['htu']) !== target) return otherwise('request', 'is for another URL')
  return claims['ath'] === tokenHash ? undefined : otherwise('token', 'is for another token')
}

function otherwise(about: 'request' | 'token' | 'time', problem: string): Refusal {
  const code: ErrorCode = `token-proof-${about}`
  return refuse(code, `the proof ${problem}`, 'make a new proof for each request')
}

function useOnce(
  claims: JsonObject,
  { thumbprint, issuer, subject, clockSkewMs }: ProofDemand,
  memory: ProofMemory,
  now: number,
): Refusal | undefined {
  const { jti } = claims
  const [issuedAt, expires, begins] = ['iat', 'exp', 'nbf'].map((name) => readTime(claims, name))
  if (typeof jti !== 'string' || jti === '') return invalid('has no `jti`')
  if (typeof issuedAt !== 'number') return invalid('has no `iat` in seconds')
  if (expires === null || begins === null) return invalid('has a time that is no number of seconds')
  const until = Math.min(issuedAt + windowMs, expires ?? Infinity) + clockSkewMs
  const from = Math.max(issuedAt - windowMs, begins ?? 0) - clockSkewMs
  if (now >= until || now < from) return otherwise('time', 'was not made now')
  const seen = {
    id: digestOf(thumbprint, jti),
    owner: digestOf(issuer, subject),
    issuer,
    issuedAt,
    until: issuedAt + windowMs + clockSkewMs,
  }
  switch (memory.remember(seen, now)) {
    case 'accepted':
      return undefined
    case 'replayed':
      return refuse('token-proof-replayed', 'the proof was used before', 'make a new one')
    case 'expired':
      return otherwise('time', 'was not made now')
    default:
      return refuse('token-proof-limit', 'there are more proofs than can be remembered')
  }
}

/** Of fixed size, however long the texts are. */
function digestOf(...texts: readonly string[]): string {
  return hash('sha256', JSON.stringify(texts), 'base64url')
}
