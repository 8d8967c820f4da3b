import { describe, expect, it } from 'vitest'
import type { JwtIssuer } from '../../../src/protocol/identity.ts'
import {
  claimsOf,
  deskWithKeys,
  keyPair,
  otherPair,
  publicJwk,
  refusal,
  rsaPair,
  signToken,
  start,
  tokenDesk,
} from './authenticate-fixtures.ts'

const tokenHelp = 'pass a signed token in compact form, without the word `Bearer` before it'
const invalid = (message: string): readonly string[] => ['token-claims', message]

const headed = (members: unknown): string => signToken({ header: members as object })

describe('a token that is no token', () => {
  const [header, payload, signature] = signToken().split('.') as [string, string, string]

  it.each([
    ['x'.repeat(16_385), 'is longer than 16384 characters'],
    ['x'.repeat(16_384), 'does not have exactly three parts'],
    [`${header}.${payload}`, 'does not have exactly three parts'],
    [`${header}.${payload}.${signature}.`, 'does not have exactly three parts'],
    [`${header}=.${payload}.${signature}`, 'is not canonical base64url'],
    [`${header}.${payload} .${signature}`, 'is not canonical base64url'],
    [`${header}.${payload}.${signature}=`, 'is not canonical base64url'],
    [`${header}.${payload}.`, 'has no signature'],
    [headed('[]'), 'has a header that is not acceptable JSON'],
    [headed('\u00ff'), 'has a header that is not acceptable JSON'],
    [headed({ kid: 'k1' }), 'names no algorithm'],
    [headed({ alg: 'ES256', kid: 1 }), 'has a key id that is no text'],
    [headed({ alg: 'ES256', typ: 1 }), 'has a type that is no text'],
    [signToken({ claims: '[]' }), 'has claims that are not acceptable JSON'],
    [signToken({ claims: '{"a":1,"a":1}' }), 'has claims that are not acceptable JSON'],
  ])('%# says what it lacks', async (bearer, problem) => {
    expect(await refusal(tokenDesk(), { bearer })).toEqual([
      'token-malformed',
      `the token ${problem}`,
      tokenHelp,
    ])
  })
})

describe('a token that is not accepted', () => {
  const at = {
    subject: '/sub',
    scopes: '/scope',
    roles: '/roles',
    tenant: '/org',
    agent: '/by',
  }
  const issuer: Partial<JwtIssuer> = { claims: at, maxAgeMs: 300_000, require: ['jti'] }

  it.each([
    [
      { iss: 'https://evil.example' },
      [
        'token-issuer',
        'the issuer of the token is not trusted',
        'name the issuer under `identity.jwt` of the policy, exactly as in the claim `iss`',
      ],
    ],
    [{ jti: '' }, invalid('the token has no claim `jti`')],
    [
      { aud: 'other' },
      [
        'token-audience',
        'the token is not meant for this service',
        'ask the issuer for a token with the audience `https://desk.example`',
      ],
    ],
    [{ exp: 'x' }, invalid('a time of the token is not a number of seconds')],
    [{ nbf: 'x' }, invalid('a time of the token is not a number of seconds')],
    [{ iat: null }, invalid('a time of the token is not a number of seconds')],
    [{ exp: undefined }, invalid('the token has no claim `exp`')],
    [{ iat: undefined }, invalid('the token has no claim `iat`')],
    [{ exp: start - 30 }, ['token-expired', 'the token has expired']],
    [{ nbf: start + 31 }, ['token-not-yet-valid', 'the token is not valid yet']],
    [{ iat: start + 31 }, ['token-not-yet-valid', 'the token is not valid yet']],
    [{ iat: start - 330 }, ['token-too-old', 'the token was issued too long ago']],
    [{ sub: '' }, invalid('the subject at `/sub` is not a text')],
    [{ org: 1 }, invalid('the tenant at `/org` is not a text')],
    [{ by: 1 }, invalid('the agent at `/by` is not a text')],
    [{ scope: 1 }, invalid('the scopes at `/scope` are not texts')],
    [{ roles: 'x' }, invalid('the roles at `/roles` are not a list of texts')],
    [{ act: {} }, invalid('an actor has no subject')],
    [
      { act: { sub: 'a', act: { sub: 'b', act: { sub: 'c', act: { sub: 'd', act: {} } } } } },
      invalid('the token has more than 4 actors'),
    ],
    [
      { cnf: { jkt: 'x' } },
      [
        'token-binding',
        'the token is bound to a key, and no proof of it is taken',
        'state `proof: dpop` or `proof: mtls` for the issuer',
      ],
    ],
  ])('for the claims %j says why', async (members, error) => {
    const bearer = signToken({ claims: claimsOf({ jti: 'j', ...members }) })
    expect(await refusal(tokenDesk(issuer), { bearer })).toEqual(error)
  })

  it('at the last moment of each time is accepted', async () => {
    const members = { jti: 'j', iat: start - 329.999, nbf: start + 30, exp: start - 29.999 }
    const { authenticate } = tokenDesk(issuer)
    const result = await authenticate({ bearer: signToken({ claims: claimsOf(members) }) })
    expect(result).toMatchObject({ ok: true, expiresAt: start * 1000 + 1 })
    const aged = await authenticate({ bearer: signToken({ claims: claimsOf({ jti: 'j' }) }) })
    expect(aged).toMatchObject({ ok: true, expiresAt: (start + 330) * 1000 })
  })

  it.each([
    [
      { algorithms: ['RS256', 'PS256'] },
      { alg: 'ES256', kid: 'k1' },
      [
        'token-algorithm',
        'the algorithm of the token is not allowed',
        'this issuer may use `RS256`, `PS256`',
      ],
    ],
    [
      { typ: 'at+jwt' },
      { alg: 'ES256', kid: 'k1', typ: 'JWT' },
      ['token-type', 'the token is not of the type `at+jwt`'],
    ],
    [
      {},
      { alg: 'ES256', kid: 'k1', crit: [] },
      ['token-critical', 'the token asks for an extension, and none is supported'],
    ],
    [
      {},
      { alg: 'ES256', kid: 'k2' },
      ['token-key-unknown', 'the issuer has no key with the id the token names'],
    ],
  ])('under %j for the header %j says why', async (members, header, error) => {
    expect(await refusal(tokenDesk(members), { bearer: signToken({ header }) })).toEqual(error)
  })

  it('for its signature or its key says why', async () => {
    const bearer = signToken({ key: otherPair.privateKey })
    expect(await refusal(tokenDesk(), { bearer })).toEqual([
      'token-signature',
      'the signature of the token is wrong',
    ])
    const keys = [publicJwk(keyPair, { kid: 'k1' }), publicJwk(otherPair, { kid: 'k2' })]
    const nameless = signToken({ header: { alg: 'ES256' } })
    expect(await refusal(deskWithKeys({}, ...keys), { bearer: nameless })).toEqual([
      'token-key-unknown',
      'the token names no key and several fit',
    ])
    expect(await refusal(deskWithKeys({}), { bearer: nameless })).toEqual([
      'token-key-unknown',
      'the issuer has no key for the algorithm of the token',
    ])
    const rsa = deskWithKeys({ algorithms: ['ES256', 'RS256'] }, publicJwk(rsaPair, { kid: 'k1' }))
    expect(await refusal(rsa, { bearer: signToken() })).toEqual([
      'token-algorithm',
      'the key of the token is not for its algorithm',
    ])
  })
})
