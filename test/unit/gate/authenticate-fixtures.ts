import {
  createHmac,
  generateKeyPairSync,
  sign,
  type JsonWebKey,
  type KeyObject,
  type SigningOptions,
} from 'node:crypto'
import {
  createAuthenticator,
  type Auth,
  type Authenticator,
  type AuthenticatorOptions,
  type AuthResult,
} from '../../../src/gate/authenticate.ts'
import type { IdentityConfiguration, JwtIssuer } from '../../../src/protocol/identity.ts'
import { manualClock, type ManualClock } from '../../../src/testing/clock.ts'

/** 2026-01-01T00:00:00Z, in seconds. */
export const start = 1_767_225_600

export const issuerName = 'https://id.example'
export const audience = 'https://desk.example'

export interface KeyPair {
  privateKey: KeyObject
  publicKey: KeyObject
}

export const keyPair: KeyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const otherPair: KeyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const rsaPair: KeyPair = generateKeyPairSync('rsa', { modulusLength: 2048 })

export function publicJwk(pair: KeyPair, members: object = {}): JsonWebKey {
  return { ...pair.publicKey.export({ format: 'jwk' }), ...members }
}

export function keySetText(...keys: object[]): string {
  return JSON.stringify({ keys })
}

export function encode(part: unknown): string {
  const text = typeof part === 'string' ? part : JSON.stringify(part)
  return Buffer.from(text).toString('base64url')
}

export const claimsOf = (members: object = {}): Record<string, unknown> => ({
  iss: issuerName,
  aud: audience,
  sub: 'u1',
  iat: start,
  exp: start + 600,
  ...members,
})

export interface TokenParts {
  header?: object | string
  claims?: object | string
  key?: KeyObject
  options?: SigningOptions
  hash?: string | null
}

/** A token signed by hand, so that nothing stops the test from signing nonsense. */
export function signToken(parts: TokenParts = {}): string {
  const header = parts.header ?? { alg: 'ES256', kid: 'k1' }
  const text = `${encode(header)}.${encode(parts.claims ?? claimsOf())}`
  const options = parts.options ?? { dsaEncoding: 'ieee-p1363' }
  const hash = parts.hash === undefined ? 'sha256' : parts.hash
  const key = { key: parts.key ?? keyPair.privateKey, ...options }
  return `${text}.${sign(hash, Buffer.from(text), key).toString('base64url')}`
}

export function signWithSecret(
  secret: string | Buffer,
  header: object,
  claims = claimsOf(),
): string {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

export function issuerOf(members: Partial<JwtIssuer> = {}): JwtIssuer {
  return {
    issuer: issuerName,
    audience: [audience],
    algorithms: ['ES256'],
    clockSkewMs: 30_000,
    require: ['exp', 'iat', 'sub'],
    claims: { subject: '/sub', scopes: '/scope', roles: '/roles' },
    roleMap: { agents: 'support', leads: 'lead' },
    ...('jwks' in members || 'secretEnv' in members ? {} : { jwksFile: 'keys.json' }),
    ...members,
  }
}

export function identityOf(members: Partial<IdentityConfiguration> = {}): IdentityConfiguration {
  return { anonymous: 'deny', jwt: [], apiKeys: [], ...members }
}

export interface Desk {
  clock: ManualClock
  authenticator: Authenticator
  authenticate(auth?: Auth): Promise<AuthResult>
  /** The code of the refusal, or `ok`. */
  outcome(bearer: string): Promise<string>
}

/** An authenticator whose clock stands at `start`; the key file holds `keyPair` as `k1`. */
export function desk(
  identity: Partial<IdentityConfiguration>,
  options: Partial<AuthenticatorOptions> = {},
): Desk {
  const clock = manualClock(start * 1000)
  const authenticator = createAuthenticator(identityOf(identity), {
    clock,
    readFile: async () => keySetText(publicJwk(keyPair, { kid: 'k1' })),
    ...options,
  })
  return {
    clock,
    authenticator,
    authenticate: (auth) => authenticator.authenticate(auth),
    async outcome(bearer) {
      const result = await authenticator.authenticate({ bearer })
      return result.ok ? 'ok' : result.error.code
    },
  }
}

/** A desk that trusts one issuer. */
export function tokenDesk(
  issuer: Partial<JwtIssuer> = {},
  options: Partial<AuthenticatorOptions> = {},
): Desk {
  return desk({ jwt: [issuerOf(issuer)] }, options)
}

/** A desk whose issuer has exactly these keys, in a file. */
export function deskWithKeys(issuer: Partial<JwtIssuer>, ...keys: object[]): Desk {
  return tokenDesk(issuer, { readFile: async () => keySetText(...keys) })
}

/** Code, message and help of the refusal. */
export async function refusal(
  { authenticate }: Pick<Desk, 'authenticate'>,
  auth?: Auth,
): Promise<readonly string[]> {
  const result = await authenticate(auth)
  if (result.ok) throw new Error('accepted')
  const { code, message, help } = result.error
  return help === undefined ? [code, message] : [code, message, help]
}
