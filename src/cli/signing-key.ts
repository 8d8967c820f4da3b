import type { Io } from './io.ts'
import type { OwnKey } from '../gate/identity/own-key.ts'
import { readOnlyKey } from './trusted-keys.ts'

/**
 * The private key of the file that an option or `SALLYPORT_SIGNING_KEY` names; undefined where
 * neither does. Throws `bad-option` and `bad-file`.
 */
export async function signingKeyOf(
  option: string | undefined,
  { environment }: Pick<Io, 'environment'>,
): Promise<OwnKey | undefined> {
  const file = option ?? environment['SALLYPORT_SIGNING_KEY']
  // an empty variable is a mistake, not a way to do without signatures
  return file === undefined ? undefined : readOnlyKey(file)
}
