import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Auth } from '../../../src/gate/authenticate.ts'
import { hashApiKey } from '../../../src/gate/identity/api-key.ts'
import {
  claimsOf,
  desk,
  encode,
  otherPair,
  refusal,
  signToken,
  start,
  tokenDesk,
} from './authenticate-fixtures.ts'
import { boundToken, hashOf, proofDesk, proofOf, request } from './proof-fixtures.ts'

describe('a caller that is not let in', () => {
  const identity = {
    apiKeys: [{ id: 'ci', hash: hashApiKey('key'), roles: [], scopes: [], expires: '2025-12-31' }],
  }

  it.each([
    [
      undefined,
      [
        'unauthenticated',
        'the caller has not said who it is',
        'pass `auth`, or say under `identity.anonymous` of the policy what an anonymous caller is',
      ],
    ],
    [
      { bearer: 1 },
      [
        'unauthenticated',
        '`auth` has to be `{ bearer }` or `{ apiKey }` with a text, or `{ custom }`',
        '`bearer` may have a `proof: { token, method, url }` of texts and a `certificate`',
      ],
    ],
    [
      { custom: 1 },
      ['unauthenticated', 'there is no authenticator', 'pass the option `authenticator`'],
    ],
    [
      { apiKey: 'other' },
      [
        'api-key-unknown',
        'the API key is not known',
        'put its hash under `identity.apiKeys` of the policy',
      ],
    ],
    [{ apiKey: 'key' }, ['api-key-expired', 'the API key has expired']],
  ])('with %j is told why', async (auth, error) => {
    expect(await refusal(desk(identity), auth as Auth)).toEqual(error)
  })

  it.each([
    ['is no well-formed text', 'key-\ufffd', 'key-\ud800'],
    ['is longer than any key', 'k'.repeat(4097), 'k'.repeat(4097)],
  ])('with an API key that %s is not the one with the same hash', async (_, known, given) => {
    const hash = `sha256:${createHash('sha256').update(known).digest('hex')}`
    const apiKeys = [{ id: 'ci', hash, roles: [], scopes: [] }]
    const [code] = await refusal(desk({ apiKeys }), { apiKey: given })
    expect(code).toBe('api-key-unknown')
  })

  it.each([
    [null, ['unauthenticated', 'the authenticator knows no such caller']],
    [1, 'returned something that is not a principal'],
    [{ toJSON: () => 1 }, 'returned something that is not a principal'],
    [{ subject: 'u', admin: true }, 'returned a principal with the unknown member `admin`'],
    [{ subject: '' }, 'returned a principal without a usable member `subject`'],
    [{ subject: 'u' }, 'returned a principal without a usable member `roles`'],
    [{ subject: 'u', roles: [] }, 'returned a principal without a usable member `scopes`'],
    [
      { subject: 'u', roles: [], scopes: [], issuer: '' },
      'returned a principal without a usable member `issuer`',
    ],
    [
      { subject: 'u', roles: [], scopes: [], tenant: 1 },
      'returned a principal without a usable member `tenant`',
    ],
    [
      { subject: 'u', roles: [], scopes: [], agent: null },
      'returned a principal without a usable member `agent`',
    ],
    [
      { subject: 'u', roles: [], scopes: [], claims: [] },
      'returned a principal without a usable member `claims`',
    ],
  ])('by the host is told why: %j', async (returned, error) => {
    const host = desk({}, { authenticator: () => returned as never })
    expect(await refusal(host, { custom: 1 })).toEqual(
      typeof error === 'string'
        ? ['authenticator-failed', `the custom authenticator ${error}`]
        : error,
    )
  })

  it('by a host that throws is told so', async () => {
    const host = desk({}, { authenticator: () => Promise.reject(new Error('hunter2')) })
    expect(await refusal(host, { custom: 1 })).toEqual([
      'authenticator-failed',
      'the custom authenticator threw or did not answer in time',
    ])
  })
})

const bad = (problem: string): readonly string[] => ['token-proof-invalid', `the proof ${problem}`]

