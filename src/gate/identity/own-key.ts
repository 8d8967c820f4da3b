import { messageOf, SallyportError } from '../../base/errors.ts'
import { isObject, parseJson, type JsonObject } from '../../base/json.ts'
import { shorten } from '../../base/text.ts'
import { decodeBase64url, decodeUtf8 } from './base64url.ts'

/** A JSON Web Key (RFC 7517) of the operator, for things that this library signs itself. */
export type OwnKey = Readonly<Record<string, unknown>>

/** By `kty` and `crv`: RFC 8037 section 3.1, RFC 7518 section 3.4. */
const algorithms: Readonly<Record<string, string>> = { 'OKP Ed25519': 'EdDSA', 'EC P-256': 'ES256' }

/** What its signatures name a key by. Throws `bad-option` for keys that cannot be used. */
export function checkOwnKey(
  key: OwnKey,
  what: string,
): { readonly alg: string; readonly kid: string } {
  const { kty, crv, kid } = isObject(key) ? key : {}
  const name = `${String(kty)} ${String(crv)}`
  if (!Object.hasOwn(algorithms, name)) {
    throw new SallyportError('bad-option', `${what} is not a key for signatures`, {
      help: 'use a JSON Web Key for Ed25519 (`kty` OKP) or P-256 (`kty` EC)',
    })
  }
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) {
    throw new SallyportError('bad-option', `${what} has no \`kid\``, {
      help: 'give it an id of up to 256 characters: signatures name their key by it',
    })
  }
  return { alg: algorithms[name]!, kid }
}

/** Throws `bad-option` for keys that cannot verify, or that cannot be told apart. */
export function checkPublicKeys(keys: readonly OwnKey[]): void {
  if (!Array.isArray(keys)) {
    throw new SallyportError('bad-option', '`keys` is not a list of keys', {
      help: 'pass an array of JSON Web Keys, each with a `kid`',
    })
  }
  const ids = new Set<string>()
  for (const [index, key] of keys.entries()) {
    const { kid } = checkOwnKey(key, `\`keys[${index}]\``)
    if (key['d'] !== undefined) {
      throw new SallyportError('bad-option', `\`keys[${index}]\` is a private key`, {
        help: 'verifying needs the public key only: leave the member `d` where things are signed',
      })
    }
    if (ids.has(kid)) {
      throw new SallyportError('bad-option', `two keys have the id \`${shorten(kid, 64)}\``, {
        help: 'give each key a `kid` of its own: signatures name their key by it',
      })
    }
    ids.add(kid)
  }
}

/**
 * A compact JWS (RFC 7515 section 7.1) whose protected header is exactly `alg`, `kid` and `typ`;
 * `typ` tells it from anything else the same key may sign.
 */
export async function signCompact(
  payload: Uint8Array,
  { key, type }: { readonly key: OwnKey; readonly type: string },
): Promise<string> {
  const { alg, kid } = checkOwnKey(key, 'the signing key')
  if (typeof key['d'] !== 'string') {
    throw new SallyportError('bad-option', 'the signing key is a public key', {
      help: 'signing needs the private key, which has the member `d`',
    })
  }
  const [{ CompactSign }, { importJWK }] = await Promise.all([
    import('jose/jws/compact/sign'),
    import('jose/key/import'),
  ])
  try {
    const { kty, crv, x, y, d } = key
    const members = Object.entries({ kty, crv, x, y, d }).filter(([, member]) => member)
    const imported = await importJWK(Object.fromEntries(members) as { kty: string }, alg)
    return await new CompactSign(payload).setProtectedHeader({ alg, kid, typ: type }).sign(imported)
  } catch (error) {
    throw new SallyportError('bad-option', `the signing key cannot be used: ${messageOf(error)}`, {
      help: 'pass a whole private JSON Web Key, as it was made',
    })
  }
}

/** The protected header of a signature that is ours. */
export interface OwnHeader {
  readonly alg: string
  readonly kid: string
}

/** Exactly the three members that are written: an extension would not be understood. */
export function readOwnHeader(encoded: string, type: string): OwnHeader | undefined {
  const bytes = decodeBase64url(encoded)
  const parsed = parseJson((bytes && decodeUtf8(bytes)) ?? '')
  if (!parsed.ok || !isObject(parsed.value)) return undefined
  const { alg, kid, typ, ...others } = parsed.value as JsonObject
  const known = typ === type && Object.keys(others).length === 0
  return known && typeof alg === 'string' && typeof kid === 'string' ? { alg, kid } : undefined
}
