import { isObject, parseJson } from '../../base/json.ts'
import { algorithms } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import { refuse, type Refusal } from './refusal.ts'
import { checkRsaKey } from './rsa.ts'
import { importPublicKey, importSecret, type SignatureCheck } from './signature.ts'

/** Longest accepted text of a key set, in UTF-16 code units and in bytes. */
export const maxKeySetLength = 256 * 1024

const maxKeys = 100
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']

/** A key for one algorithm. */
export interface VerificationKey {
  readonly ok: true
  readonly verify: SignatureCheck
}

/** The keys of one issuer at one time; a change of keys is a new object. */
export interface KeySet {
  readonly ok: true
  /**
   * The one key for a token: by its key id, or, if the token names none, the only key that fits
   * the algorithm. The id is compared, never interpreted. Refusals: `token-key-unknown`,
   * `token-key-invalid`, `token-algorithm`.
   */
  find(algorithm: string, kid: string | undefined): VerificationKey | Refusal
}

interface Entry {
  readonly kid: string | undefined
  /** Set when the key cannot be used, with the reason. */
  readonly problem?: string
  readonly keys: ReadonlyMap<string, VerificationKey>
}

/**
 * Reads a JWK set (RFC 7517 section 5). A key that is weak, meant for something else or of an
 * unknown kind is skipped and remembered as such. The whole set is refused (`token-key-invalid`)
 * when it is ambiguous or betrays a secret: two keys with one id, secrets beside public keys,
 * private keys, or secrets where `allowSecrets` is false.
 */
export async function readKeySet(
  text: string,
  allowed: readonly string[],
  allowSecrets: boolean,
): Promise<KeySet | Refusal> {
  const parsed = parseJson(text, { maxLength: maxKeySetLength, maxDepth: 16 })
  if (!parsed.ok) return refuseSet(`is not acceptable JSON: ${parsed.problem}`)
  const list = isObject(parsed.value) ? parsed.value['keys'] : undefined
  if (!Array.isArray(list) || !list.every(isObject)) return refuseSet('has no list of `keys`')
  if (list.length > maxKeys) return refuseSet(`has more than ${maxKeys} keys`)
  const problem = checkTogether(list, allowSecrets)
  if (problem !== undefined) return refuseSet(problem)
  return createKeySet(await Promise.all(list.map((jwk) => readKey(jwk, allowed))))
}

/** A key set of one shared secret, which fits tokens with any key id. */
export async function secretKeySet(
  secret: Uint8Array,
  allowed: readonly string[],
): Promise<KeySet | Refusal> {
  const keys = await secretKeys(secret, allowed)
  if (typeof keys === 'string') {
    return refuse('token-key-invalid', `the shared secret cannot be trusted: ${keys}`)
  }
  const entry = { kid: undefined, keys }
  return { ok: true, find: (algorithm) => keyFor(entry, algorithm) }
}

/**
 * The key a proof brings along: undefined when it is not the one with this RFC 7638 thumbprint,
 * else the reason why it cannot be used, or the key for this one asymmetric algorithm.
 */
export async function readProofKey(
  jwk: Record<string, unknown>,
  algorithm: string,
  thumbprint: string,
): Promise<VerificationKey | string | undefined> {
  if (['k', ...privateMembers].some((name) => Object.hasOwn(jwk, name))) return 'it is not public'
  const own = await thumbprintOf(jwk)
  if (own !== thumbprint) return own === undefined ? 'it is not a key' : undefined
  const keys = await readUsableKey(jwk, [algorithm])
  return typeof keys === 'string' ? keys : keys.get(algorithm)
}

async function thumbprintOf(jwk: Record<string, unknown>): Promise<string | undefined> {
  const { calculateJwkThumbprint } = await import('jose/jwk/thumbprint')
  try {
    return await calculateJwkThumbprint(jwk)
  } catch {
    return undefined
  }
}

function refuseSet(problem: string): Refusal {
  return refuse('token-key-invalid', `the key set ${problem}`)
}

/** What makes the keys unusable as a set, whatever each of them is. */
function checkTogether(
  list: readonly Record<string, unknown>[],
  allowSecrets: boolean,
): string | undefined {
  const ids = list.map((jwk) => jwk['kid']).filter((kid) => kid !== undefined)
  if (new Set(ids).size < ids.length) return 'holds two keys with the same id'
  const secrets = list.filter((jwk) => jwk['kty'] === 'oct').length
  if (secrets > 0 && !allowSecrets) return 'publishes a secret key'
  if (secrets > 0 && secrets < list.length) return 'mixes secret keys and public keys'
  if (list.some((jwk) => privateMembers.some((name) => Object.hasOwn(jwk, name)))) {
    return 'holds a private key'
  }
  return undefined
}

