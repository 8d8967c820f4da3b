import { hash } from 'node:crypto'
import { unbound } from './binding.ts'
import { refuse, type Refusal } from './refusal.ts'

/** `sha256:` and 64 hexadecimal digits of the SHA-256 of the certificate in DER, or that DER. */
export type ClientCertificate = string | Uint8Array

/**
 * Undefined if the certificate with which the caller made its connection is the one its token is
 * bound to (RFC 8705 section 3). The host's TLS layer has verified that the caller has its key.
 */
export function checkCertificate(
  certificate: ClientCertificate | undefined,
  thumbprint: string,
): Refusal | undefined {
  if (certificate === undefined) {
    return refuse(
      'token-proof-missing',
      'the token counts only with the certificate it is bound to',
      'pass `auth: { bearer, certificate }` with the client certificate that the TLS layer verified; a token alone, as with `--token`, is not enough',
    )
  }
  const digest = digestOf(certificate)
  if (digest === undefined) {
    return refuse(
      'token-proof-invalid',
      'the certificate is neither DER nor `sha256:` and 64 hexadecimal digits',
    )
  }
  return digest === thumbprint ? undefined : unbound('the token is bound to another certificate')
}

function digestOf(certificate: ClientCertificate): string | undefined {
  if (typeof certificate === 'string') {
    const [, digits] = /^sha256:([0-9a-f]{64})$/.exec(certificate) ?? []
    return digits === undefined ? undefined : Buffer.from(digits, 'hex').toString('base64url')
  }
  return certificate.length === 0 ? undefined : hash('sha256', certificate, 'base64url')
}
