import { createHash, generateKeyPairSync } from 'node:crypto'
import { calculateJwkThumbprint, SignJWT, type JWK } from 'jose'
import type { AuthenticatorOptions, AuthResult } from '../../../src/gate/authenticate.ts'
import type { JwtIssuer } from '../../../src/protocol/identity.ts'
import {
  claimsOf,
  publicJwk,
  signToken,
  start,
  tokenDesk,
  type Desk,
  type KeyPair,
} from './authenticate-fixtures.ts'

/** The key the caller holds. */
export const callerPair: KeyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' })

export const request = { method: 'POST', url: 'https://desk.example/support' }

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

export async function thumbprintOf(pair: KeyPair): Promise<string> {
  return calculateJwkThumbprint(publicJwk(pair) as JWK)
}

/** A token whose `cnf` is that of the caller's key, unless it says otherwise. */
export async function boundToken(members: object = {}, pair = callerPair): Promise<string> {
  const cnf = { jkt: await thumbprintOf(pair) }
  return signToken({ claims: claimsOf({ cnf, ...members }) })
}

export interface ProofParts {
  readonly header?: object
  readonly claims?: object
  readonly pair?: KeyPair
}

let made = 0

export function proofHeader(header: object = {}, pair = callerPair): object {
  return { typ: 'dpop+jwt', alg: 'ES256', jwk: publicJwk(pair), ...header }
}

export function proofClaims(bearer: string, claims: object = {}): object {
  const { method: htm, url: htu } = request
  return { jti: `proof-${++made}`, htm, htu, iat: start, ath: hashOf(bearer), ...claims }
}

/** A proof signed by jose. */
export async function proofOf(bearer: string, parts: ProofParts = {}): Promise<string> {
  const { header, claims, pair = callerPair } = parts
  const given = JSON.parse(JSON.stringify(proofClaims(bearer, claims)))
  const members = proofHeader(header, pair) as { alg: string }
  return new SignJWT(given).setProtectedHeader(members).sign(pair.privateKey)
}

export interface ProofDesk extends Desk {
  /** The code of the refusal, or `ok`, for a proof of the one request. */
  proven(bearer: string, proof?: string, asked?: Partial<typeof request>): Promise<string>
}

export function codeOf(result: AuthResult): string {
  return result.ok ? 'ok' : result.error.code
}

/** A desk whose one issuer demands `proof: dpop`. */
export function proofDesk(
  issuer: Partial<JwtIssuer> = {},
  options: Partial<AuthenticatorOptions> = {},
): ProofDesk {
  const desk = tokenDesk({ proof: 'dpop', clockSkewMs: 0, ...issuer }, options)
  return {
    ...desk,
    async proven(bearer, proof, asked) {
      const token = proof ?? (await proofOf(bearer))
      return codeOf(await desk.authenticate({ bearer, proof: { token, ...request, ...asked } }))
    },
  }
}