async function readKey(jwk: Record<string, unknown>, allowed: readonly string[]): Promise<Entry> {
  const kid = typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined
  const keys = await readUsableKey(jwk, allowed)
  return typeof keys === 'string' ? { kid, problem: keys, keys: new Map() } : { kid, keys }
}

/** The imported key for each algorithm it may serve, or the reason why it serves none. */
async function readUsableKey(
  jwk: Record<string, unknown>,
  allowed: readonly string[],
): Promise<ReadonlyMap<string, VerificationKey> | string> {
  const misuse = checkUse(jwk)
  if (misuse !== undefined) return misuse
  const fitting = allowed.filter((name) => fits(jwk, name))
  if (fitting.length === 0) return 'it is not for an algorithm of this issuer'
  if (jwk['kty'] === 'oct') return importSharedKey(jwk, fitting)
  const weakness = jwk['kty'] === 'RSA' ? checkRsaKey(jwk['n'], jwk['e']) : undefined
  if (weakness !== undefined) return weakness
  try {
    return await importAll(fitting, (algorithm) => importPublicKey(jwk, algorithm))
  } catch {
    return 'it is not a valid public key'
  }
}

function checkUse(jwk: Record<string, unknown>): string | undefined {
  if (jwk['kid'] !== undefined && typeof jwk['kid'] !== 'string') return 'its id is not a text'
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return 'it is not for signatures'
  const operations = jwk['key_ops']
  if (operations === undefined) return undefined
  const verifies = Array.isArray(operations) && operations.includes('verify')
  return verifies ? undefined : 'it is not for verification'
}

/** Key type, curve and, if the key names it, the algorithm bind the key. */
function fits(jwk: Record<string, unknown>, name: string): boolean {
  const algorithm = algorithms.get(name)
  return (
    algorithm !== undefined &&
    jwk['kty'] === algorithm.keyType &&
    (algorithm.curve === undefined || jwk['crv'] === algorithm.curve) &&
    (jwk['alg'] === undefined || jwk['alg'] === name)
  )
}

async function importSharedKey(
  jwk: Record<string, unknown>,
  fitting: readonly string[],
): Promise<ReadonlyMap<string, VerificationKey> | string> {
  const secret = typeof jwk['k'] === 'string' ? decodeBase64url(jwk['k']) : undefined
  return secret === undefined ? 'its secret is not base64url' : secretKeys(secret, fitting)
}

async function secretKeys(
  secret: Uint8Array,
  allowed: readonly string[],
): Promise<ReadonlyMap<string, VerificationKey> | string> {
  const shortest = Math.max(...allowed.map((name) => algorithms.get(name)?.minKeyBytes ?? Infinity))
  if (secret.length < shortest) {
    return `it has ${secret.length} bytes, at least ${shortest} are needed`
  }
  return importAll(allowed, (algorithm) => importSecret(secret, algorithm))
}

async function importAll(
  names: readonly string[],
  load: (algorithm: string) => SignatureCheck | Promise<SignatureCheck>,
): Promise<ReadonlyMap<string, VerificationKey>> {
  const keys = new Map<string, VerificationKey>()
  for (const algorithm of names) {
    keys.set(algorithm, { ok: true, verify: await load(algorithm) })
  }
  return keys
}

function createKeySet(entries: readonly Entry[]): KeySet {
  const byId = new Map(entries.map((entry) => [entry.kid, entry]))
  return {
    ok: true,
    find(algorithm, kid) {
      if (kid === undefined) return onlyKeyFor(entries, algorithm)
      const entry = byId.get(kid)
      return entry === undefined
        ? refuse('token-key-unknown', 'the issuer has no key with the id the token names')
        : keyFor(entry, algorithm)
    },
  }
}

function keyFor(entry: Entry, algorithm: string): VerificationKey | Refusal {
  if (entry.problem !== undefined) {
    return refuse('token-key-invalid', `the key of the token cannot be trusted: ${entry.problem}`)
  }
  return (
    entry.keys.get(algorithm) ??
    refuse('token-algorithm', 'the key of the token is not for its algorithm')
  )
}

function onlyKeyFor(entries: readonly Entry[], algorithm: string): VerificationKey | Refusal {
  const fitting = entries.flatMap((entry) => entry.keys.get(algorithm) ?? [])
  if (fitting.length === 1) return fitting[0]!
  return refuse(
    'token-key-unknown',
    fitting.length === 0
      ? 'the issuer has no key for the algorithm of the token'
      : 'the token names no key and several fit',
  )
}
