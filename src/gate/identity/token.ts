import { isObject, parseJson, type JsonObject } from '../../base/json.ts'
import { decodeBase64url, decodeUtf8 } from './base64url.ts'
import type { KeySet } from './key-set.ts'
import { refuse, type Refusal } from './refusal.ts'

/** Longest accepted token or proof, in characters. */
export const maxTokenLength = 16 * 1024

/** A compact JWS that is well formed; nothing in it is verified. */
export interface ParsedToken {
  readonly ok: true
  /** What is signed: header and payload as sent, with the dot between them. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  readonly algorithm: string
  readonly kid: string | undefined
  readonly typ: string | undefined
  /** All members. Those that carry or point to keys say nothing about an access token. */
  readonly header: JsonObject
  readonly payload: Uint8Array
}

/**
 * Takes a compact JWS (RFC 7515 section 7.1) apart. Refuses everything that two readers might read
 * differently (`token-malformed`) and every extension (`token-critical`, also for `b64` of
 * RFC 7797). Encrypted tokens have five parts and are malformed here.
 */
export function parseToken(token: string): ParsedToken | Refusal {
  const pieces = token.split('.', 4)
  if (pieces.length !== 3) return malformed('does not have exactly three parts')
  const [header, payload, signature] = pieces.map(decodeBase64url)
  if (header === undefined || payload === undefined || signature === undefined) {
    return malformed('is not canonical base64url')
  }
  if (signature.length === 0) return malformed('has no signature')
  const members = parseObject(header)
  if (members === undefined) return malformed('has a header that is not acceptable JSON')
  if (Object.hasOwn(members, 'crit') || Object.hasOwn(members, 'b64')) {
    return refuse('token-critical', 'the token asks for an extension, and none is supported')
  }
  const signed = Buffer.from(token.slice(0, token.lastIndexOf('.')), 'latin1')
  return readHeader(members, { signed, signature, payload })
}

function readHeader(
  header: JsonObject,
  parts: Pick<ParsedToken, 'signed' | 'signature' | 'payload'>,
): ParsedToken | Refusal {
  const { alg, kid, typ } = header
  if (typeof alg !== 'string') return malformed('names no algorithm')
  if (kid !== undefined && typeof kid !== 'string') return malformed('has a key id that is no text')
  if (typ !== undefined && typeof typ !== 'string') return malformed('has a type that is no text')
  return { ok: true, algorithm: alg, kid, typ, header, ...parts }
}

/** A JSON object from bytes of a token; duplicate members and the like are refused. */
export function parseObject(bytes: Uint8Array): JsonObject | undefined {
  const text = decodeUtf8(bytes)
  const parsed = text === undefined ? undefined : parseJson(text)
  return parsed?.ok === true && isObject(parsed.value) ? (parsed.value as JsonObject) : undefined
}

export function malformed(problem: string): Refusal {
  return refuse(
    'token-malformed',
    `the token ${problem}`,
    'pass a signed token in compact form, without the word `Bearer` before it',
  )
}

/** Undefined if one of `keys` made the signature; the refusals are those of `KeySet.find`. */
export function verifyToken(token: ParsedToken, keys: KeySet): Refusal | undefined {
  const key = keys.find(token.algorithm, token.kid)
  if (!key.ok) return key
  if (key.verify(token.signed, token.signature)) return undefined
  return refuse('token-signature', 'the signature of the token is wrong')
}
