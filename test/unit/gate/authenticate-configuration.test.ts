import { describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../../src/gate/authenticate.ts'
import { hashApiKey } from '../../../src/gate/identity/api-key.ts'
import type { IdentityConfiguration, JwtIssuer } from '../../../src/protocol/identity.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { identityOf, issuerOf } from './authenticate-fixtures.ts'

function create(identity: Partial<IdentityConfiguration>): void {
  createAuthenticator(identityOf(identity), { clock: manualClock(), readFile: async () => '' })
}

function createIssuer(members: Partial<JwtIssuer>): void {
  create({ jwt: [issuerOf(members)] })
}

const refusal = expect.objectContaining({ code: 'bad-option' })
const apiKey = { id: 'ci', hash: hashApiKey('x'), roles: [], scopes: [] }

describe('an identity section', () => {
  it.each([
    { jwks: 'https://id.example/jwks.json' },
    { jwks: 'http://127.0.0.1:8080/jwks' },
    { jwks: 'http://localhost/jwks' },
    { jwks: 'http://[::1]/jwks' },
    { secretEnv: 'SECRET', algorithms: ['HS256'] },
    { algorithms: ['HS256', 'HS512'] },
  ])('may trust an issuer with %j', (members) => {
    expect(() => createIssuer(members)).not.toThrow()
  })

  it.each([
    { issuer: '' },
    { audience: [] },
    { algorithms: [] },
    { algorithms: ['none'] },
    { algorithms: ['es256'] },
    { algorithms: ['ES256', 'HS256'] },
    { secretEnv: 'SECRET' },
    { secretEnv: 'SECRET', jwksFile: 'keys.json', algorithms: ['HS256'] },
    { jwks: 'https://id.example/', jwksFile: 'keys.json' },
    { jwks: 'https://id.example/', algorithms: ['HS256'] },
    { jwks: 'http://id.example/jwks' },
    { jwks: 'http://localhost.evil.example/jwks' },
    { jwks: 'file:///etc/passwd' },
    { jwks: 'data:application/json,{}' },
    { jwks: 'https://user:password@id.example/' },
    { jwks: 'id.example' },
    { clockSkewMs: -1 },
    { clockSkewMs: Number.NaN },
    { clockSkewMs: Number.POSITIVE_INFINITY },
    { clockSkewMs: 3_600_000 },
    { maxAgeMs: Number.NaN },
    { claims: { subject: 'sub', scopes: '/scope', roles: '/roles' } },
    { claims: { subject: '/sub', scopes: '/scope', roles: '/~2' } },
  ])('may not trust an issuer with %j', (members) => {
    expect(() => createIssuer(members)).toThrow(refusal)
  })

  it('names an issuer once, and where its keys come from', () => {
    expect(() => create({ jwt: [issuerOf(), issuerOf()] })).toThrow(refusal)
    const { jwksFile: _, ...rest } = issuerOf()
    expect(() => create({ jwt: [rest] })).toThrow(refusal)
  })

  it('with a key file needs a way to read it', () => {
    const identity = identityOf({ jwt: [issuerOf()] })
    expect(() => createAuthenticator(identity, { clock: manualClock() })).toThrow(refusal)
  })

  it.each([
    { hash: 'sha256:00' },
    { hash: 'x' },
    { hash: hashApiKey('x').toUpperCase() },
    { hash: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
    { hash: `md5:${'0'.repeat(64)}` },
    { id: '' },
    { subject: '' },
    { expires: '2026-02-30' },
    { expires: '2026-1-1' },
    { expires: '2026-01-01T00:00:00Z' },
    { expires: 'never' },
  ])('may not hold an API key with %j', (members) => {
    expect(() => create({ apiKeys: [{ ...apiKey, ...members }] })).toThrow(refusal)
  })

  it('holds each API key once', () => {
    expect(() => create({ apiKeys: [apiKey, { ...apiKey, id: 'other' }] })).toThrow(refusal)
    expect(() => create({ apiKeys: [apiKey, { ...apiKey, hash: hashApiKey('y') }] })).toThrow(
      refusal,
    )
  })

  it('says what an anonymous caller is, or nothing', () => {
    expect(() => create({ anonymous: 'role' })).toThrow(refusal)
    expect(() => create({ anonymous: 'role', anonymousRole: '' })).toThrow(refusal)
    expect(() => create({ anonymous: 'deny', anonymousRole: 'guest' })).toThrow(refusal)
    expect(() => create({ anonymous: 'allow' as 'deny' })).toThrow(refusal)
  })
})
