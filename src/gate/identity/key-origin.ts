import type { JwtIssuer } from '../../protocol/identity.ts'
import { decodeUtf8 } from './base64url.ts'
import { maxKeySetLength, readKeySet, secretKeySet, type KeySet } from './key-set.ts'
import { refuse, type Refusal } from './refusal.ts'

/** The part of `fetch` that is used; the global one and that of undici fit. */
export type KeySetFetch = (
  url: string,
  init: {
    readonly redirect: 'manual'
    readonly headers: Readonly<Record<string, string>>
    readonly signal: AbortSignal
  },
) => Promise<{ readonly status: number; readonly body: AsyncIterable<Uint8Array> | null }>

/** How an authenticator reaches keys that lie outside the policy file. */
export interface KeyAccess {
  /** Default: undici with a connection of its own, without proxies. */
  readonly fetch?: KeySetFetch
  /** Reads a file named relative to the folder of the policy file. */
  readonly readFile?: (path: string, signal: AbortSignal) => Promise<string>
  /** Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** Where the keys of one issuer come from. */
export interface KeyOrigin {
  /** The text the keys are made of; throws when it cannot be had. */
  read(signal: AbortSignal): Promise<string>
  build(text: string): Promise<KeySet | Refusal>
}

/** The origin an issuer names; which one it is was decided by the policy, never by a token. */
export function keyOrigin(issuer: JwtIssuer, access: KeyAccess): KeyOrigin {
  const { jwks, jwksFile, secretEnv, algorithms } = issuer
  if (jwks !== undefined) {
    return {
      read: (signal) => download(jwks, access.fetch ?? fetchWithUndici, signal),
      build: (text) => readKeySet(text, algorithms, false),
    }
  }
  if (jwksFile !== undefined) {
    return {
      read: (signal) => access.readFile!(jwksFile, signal),
      build: (text) => readKeySet(text, algorithms, true),
    }
  }
  const environment = access.environment ?? process.env
  return {
    read: async () => readVariable(environment, secretEnv!),
    build: (text) => readSecret(text, algorithms),
  }
}

/**
 * Redirects are not followed, at most 256 KiB are read, and only status 200 counts. The address
 * comes from the policy file and is not checked against private networks.
 */
async function download(url: string, fetch: KeySetFetch, signal: AbortSignal): Promise<string> {
  const headers = { accept: 'application/json', 'accept-encoding': 'identity' }
  const response = await fetch(url, { redirect: 'manual', headers, signal })
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > maxKeySetLength) throw new Error(`more than ${maxKeySetLength} bytes`)
    chunks.push(chunk)
  }
  const text = decodeUtf8(Buffer.concat(chunks))
  if (text === undefined) throw new Error('not UTF-8')
  return text
}

/** Imported on the first download, since it takes longer to load than everything else together. */
const fetchWithUndici: KeySetFetch = async (url, init) => {
  const { Agent, fetch } = await import('undici')
  // without pipelining a connection is closed after its response, so there is nothing to dispose
  return fetch(url, { ...init, dispatcher: new Agent({ pipelining: 0 }) })
}

function readVariable(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
): string {
  const text = Object.hasOwn(environment, name) ? environment[name] : undefined
  if (text === undefined) throw new Error(`the variable ${name} is not set`)
  return text
}

/** A public key in the place of a secret would let everybody who knows it sign tokens. */
async function readSecret(text: string, algorithms: readonly string[]): Promise<KeySet | Refusal> {
  if (text.includes('-----BEGIN') || text.trimStart().startsWith('{')) {
    return refuse('token-key-invalid', 'the shared secret looks like a public key')
  }
  return secretKeySet(Buffer.from(text, 'utf8'), algorithms)
}