describe('a proof that is not accepted', () => {
  const again = 'make a new proof for each request'
  const compact = bad('is not one signed JWT in compact form, without extensions')
  const timed = ['token-proof-time', 'the proof was not made now', again]

  it.each([
    [{ claims: { htm: 'GET' } }, ['token-proof-request', 'the proof is for another method', again]],
    [
      { claims: { htu: 'https://a.example' } },
      ['token-proof-request', 'the proof is for another URL', again],
    ],
    [{ claims: { ath: 'x' } }, ['token-proof-token', 'the proof is for another token', again]],
    [{ claims: { jti: '' } }, bad('has no `jti`')],
    [{ claims: { jti: 1 } }, bad('has no `jti`')],
    [{ claims: { iat: null } }, bad('has no `iat` in seconds')],
    [{ claims: { exp: 'x' } }, bad('has a time that is no number of seconds')],
    [{ claims: { nbf: 'x' } }, bad('has a time that is no number of seconds')],
    [{ claims: { iat: start - 60 } }, timed],
    [{ claims: { iat: start + 60.001 } }, timed],
    [{ claims: { exp: start } }, timed],
    [{ claims: { nbf: start + 0.001 } }, timed],
    [{ header: { typ: 'JWT' } }, bad('is not of the type `dpop+jwt`')],
    [
      { pair: otherPair },
      ['token-binding', 'the token is bound to another key than that of the proof'],
    ],
  ])('for %j says why', async (parts, error) => {
    const bearer = await boundToken()
    const token = await proofOf(bearer, parts as never)
    const auth = { bearer, proof: { token, ...request } }
    expect(await refusal(proofDesk(), auth)).toEqual(error)
  })

  it.each([
    [{ iat: start - 59.999 }],
    [{ iat: start + 60 }],
    [{ exp: start + 0.001 }],
    [{ nbf: start }],
  ])('is one beyond its times, not with %j', async (claims) => {
    const bearer = await boundToken()
    expect(await proofDesk().proven(bearer, await proofOf(bearer, { claims }))).toBe('ok')
  })

  it.each([
    ['x'.repeat(16_385), bad('is longer than 16384 characters')],
    ['x'.repeat(16_384), compact],
    [
      `${encode({ typ: 'dpop+jwt', alg: 'HS256' })}.e30.AAAA`,
      [
        'token-proof-algorithm',
        'the algorithm of the proof is not allowed',
        'sign proofs with a private key, such as by `ES256`',
      ],
    ],
    [
      `${encode({ typ: 'dpop+jwt', alg: 'none' })}.e30.AAAA`,
      [
        'token-proof-algorithm',
        'the algorithm of the proof is not allowed',
        'sign proofs with a private key, such as by `ES256`',
      ],
    ],
    [
      `${encode({ typ: 'dpop+jwt', alg: 'ES256' })}.e30.AAAA`,
      ['token-proof-key', 'the key of the proof cannot be trusted: there is none in its header'],
    ],
    [
      `${encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty: 'EC', d: '' } })}.e30.AAAA`,
      ['token-proof-key', 'the key of the proof cannot be trusted: it is not public'],
    ],
    [
      `${encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty: 'x' } })}.e30.AAAA`,
      ['token-proof-key', 'the key of the proof cannot be trusted: it is not a key'],
    ],
  ])('for its text %# says why', async (token, error) => {
    const bearer = await boundToken()
    expect(await refusal(proofDesk(), { bearer, proof: { token, ...request } })).toEqual(error)
  })

  it('for what came with it, or its signature, says why', async () => {
    const bearer = await boundToken()
    const token = await proofOf(bearer)
    const from = proofDesk()
    expect(await refusal(from, { bearer, proof: { token, ...request, url: '/x' } })).toEqual(
      bad('came with a `url` that is not an absolute http URL'),
    )
    const other = `${token.split('.').slice(0, 2).join('.')}.${(await proofOf(bearer)).split('.')[2]}`
    expect(await refusal(from, { bearer, proof: { token: other, ...request } })).toEqual([
      'token-proof-signature',
      'the signature of the proof is wrong',
    ])
    expect(await from.proven(bearer, token)).toBe('ok')
    expect(await refusal(from, { bearer, proof: { token, ...request } })).toEqual([
      'token-proof-replayed',
      'the proof was used before',
      'make a new one',
    ])
    expect(await refusal(from, { bearer })).toEqual([
      'token-proof-missing',
      'the token counts only with a proof of the key it is bound to',
      'pass `auth: { bearer, proof: { token, method, url } }` with the header `DPoP` of the request; a token alone, as with `--token`, is not enough',
    ])
  })
})

const boundElsewhere = (name: string): readonly string[] => [
  'the token is not bound to a key',
  `ask the issuer for one with \`${name}\``,
]

describe('a binding that is not as it should be', () => {
  const digest = hashOf('x')

  it.each([
    ['dpop', undefined, boundElsewhere('jkt')],
    ['dpop', 'x', boundElsewhere('jkt')],
    ['dpop', { 'x5t#S256': digest }, boundElsewhere('jkt')],
    ['mtls', { jkt: digest }, boundElsewhere('x5t#S256')],
    ['dpop', { jkt: digest, kid: 'x' }, ['the token is bound in more than one way']],
    ['dpop', { jkt: 1 }, ['`jkt` of the token is not a SHA-256']],
    ['mtls', { 'x5t#S256': 'AAAA' }, ['`x5t#S256` of the token is not a SHA-256']],
  ] as const)('for %s in %j says why', async (proof, cnf, error) => {
    const bearer = signToken({ claims: claimsOf({ cnf }) })
    expect(await refusal(tokenDesk({ proof }), { bearer })).toEqual(['token-binding', ...error])
  })

  it('to a certificate says why', async () => {
    const der = Buffer.from('certificate')
    const cnf = { 'x5t#S256': createHash('sha256').update(der).digest('base64url') }
    const bearer = signToken({ claims: claimsOf({ cnf }) })
    const mtls = tokenDesk({ proof: 'mtls' })
    expect(await refusal(mtls, { bearer })).toEqual([
      'token-proof-missing',
      'the token counts only with the certificate it is bound to',
      'pass `auth: { bearer, certificate }` with the client certificate that the TLS layer verified; a token alone, as with `--token`, is not enough',
    ])
    const hex = createHash('sha256').update(der).digest('hex')
    for (const certificate of ['x', `sha256:${hex}0`, `xsha256:${hex}`, Buffer.alloc(0)]) {
      expect(await refusal(mtls, { bearer, certificate })).toEqual([
        'token-proof-invalid',
        'the certificate is neither DER nor `sha256:` and 64 hexadecimal digits',
      ])
    }
    expect(await refusal(mtls, { bearer, certificate: Buffer.from('other') })).toEqual([
      'token-binding',
      'the token is bound to another certificate',
    ])
    expect(await mtls.authenticate({ bearer, certificate: `sha256:${hex}` })).toMatchObject({
      ok: true,
    })
  })
})
