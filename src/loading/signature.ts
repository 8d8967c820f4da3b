import { posix } from 'node:path'
import { canonicalJson } from '../base/digest.ts'
import { SallyportError } from '../base/errors.ts'
import { shorten } from '../base/text.ts'
import { decodeBase64url } from '../gate/identity/base64url.ts'
import {
  checkOwnKey,
  readOwnHeader,
  signCompact,
  type OwnHeader,
  type OwnKey,
} from '../gate/identity/own-key.ts'
import { importPublicKey } from '../gate/identity/signature.ts'
import type { PolicyTree } from './tree.ts'

/** A JSON Web Key (RFC 7517) with a `kid`. */
export type PolicyKey = OwnKey

/** Tells these signatures from any other that the same key may have made. */
const type = 'sallyport-policy'

/** Longest signature file in UTF-16 code units; one has about 250. */
const maxLength = 4096

/** The detached signature of a policy (RFC 7515 appendix F): `header..signature`. */
export async function signTree(tree: PolicyTree, key: PolicyKey): Promise<string> {
  const signed = await signCompact(payloadOf(tree), { key, type })
  const [header, , signature] = signed.split('.')
  return `${header}..${signature}`
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
  const { alg } = checkOwnKey(key, 'the key')
  if (header.alg !== alg) throw malformed(shown)
  const check = await importPublicKey(key, alg)
  const payload = Buffer.from(payloadOf(tree)).toString('base64url')
  if (check(Buffer.from(`${encodedHeader}.${payload}`), bytes)) return
  throw new SallyportError('policy-signature', `the signature of policy \`${shown}\` is wrong`, {
    help: 'the policy, or a file it extends, was changed after it was signed: review the change and sign again',
  })
}

interface ReadSignature {
  readonly header: OwnHeader
  readonly encodedHeader: string
  readonly bytes: Uint8Array
}

function readSignature(text: string, shown: string): ReadSignature {
  const parts = text.split('.')
  const [encodedHeader = '', payload, encodedSignature = ''] = parts
  const bytes = text.length > maxLength ? undefined : decodeBase64url(encodedSignature)
  const header = readOwnHeader(encodedHeader, type)
  if (parts.length !== 3 || payload !== '' || bytes === undefined || header === undefined) {
    throw malformed(shown)
  }
  return { header, encodedHeader, bytes }
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
