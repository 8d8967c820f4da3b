import { describe, expect, it } from 'vitest'
import { createAuthenticator, type AuthenticatorOptions } from '../../../src/gate/authenticate.ts'
import { hashApiKey } from '../../../src/gate/identity/api-key.ts'
import { isSallyportError } from '../../../src/base/errors.ts'
import type { ApiKey, IdentityConfiguration, JwtIssuer } from '../../../src/protocol/identity.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { identityOf, issuerOf } from './authenticate-fixtures.ts'

const files = { readFile: async () => '' }

/** Message and help of what is thrown; undefined when nothing is. */
function problem(
  identity: Partial<IdentityConfiguration>,
  options: Partial<AuthenticatorOptions> = files,
): readonly (string | undefined)[] | undefined {
  try {
    createAuthenticator(identityOf(identity), { clock: manualClock(), ...options })
    return undefined
  } catch (error) {
    if (!isSallyportError(error) || error.code !== 'bad-option') throw error
    return error.help === undefined ? [error.message] : [error.message, error.help]
  }
}

const name = 'the issuer `https://id.example`'
const sources = `${name} needs exactly one of \`jwks\`, \`jwksFile\` and \`secretEnv\``
const mixed = `${name} mixes algorithms for shared secrets with algorithms for public keys`
const skew = `${name} has a clock skew that is not between 0 and 600000 ms`
const age = `${name} has a \`maxAge\` that is not a duration`
const notAddress = (text: string): readonly string[] => [
  `\`${text}\` is not an address of a key set`,
  'use `https:`',
]

describe('an issuer that cannot be trusted', () => {
  it.each<[Partial<JwtIssuer>, readonly string[]]>([
    [{ issuer: '' }, ['an issuer has an empty name']],
    [{ audience: [] }, [`${name} has no audience`, 'add `audience`']],
    [{ clockSkewMs: -1 }, [skew]],
    [{ clockSkewMs: 600_001 }, [skew]],
    [{ clockSkewMs: Number.NaN }, [skew]],
    [{ maxAgeMs: -1 }, [age]],
    [{ maxAgeMs: Number.POSITIVE_INFINITY }, [age]],
    [
      { proof: 'tls' as 'mtls' },
      [`${name} has a \`proof\` that is not known`, 'use `none`, `dpop` or `mtls`'],
    ],
    [
      { claims: { subject: '/sub', scopes: '/scope', roles: 'roles' } },
      ['`roles` is not a JSON pointer'],
    ],
    [{ jwks: 'https://id.example/', jwksFile: 'x' }, [sources]],
    [{ jwks: 'https://id.example/', secretEnv: 'S' }, [sources]],
    [{ algorithms: ['ES256', 'es256'] }, ['the algorithm `es256` is not known']],
    [{ algorithms: [] }, [`${name} has no algorithms`, 'add `algorithms`']],
    [{ algorithms: ['HS256', 'ES256'] }, [mixed]],
    [{ algorithms: ['ES256', 'HS256', 'HS512'] }, [mixed]],
    [
      { jwks: 'https://id.example/', algorithms: ['HS256'] },
      [`${name} would publish its secrets in \`jwks\``],
    ],
    [{ secretEnv: 'S' }, [`${name} has a shared secret but no algorithm for it`, 'use `HS256`']],
    [{ jwks: 'id.example' }, notAddress('id.example')],
    [{ jwks: 'http://id.example/' }, notAddress('http://id.example/')],
    [{ jwks: 'ftp://localhost/' }, notAddress('ftp://localhost/')],
    [{ jwks: 'https://user@id.example/' }, ['the address of a key set holds a password']],
    [{ jwks: 'https://:pass@id.example/' }, ['the address of a key set holds a password']],
  ])('for %j says why', (members, error) => {
    expect(problem({ jwt: [issuerOf(members)] })).toEqual(error)
  })

  it('because it has no source of keys, or stands there twice, says so', () => {
    const { jwksFile: _, ...rest } = issuerOf()
    expect(problem({ jwt: [rest] })).toEqual([sources])
    const other = issuerOf({ issuer: 'https://other.example' })
    expect(problem({ jwt: [issuerOf(), other] })).toBeUndefined()
    expect(problem({ jwt: [issuerOf(), other, issuerOf()] })).toEqual([
      'the issuer `https://id.example` occurs twice',
    ])
  })

  it('because its key file cannot be read says so', () => {
    expect(problem({ jwt: [issuerOf()] }, {})).toEqual([
      'a `jwksFile` needs the option `readFile`',
      'pass a function that reads the file, or use `jwks`',
    ])
    expect(problem({ jwt: [issuerOf({ jwks: 'https://id.example/' })] }, {})).toBeUndefined()
  })

  it.each<Partial<JwtIssuer>>([
    { clockSkewMs: 0 },
    { clockSkewMs: 600_000 },
    { maxAgeMs: 0 },
    { maxAgeMs: 1e12 },
    { proof: 'none' },
    { proof: 'dpop' },
    { proof: 'mtls' },
    { algorithms: ['HS256', 'HS384', 'HS512'] },
    { algorithms: ['HS256'], secretEnv: 'S' },
    { algorithms: ['RS256', 'PS512', 'ES384', 'EdDSA'] },
    { claims: { subject: '', scopes: '/a/b', roles: '/a~1b', tenant: '/t', agent: '/x' } },
    { jwks: 'http://127.0.0.1/' },
  ])('is not one with %j', (members) => {
    expect(problem({ jwt: [issuerOf(members)] })).toBeUndefined()
  })
})

