import { shorten } from '../base/text.ts'
import { decodeBase64url } from '../gate/identity/base64url.ts'
import { checkOwnKey, readOwnHeader, type OwnKey } from '../gate/identity/own-key.ts'
import { importPublicKey } from '../gate/identity/signature.ts'
import type { Fault } from './verification.ts'

export interface SignedPayload {
  readonly payload: Uint8Array
  /** Id of the key that has signed it. */
  readonly keyId: string
}

/**
 * Reads a compact JWS that `signCompact` has made, with keys that are trusted; never with what it
 * says of keys itself. `type` is its `typ`, `what` names it in messages.
 */
export async function readSignedPayload(
  text: string,
  keys: readonly OwnKey[],
  { type, what }: { readonly type: string; readonly what: string },
): Promise<SignedPayload | Fault> {
  const [encodedHeader = '', encodedPayload = '', encodedSignature = '', ...more] = text.split('.')
  const header = readOwnHeader(encodedHeader, type)
  const signature = decodeBase64url(encodedSignature)
  const payload = decodeBase64url(encodedPayload)
  if (more.length > 0 || !header || !signature || !payload) return forged(`${what} is damaged`)
  const key = keys.find(({ kid }) => kid === header.kid)
  if (key === undefined) {
    const message = `${what} is signed with the key \`${shorten(header.kid, 64)}\`, which is not trusted`
    return { verdict: 'UNKNOWN_KEY', message }
  }
  const { alg } = checkOwnKey(key, 'the key')
  if (header.alg !== alg) return forged(`${what} names another algorithm than that of its key`)
  const isSigned = await importPublicKey(key, alg)
  return isSigned(Buffer.from(`${encodedHeader}.${encodedPayload}`), signature)
    ? { payload, keyId: header.kid }
    : forged(`the signature of ${what} is wrong`)
}

export function forged(message: string): Fault {
  return { verdict: 'BAD_SIGNATURE', message }
}
