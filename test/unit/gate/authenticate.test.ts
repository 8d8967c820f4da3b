import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Auth, AuthResult } from '../../../src/gate/authenticate.ts'
import { hashApiKey } from '../../../src/gate/identity/api-key.ts'
import type { ApiKey } from '../../../src/protocol/identity.ts'
import { desk, issuerOf, signToken, start, tokenDesk } from './authenticate-fixtures.ts'

function codeOf(result: AuthResult): string {
  return result.ok ? 'ok' : result.error.code
}

const apiKey: ApiKey = {
  id: 'ci',
  hash: hashApiKey('key-one'),
  roles: ['bot'],
  scopes: ['a:read'],
}

describe('a caller without credentials', () => {
  it('is refused where the policy says nothing else', async () => {
    const result = await desk({}).authenticate()
    expect(result).toMatchObject({ ok: false, error: { code: 'unauthenticated' } })
  })

  it('has the role the policy names, and nothing more', async () => {
    const { authenticate } = desk({ anonymous: 'role', anonymousRole: 'guest' })
    expect(await authenticate()).toEqual({
      ok: true,
      principal: { subject: 'anonymous', roles: ['guest'], scopes: [] },
    })
  })
})

describe('a clock that does not tell the time', () => {
  it('lets no credential in that ends at some time', async () => {
    const day: ApiKey = { ...apiKey, expires: '2026-01-31' }
    for (const auth of [{ apiKey: 'key-one' }, { bearer: signToken() }]) {
      const { authenticate, clock } = desk({ jwt: [issuerOf()], apiKeys: [day] })
      expect(codeOf(await authenticate(auth))).toBe('ok')
      clock.now = () => Number.NaN
      expect(codeOf(await authenticate(auth))).toBe('internal')
    }
  })
})

describe('what is not a credential', () => {
  it.each([
    null,
    {},
    [],
    'token',
    1,
    { bearer: undefined },
    { bearer: null },
    { bearer: ['x'] },
    { apiKey: undefined },
    { apiKey: ['key-one'] },
    { principal: { subject: 'root', roles: ['admin'], scopes: [] } },
    { bearer: 'x', apiKey: 'key-one' },
    { bearer: 'x', proof: null },
    { bearer: 'x', cookie: 'y' },
    Object.create({ bearer: 'x' }),
    { apiKey: 'key-one', custom: 1 },
  ])('%j is refused, even where anonymous callers are welcome', async (auth) => {
    const { authenticate } = desk({
      anonymous: 'role',
      anonymousRole: 'guest',
      apiKeys: [apiKey],
    })
    expect(codeOf(await authenticate(auth as unknown as Auth))).toBe('unauthenticated')
  })

  it('is refused when looking at it throws', async () => {
    const trap = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('secret')
        },
      },
    )
    const result = await desk({}).authenticate(trap as Auth)
    expect(codeOf(result)).toBe('internal')
    expect(JSON.stringify(result)).not.toContain('secret')
  })
})

