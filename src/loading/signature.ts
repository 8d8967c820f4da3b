import { posix } from 'node:path'
import { canonicalJson } from '../base/digest.ts'
import { messageOf, SallyportError } from '../base/errors.ts'
import { isObject, parseJson, type JsonObject } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import { decodeBase64url, decodeUtf8 } from '../gate/identity/base64url.ts'
import { importPublicKey } from '../gate/identity/signature.ts'
import type { PolicyTree } from './tree.ts'

/** A JSON Web Key (RFC 7517) with a `kid`. */
export type PolicyKey = Readonly<Record<string, unknown>>

/** Tells these signatures from any other that the same key may have made. */
const type = 'sallyport-policy'

/** By `kty` and `crv`: RFC 8037 section 3.1, RFC 7518 section 3.4. */
const algorithms: Readonly<Record<string, string>> = { 'OKP Ed25519': 'EdDSA', 'EC P-256': 'ES256' }

/** Longest signature file in UTF-16 code units; one has about 250. */
const maxLength = 4096

/** The detached signature of a policy (RFC 7515 appendix F): `header..signature`. */
export async function signTree(tree: PolicyTree, key: PolicyKey): Promise<string> {
  const { alg, kid } = checkKey(key, 'the signing key')
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
    const signed = await new CompactSign(payloadOf(tree))
      .setProtectedHeader({ alg, kid, typ: type })
      .sign(imported)
    const [header, , signature] = signed.split('.')
    return `${header}..${signature}`
  } catch (error) {
    throw new SallyportError('bad-option', `the signing key cannot be used: ${messageOf(error)}`)
  }
}

/** Throws `bad-option` for keys that cannot verify, or that cannot be told apart. */
export function checkKeys(keys: readonly PolicyKey[]): void {
  const ids = new Set<string>()
  for (const [index, key] of keys.entries()) {
    const { kid } = checkKey(key, `\`keys[${index}]\``)
    if (key['d'] !== undefined) {
      throw new SallyportError('bad-option', `\`keys[${index}]\` is a private key`, {
        help: 'verifying needs the public key only: leave the member `d` where policies are signed',
      })
    }
    if (ids.has(kid)) {
      throw new SallyportError('bad-option', `two keys have the id \`${shorten(kid, 64)}\``)
    }
    ids.add(kid)
  }
}

function checkKey(key: PolicyKey, what: string): { readonly alg: string; readonly kid: string } {
  const { kty, crv, kid } = isObject(key) ? key : {}
  const name = `${String(kty)} ${String(crv)}`
  if (!Object.hasOwn(algorithms, name)) {
    throw new SallyportError('bad-option', `${what} is not a key for signatures of policies`, {
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

/**
 * Checks the signature of everything a policy consists of, as it was read. `signature` is the
 * content of its file. Throws `policy-signature` or `policy-key-unknown`.
 */
export async function verifyTree(
  tree: PolicyTree,
  signature: string,
  keys: readonly PolicyKey[],
): Promise<void> {
  const { shown } = tree.root
  const { header, encodedHeader, bytes } = readSignature(signature.trim(), shown)
  const key = keys.find(({ kid }) => kid === header.kid)
  if (key === undefined) {
    const id = shorten(header.kid, 64)
    throw new SallyportError(
      'policy-key-unknown',
      `policy \`${shown}\` is signed with the key \`${id}\`, which is not trusted`,
      { help: 'pass the public key when the policy is loaded, or sign with a key that is trusted' },
    )
  }
  const { alg } = checkKey(key, 'the key')
  if (header.alg !== alg) throw malformed(shown)
  const check = await importPublicKey(key, alg)
  const payload = Buffer.from(payloadOf(tree)).toString('base64url')
  if (check(Buffer.from(`${encodedHeader}.${payload}`), bytes)) return
  throw new SallyportError('policy-signature', `the signature of policy \`${shown}\` is wrong`, {
    help: 'the policy, or a file it extends, was changed after it was signed: review the change and sign again',
  })
}

interface ReadSignature {
  readonly header: { readonly alg: string; readonly kid: string }
  readonly encodedHeader: string
  readonly bytes: Uint8Array
}

function readSignature(text: string, shown: string): ReadSignature {
  const parts = text.split('.')
  const [encodedHeader = '', payload, encodedSignature = ''] = parts
  const bytes = text.length > maxLength ? undefined : decodeBase64url(encodedSignature)
  const header = readHeader(encodedHeader)
  if (parts.length !== 3 || payload !== '' || bytes === undefined || header === undefined) {
    throw malformed(shown)
  }
  return { header, encodedHeader, bytes }
}

/** Exactly the three members that are written: an extension would not be understood. */
function readHeader(encoded: string): ReadSignature['header'] | undefined {
  const bytes = decodeBase64url(encoded)
  const parsed = parseJson((bytes && decodeUtf8(bytes)) ?? '')
  if (!parsed.ok || !isObject(parsed.value)) return undefined
  const { alg, kid, typ, ...others } = parsed.value as JsonObject
  const known = typ === type && Object.keys(others).length === 0
  return known && typeof alg === 'string' && typeof kid === 'string' ? { alg, kid } : undefined
}

function malformed(shown: string): SallyportError {
  return new SallyportError('policy-signature', `the signature of policy \`${shown}\` is damaged`, {
    help: 'sign the policy again with `sallyport sign`',
  })
}

/**
 * What is signed: the files as written, comments and layout aside, each with its place below the
 * first one. Values of the host are not part of it, so an author can sign before they are known.
 */
function payloadOf({ files, root }: PolicyTree): Uint8Array {
  const folder = posix.dirname(root.shown)
  const parents = files
    .filter((file) => file !== root)
    .map(({ open, shown }) => [posix.relative(folder, shown), open.json] as const)
  const signed = { parents: Object.fromEntries(parents), policy: root.open.json }
  return new TextEncoder().encode(canonicalJson(signed))
}
