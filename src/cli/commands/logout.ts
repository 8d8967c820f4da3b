import { endpointUrl } from '../../wire/endpoint.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, printable, type Io } from '../io.ts'
import { needKeyFile, readKeys, writeKeys } from '../key-file.ts'

export interface LogoutCommandOptions {
  readonly baseUrl: string
  readonly keyFile?: string
  readonly json?: boolean
}

/**
 * Forgets the key that a login has left here. It stays valid at the account until it is revoked
 * there.
 */
export async function logout(options: LogoutCommandOptions, io: Io): Promise<ExitCode> {
  const { baseUrl } = options
  const { origin } = endpointUrl(baseUrl, '')
  const keyFile = needKeyFile(options.keyFile, io)
  const keys = await readKeys(keyFile)
  const removed = keys?.delete(origin) === true
  if (removed) await writeKeys(keyFile, keys)
  if (options.json === true) outJson(io, { baseUrl, keyFile, removed })
  io.note(
    printable(
      removed
        ? `the key for ${origin} is forgotten here; revoke it at the account to make it worthless\n`
        : `there is no key for ${origin} in ${keyFile}\n`,
    ),
  )
  return exitCode.done
}