describe('an API key that cannot be trusted', () => {
  const key: ApiKey = { id: 'ci', hash: hashApiKey('x'), roles: [], scopes: [] }
  const hash = 'the hash of the API key `ci` is not `sha256:` and 64 hexadecimal digits'
  const digits = key.hash.slice('sha256:'.length)

  it.each<[Partial<ApiKey>, readonly string[]]>([
    [{ hash: digits }, [hash]],
    [{ hash: `xsha256:${digits}` }, [hash]],
    [{ hash: `sha256:${digits}0` }, [hash]],
    [{ hash: `sha256:${digits.slice(1)}` }, [hash]],
    [{ hash: `sha256:${digits.toUpperCase()}` }, [hash]],
    [
      { hash: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
      ['the API key `ci` is empty'],
    ],
    [{ id: '' }, ['an API key has an empty id or subject']],
    [{ subject: '' }, ['an API key has an empty id or subject']],
    [{ expires: '2026-02-30' }, ['`2026-02-30` is not a day', 'write it as `YYYY-MM-DD`']],
    [{ expires: '2026-13-01' }, ['`2026-13-01` is not a day', 'write it as `YYYY-MM-DD`']],
    [{ expires: '2026-01-011' }, ['`2026-01-011` is not a day', 'write it as `YYYY-MM-DD`']],
    [{ expires: 'x2026-01-01' }, ['`x2026-01-01` is not a day', 'write it as `YYYY-MM-DD`']],
    [{ expires: '' }, ['`` is not a day', 'write it as `YYYY-MM-DD`']],
  ])('for %j says why', (members, error) => {
    expect(problem({ apiKeys: [{ ...key, ...members }] })).toEqual(error)
    expect(problem({ apiKeys: [{ ...key, subject: 'u', expires: '2028-02-29' }] })).toBeUndefined()
  })

  it('because it stands there twice says so', () => {
    const other = { ...key, id: 'other', hash: hashApiKey('y') }
    expect(problem({ apiKeys: [key, other] })).toBeUndefined()
    expect(problem({ apiKeys: [key, { ...other, id: 'ci' }] })).toEqual([
      'the id of an API key `ci` occurs twice',
    ])
    expect(problem({ apiKeys: [key, { ...other, hash: key.hash }] })).toEqual([
      `the hash of an API key \`${key.hash}\` occurs twice`,
    ])
  })

  it.each(['', 'x'.repeat(4097), '\ud800'])('is not hashed: %#', (text) => {
    expect(() => hashApiKey(text)).toThrow(
      expect.objectContaining({
        message: 'an API key has 1 to 4096 characters',
        help: 'pass the key as callers bring it, such as 32 random bytes in base64url',
      }),
    )
    expect(hashApiKey('x'.repeat(4096))).toMatch(/^sha256:[0-9a-f]{64}$/)
  })
})

it.each<Partial<IdentityConfiguration>>([
  { anonymous: 'role' },
  { anonymous: 'role', anonymousRole: '' },
  { anonymous: 'deny', anonymousRole: 'guest' },
  { anonymous: 'allow' as 'deny' },
  { anonymous: 'allow' as 'deny', anonymousRole: 'guest' },
])('an anonymous caller is nothing that is half said: %j', (identity) => {
  expect(problem(identity)).toEqual([
    '`anonymous` is not `deny`, and not `role` with an `anonymousRole`',
    "pass the `identity` of a policy, or `{ anonymous: 'deny', jwt: [], apiKeys: [] }`",
  ])
  expect(problem({ anonymous: 'role', anonymousRole: 'guest' })).toBeUndefined()
})