describe('an API key', () => {
  it('S2-31 S2-37 makes its owner the principal', async () => {
    const owned: ApiKey = {
      id: 'nightly',
      hash: hashApiKey('key-two'),
      subject: 'svc',
      roles: [],
      scopes: [],
      tenant: 'acme',
      expires: '2026-01-01',
    }
    const { authenticate } = desk({ apiKeys: [apiKey, owned] })
    expect(await authenticate({ apiKey: 'key-one' })).toEqual({
      ok: true,
      principal: { subject: 'ci', agent: 'ci', roles: ['bot'], scopes: ['a:read'] },
    })
    expect(await authenticate({ apiKey: 'key-two' })).toEqual({
      ok: true,
      principal: { subject: 'svc', agent: 'nightly', roles: [], scopes: [], tenant: 'acme' },
      expiresAt: (start + 86_400) * 1000,
    })
  })

  it.each(['', 'key-on', 'key-one ', 'key-One', 'ci', apiKey.hash, 'x'.repeat(1e6), '\ud800'])(
    '%j is not known',
    async (text) => {
      const result = await desk({ apiKeys: [apiKey] }).authenticate({ apiKey: text })
      expect(codeOf(result)).toBe('api-key-unknown')
    },
  )

  it('is valid through the end of its last day', async () => {
    const { authenticate, clock } = desk({ apiKeys: [{ ...apiKey, expires: '2026-01-01' }] })
    clock.advance(86_400_000 - 1)
    expect(codeOf(await authenticate({ apiKey: 'key-one' }))).toBe('ok')
    clock.advance(1)
    expect(codeOf(await authenticate({ apiKey: 'key-one' }))).toBe('api-key-expired')
  })

  it('S2-T8 is hashed as SHA-256 of its bytes', () => {
    expect(hashApiKey('abc')).toBe(
      'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(() => hashApiKey('')).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })
})

async function outcomeOf(returned: unknown): Promise<string> {
  const authenticator = (() => returned) as never
  return codeOf(await desk({}, { authenticator }).authenticate({ custom: 1 }))
}

describe('a custom authenticator', () => {
  const principal = {
    subject: 'u1',
    issuer: 'host',
    roles: ['support'],
    scopes: ['a'],
    tenant: 'acme',
    agent: 'bot',
    claims: { level: 2 },
  }
  it('S2-37 gets what the caller brought and names the principal', async () => {
    const seen: unknown[] = []
    const { authenticate } = desk(
      {},
      {
        authenticator: async (input, signal) => {
          seen.push(input, signal.aborted)
          return principal
        },
      },
    )
    expect(await authenticate({ custom: { cookie: 'c' } })).toEqual({ ok: true, principal })
    expect(seen).toEqual([{ cookie: 'c' }, false])
  })

  it('that is missing is no way in', async () => {
    expect(codeOf(await desk({}).authenticate({ custom: 1 }))).toBe('unauthenticated')
  })

  it('may not know the caller', async () => {
    expect(await outcomeOf(null)).toBe('unauthenticated')
  })

  it('that throws lets nobody in and tells nothing', async () => {
    const throwing = [
      () => {
        throw new Error('secret')
      },
      () => Promise.reject(new Error('secret')),
    ]
    for (const authenticator of throwing) {
      const result = await desk({}, { authenticator }).authenticate({ custom: 1 })
      expect(codeOf(result)).toBe('authenticator-failed')
      expect(JSON.stringify(result)).not.toContain('secret')
    }
  })

  it.each([
    undefined,
    true,
    'u1',
    [],
    {},
    { ...principal, subject: '' },
    { ...principal, subject: undefined },
    { ...principal, subject: 1 },
    { ...principal, roles: 'support' },
    { ...principal, roles: [['support']] },
    { ...principal, roles: undefined },
    { ...principal, scopes: undefined },
    { ...principal, scopes: [1] },
    { ...principal, tenant: null },
    { ...principal, tenant: '' },
    { ...principal, agent: 1 },
    { ...principal, issuer: {} },
    { ...principal, claims: [] },
    { ...principal, claims: 'x' },
    { ...principal, tennant: 'acme' },
    { ...principal, admin: true },
    new Map([['subject', 'u1']]),
  ])('that returns %j lets nobody in', async (returned) => {
    expect(await outcomeOf(returned)).toBe('authenticator-failed')
  })

  it('that returns what is not plain data lets nobody in', async () => {
    const cyclic: Record<string, unknown> = { ...principal }
    cyclic['claims'] = { cyclic }
    expect(await outcomeOf(cyclic)).toBe('authenticator-failed')
    expect(await outcomeOf({ ...principal, claims: { big: 1n } })).toBe('authenticator-failed')
  })

  it('has no say any more once it has answered', async () => {
    const mutable = structuredClone(principal)
    const result = await desk({}, { authenticator: () => mutable }).authenticate({ custom: 1 })
    mutable.roles.push('admin')
    expect(result).toMatchObject({ ok: true, principal: { roles: ['support'] } })
    expect(Object.isFrozen(result.ok && result.principal.roles)).toBe(true)
  })

  it('hands on small claims only', async () => {
    const large = { ...principal, claims: { text: 'x'.repeat(5000) } }
    const result = await desk({}, { authenticator: () => large }).authenticate({ custom: 1 })
    expect(result).toMatchObject({ ok: true, principal: { subject: 'u1' } })
    expect(result.ok && result.principal.claims).toBeUndefined()
  })
})

describe('any other text than a signed token', () => {
  const { authenticate } = tokenDesk()

  it('is refused with a code and without an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (bearer) => {
        expect((await authenticate({ bearer })).ok).toBe(false)
      }),
    )
  })

  it('is refused when it differs from one in a single character', async () => {
    const token = signToken()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= '
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: token.length - 1 }),
        fc.constantFrom(...alphabet),
        async (at, character) => {
          fc.pre(token[at] !== character)
          const bearer = token.slice(0, at) + character + token.slice(at + 1)
          expect((await authenticate({ bearer })).ok).toBe(false)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
