import { constants, type SigningOptions } from 'node:crypto'

/** What a signature algorithm demands of its key (RFC 7518 section 3.1, RFC 8037, RFC 9864). */
export interface Algorithm {
  readonly keyType: 'oct' | 'RSA' | 'EC' | 'OKP'
  readonly curve?: string
  /** Left out where the algorithm brings its own. */
  readonly hash?: string
  /** Shortest shared secret: the size of the hash (RFC 7518 section 3.2). */
  readonly minKeyBytes?: number
  /** How node:crypto has to read the signature. */
  readonly options?: SigningOptions
}

/**
 * Everything a token may be signed with. `none` is not an algorithm, and what is not listed is not
 * known. Names are compared exactly.
 */
export const algorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ...([256, 384, 512] as const).flatMap(algorithmsOfHash),
  ['ES256', ellipticCurve('P-256', 'sha256')],
  ['ES384', ellipticCurve('P-384', 'sha384')],
  ['ES512', ellipticCurve('P-521', 'sha512')],
  ['EdDSA', { keyType: 'OKP', curve: 'Ed25519' }],
  ['Ed25519', { keyType: 'OKP', curve: 'Ed25519' }],
])

function algorithmsOfHash(bits: 256 | 384 | 512): [string, Algorithm][] {
  const hash = `sha${bits}`
  const pss = {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  }
  return [
    [`HS${bits}`, { keyType: 'oct', hash, minKeyBytes: bits / 8 }],
    [`RS${bits}`, { keyType: 'RSA', hash, options: { padding: constants.RSA_PKCS1_PADDING } }],
    [`PS${bits}`, { keyType: 'RSA', hash, options: pss }],
  ]
}

/** Two numbers of fixed size one after the other (RFC 7518 section 3.4), never DER. */
function ellipticCurve(curve: string, hash: string): Algorithm {
  return { keyType: 'EC', curve, hash, options: { dsaEncoding: 'ieee-p1363' } }
}

export function isSymmetric(algorithm: string): boolean {
  return algorithms.get(algorithm)?.keyType === 'oct'
}
