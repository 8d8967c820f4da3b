import {
  createHmac,
  createSecretKey,
  KeyObject,
  timingSafeEqual,
  verify,
  type webcrypto,
} from 'node:crypto'
import type { JWK } from 'jose'
import { algorithms } from './algorithms.ts'

/** True if `signature` is that of `data`; never throws. */
export type SignatureCheck = (data: Uint8Array, signature: Uint8Array) => boolean

/**
 * Imports a public JWK for one algorithm; rejects when it is not a valid key. Only the members that
 * make up the key are handed on, so that nothing else in the JWK has a say. The import of jose
 * waits for the first key.
 *
 * The check itself is a plain call of node:crypto: token, algorithm and key have been matched
 * before, and handing a task of a tenth of a millisecond to another thread costs half as much
 * again. A token is checked once and then remembered.
 */
export async function importPublicKey(
  jwk: Readonly<Record<string, unknown>>,
  algorithm: string,
): Promise<SignatureCheck> {
  const { importJWK } = await import('jose/key/import')
  const { kty, crv, n, e, x, y } = jwk as JWK
  const members = Object.entries({ kty, crv, n, e, x, y })
  const present = Object.fromEntries(members.filter(([, member]) => member !== undefined))
  const imported = (await importJWK(present, algorithm)) as webcrypto.CryptoKey
  const { hash, options } = algorithms.get(algorithm)!
  const key = { key: KeyObject.from(imported), ...options }
  return (data, signature) => {
    try {
      return verify(hash, data, key, signature)
    } catch {
      return false
    }
  }
}

/** Imports a shared secret for one algorithm. */
export function importSecret(secret: Uint8Array, algorithm: string): SignatureCheck {
  const key = createSecretKey(secret)
  const { hash } = algorithms.get(algorithm)!
  return (data, signature) => {
    const expected = createHmac(hash!, key).update(data).digest()
    return expected.length === signature.length && timingSafeEqual(expected, signature)
  }
}
