import { isObject, type JsonObject } from '../../base/json.ts'
import type { JwtIssuer } from '../../protocol/identity.ts'
import { decodeBase64url } from './base64url.ts'
import { refuse, type Refusal } from './refusal.ts'

/** The key without which a token is worth nothing (RFC 7800). */
export interface Binding {
  readonly proof: 'dpop' | 'mtls'
  /** SHA-256 in base64url: of a JWK (RFC 7638), or of a certificate in DER (RFC 8705). */
  readonly thumbprint: string
}

const confirmations = { dpop: 'jkt', mtls: 'x5t#S256' } as const

/**
 * What the claim `cnf` binds a token to; undefined where the issuer's entry asks for no proof and
 * the token for none either. A token that is not bound as the entry says, or to more than that, is
 * refused (`token-binding`): half of a proof would be taken for the whole.
 */
export function readBinding(
  claims: JsonObject,
  { proof = 'none' }: JwtIssuer,
): Binding | undefined | Refusal {
  const isBound = Object.hasOwn(claims, 'cnf')
  if (proof === 'none') {
    if (!isBound) return undefined
    return unbound(
      'the token is bound to a key, and no proof of it is taken',
      'state `proof: dpop` or `proof: mtls` for the issuer',
    )
  }
  const name = confirmations[proof]
  const { cnf } = claims
  if (!isBound || !isObject(cnf) || !Object.hasOwn(cnf, name)) {
    return unbound('the token is not bound to a key', `ask the issuer for one with \`${name}\``)
  }
  if (Object.keys(cnf).length > 1) return unbound('the token is bound in more than one way')
  const thumbprint = cnf[name]
  const digest = typeof thumbprint === 'string' ? decodeBase64url(thumbprint) : undefined
  if (digest?.length !== 32) return unbound(`\`${name}\` of the token is not a SHA-256`)
  return { proof, thumbprint: thumbprint as string }
}

export function unbound(message: string, help?: string): Refusal {
  return refuse('token-binding', message, help)
}
