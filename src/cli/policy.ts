import { SallyportError } from '../base/errors.ts'
import { isObject, parseJson } from '../base/json.ts'
import { loadPolicy, type LoadedPolicy } from '../loading/file.ts'
import type { PolicyKey } from '../loading/signature.ts'
import { readText } from './files.ts'
import type { Io } from './io.ts'

export interface KeyOptions {
  /** File with the public keys whose signature of a policy counts. */
  readonly policyKeys?: string
}

/** Loads a policy; with keys, by option or `$SALLYPORT_POLICY_KEYS`, only when it is signed. */
export async function loadTrusted(
  path: string,
  { policyKeys }: KeyOptions,
  { environment }: Pick<Io, 'environment'>,
): Promise<LoadedPolicy> {
  const file = policyKeys ?? environment['SALLYPORT_POLICY_KEYS']
  // an empty variable is a mistake, not a way to do without signatures
  if (file === undefined) return loadPolicy(path)
  return loadPolicy(path, { keys: await readPolicyKeys(file), requireSigned: true })
}

/**
 * The keys of a file: one JSON Web Key or a set of them (RFC 7517 section 5). Nothing of the file
 * is repeated in messages, since it may hold a private key.
 */
export async function readPolicyKeys(path: string): Promise<readonly PolicyKey[]> {
  const parsed = parseJson(await readText(path))
  const value = parsed.ok ? parsed.value : undefined
  if (isObject(value)) {
    const { keys = [value] } = value
    if (Array.isArray(keys) && keys.length > 0 && keys.every((key) => isObject(key))) {
      return keys as readonly PolicyKey[]
    }
  }
  throw new SallyportError('bad-option', `\`${path}\` holds no JSON Web Key`, {
    help: 'it holds one JSON object with `kty`, `crv`, `kid` and `x`, or `keys` with a list of them',
  })
}
