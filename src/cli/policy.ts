import { loadPolicy, type LoadedPolicy } from '../loading/file.ts'
import type { Io } from './io.ts'
import { readTrustedKeys } from './trusted-keys.ts'

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
  return loadPolicy(path, { keys: await readTrustedKeys(file), requireSigned: true })
}
