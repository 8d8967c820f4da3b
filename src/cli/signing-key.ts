import { SallyportError } from '../base/errors.ts'
import type { Io } from './io.ts'
import type { PolicyKey } from '../loading/signature.ts'
import { readPolicyKeys } from './trusted-keys.ts'

/**
 * The private key of the file that an option or `SALLYPORT_SIGNING_KEY` names; undefined where
 * neither does. Throws `bad-option` and `bad-file`.
 */
export async function signingKeyOf(
  option: string | undefined,
  { environment }: Pick<Io, 'environment'>,
): Promise<PolicyKey | undefined> {
  const file = option ?? environment['SALLYPORT_SIGNING_KEY']
  // an empty variable is a mistake, not a way to do without signatures
  if (file === undefined) return undefined
  const [key, ...others] = await readPolicyKeys(file)
  if (key !== undefined && others.length === 0) return key
  throw new SallyportError('bad-option', `\`${file}\` holds more than one key`)
}
