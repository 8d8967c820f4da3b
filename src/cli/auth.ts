import { createAuthenticator, type Auth, type Authenticator } from '../gate/authenticate.ts'
import { keyAccess } from '../loading/key-files.ts'
import type { Policy } from '../policy/policy.ts'
import type { Io } from './io.ts'

/**
 * What the caller brings: `--token`, else `SALLYPORT_TOKEN`. Three parts with dots between them
 * are a JSON Web Token, anything else an API key.
 */
export function authOf(token: string | undefined, io: Io): Auth | undefined {
  const credential = token ?? io.environment['SALLYPORT_TOKEN']
  if (credential === undefined || credential === '') return undefined
  return credential.split('.').length === 3 ? { bearer: credential } : { apiKey: credential }
}

/** What tells callers apart as the `identity` of a policy says; its key files lie beside `path`. */
export function authenticatorOf(
  { identity }: Policy,
  path: string | undefined,
  { environment }: Io,
): Authenticator {
  return createAuthenticator(identity, { environment, ...keyAccess(path) })
}
