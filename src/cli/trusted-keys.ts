import { SallyportError } from '../base/errors.ts'
import { isObject, parseJson } from '../base/json.ts'
import type { OwnKey } from '../gate/identity/own-key.ts'
import { readText } from './files.ts'

/**
 * The keys of a file that sign, or by which signatures are checked. A key without a `kid` goes by its
 * thumbprint (RFC 7638), which is the same for both halves of a pair, as the runtime names one that
 * it signs with.
 */
export async function readTrustedKeys(path: string): Promise<readonly OwnKey[]> {
  const keys = await readKeys(path)
  return Promise.all(keys.map(async (key) => (key['kid'] === undefined ? named(key) : key)))
}

/** The key of a file that holds one only. Throws `bad-option` and `bad-file`. */
export async function readOnlyKey(path: string): Promise<OwnKey> {
  const [key, ...others] = await readTrustedKeys(path)
  if (key !== undefined && others.length === 0) return key
  throw new SallyportError('bad-option', `\`${path}\` holds more than one key`, {
    help: 'name a file with the one key that signs',
  })
}

/** What is no key is told of where it is used. */
async function named(key: OwnKey): Promise<OwnKey> {
  const { calculateJwkThumbprint } = await import('jose/jwk/thumbprint')
  try {
    return { ...key, kid: await calculateJwkThumbprint(key as { kty: string }) }
  } catch {
    return key
  }
}

/**
 * The keys of a file: one JSON Web Key or a set of them (RFC 7517 section 5). Nothing of the file
 * is repeated in messages, since it may hold a private key.
 */
async function readKeys(path: string): Promise<readonly OwnKey[]> {
  const parsed = parseJson(await readText(path))
  const value = parsed.ok ? parsed.value : undefined
  if (isObject(value)) {
    const { keys = [value] } = value
    if (Array.isArray(keys) && keys.length > 0 && keys.every((key) => isObject(key))) {
      return keys as readonly OwnKey[]
    }
  }
  throw new SallyportError('bad-option', `\`${path}\` holds no JSON Web Key`, {
    help: 'it holds one JSON object with `kty`, `crv`, `kid` and `x`, or `keys` with a list of them',
  })
}
