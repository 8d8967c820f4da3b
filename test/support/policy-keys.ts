import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { PolicyKey } from '../../src/loading/signature.ts'

export interface KeyPair {
  /** With the private member. */
  readonly secret: PolicyKey
  readonly open: PolicyKey
}

/** A new key pair as JSON Web Keys. */
export function keyPair(kid: string, kind: 'Ed25519' | 'P-256' = 'Ed25519'): KeyPair {
  const { privateKey, publicKey } =
    kind === 'Ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { secret: jwkOf(privateKey, kid), open: jwkOf(publicKey, kid) }
}

function jwkOf(key: KeyObject, kid: string): PolicyKey {
  return { ...key.export({ format: 'jwk' }), kid }
}
