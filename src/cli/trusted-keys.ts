import type { OwnKey } from '../gate/identity/own-key.ts'
import { readPolicyKeys } from './policy.ts'

/**
 * The public keys of a file, by which signatures are checked. A key without a `kid` goes by its
 * thumbprint (RFC 7638), as the runtime names one that it signs with.
 */
export async function readTrustedKeys(path: string): Promise<readonly OwnKey[]> {
  const keys = await readPolicyKeys(path)
  const { calculateJwkThumbprint } = await import('jose/jwk/thumbprint')
  return Promise.all(
    keys.map(async (key) => {
      if (key['kid'] !== undefined || typeof key['kty'] !== 'string') return key
      return { ...key, kid: await calculateJwkThumbprint(key as { kty: string }) }
    }),
  )
}
