import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import type { ProvenToken } from '../../../src/gate/identity/proof.ts'
import {
  claimsOf,
  keyPair,
  otherPair,
  publicJwk,
  rsaPair,
  signToken,
  start,
  tokenDesk,
  type Desk,
  type KeyPair,
} from './authenticate-fixtures.ts'

const url = 'https://desk.example/runs'
const thumbprint = await calculateJwkThumbprint(publicJwk(otherPair) as JWK)
const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64url')
const boundTo = (jkt: string, header?: object): string =>
  signToken({ claims: claimsOf({ cnf: { jkt } }), ...(header === undefined ? {} : { header }) })
const token = boundTo(thumbprint)

interface Parts {
  readonly claims?: object
  readonly header?: object
  readonly key?: KeyObject
  readonly hash?: string | null
}

let proofs = 0

function proofOf({
  claims,
  header,
  key = otherPair.privateKey,
  hash = 'sha256',
}: Parts = {}): string {
  return signToken({
    header: { typ: 'dpop+jwt', alg: 'ES256', jwk: publicJwk(otherPair), ...header },
    claims: {
      jti: `p${proofs++}`,
      htm: 'POST',
      htu: url,
      iat: start,
      ath: digestOf(token),
      ...claims,
    },
    key,
    hash,
  })
}

const proving = (): Desk => tokenDesk({ proof: 'dpop' })

async function outcome(given: Partial<ProvenToken>, desk = proving()): Promise<string> {
  const proof = given.proof ?? proofOf()
  const result = await desk.authenticate({ dpop: { token, method: 'POST', url, ...given, proof } })
  return result.ok ? 'ok' : result.error.code
}

describe('a token of an issuer that demands proofs', () => {
  test('is accepted with a proof of its key for this request', async () => {
    expect(await outcome({})).toBe('ok')
    expect(await outcome({ url: `${url}?page=2#top` })).toBe('ok')
    expect(
      await outcome({ proof: proofOf({ claims: { htu: 'HTTPS://DESK.example:443/runs' } }) }),
    ).toBe('ok')
  })

  test('is refused as a bearer token, also when it is known already', async () => {
    const desk = proving()
    expect(await desk.outcome(token)).toBe('token-proof')
    expect(await outcome({}, desk)).toBe('ok')
    expect(await desk.outcome(token)).toBe('token-proof')
  })

  test('is refused when it is not bound to a key, or not by that alone', async () => {
    const desk = proving()
    for (const cnf of [
      undefined,
      null,
      {},
      { jkt: 7 },
      { jkt: 'short' },
      { 'x5t#S256': thumbprint },
    ]) {
      expect(await outcome({ token: signToken({ claims: claimsOf({ cnf }) }) }, desk)).toBe(
        'token-claims',
      )
    }
    const both = claimsOf({ cnf: { jkt: thumbprint, kid: 'k' } })
    expect(await outcome({ token: signToken({ claims: both }) }, desk)).toBe('token-claims')
    expect(await outcome({ token: signToken({ key: otherPair.privateKey }) }, desk)).toBe(
      'token-signature',
    )
  })
})

const wrongs: readonly (readonly [what: string, parts: Parts])[] = [
  ['another method', { claims: { htm: 'GET' } }],
  ['the method in other letters', { claims: { htm: 'post' } }],
  ['another path', { claims: { htu: `${url}/7` } }],
  ['another host', { claims: { htu: 'https://evil.example/runs' } }],
  ['another scheme', { claims: { htu: 'http://desk.example/runs' } }],
  ['no URL', { claims: { htu: 'runs' } }],
  ['another token', { claims: { ath: digestOf('other') } }],
  ['no token', { claims: { ath: undefined } }],
  ['no id', { claims: { jti: undefined } }],
  ['an empty id', { claims: { jti: '' } }],
  ['an id without end', { claims: { jti: 'x'.repeat(257) } }],
  ['no time', { claims: { iat: undefined } }],
  ['a time that is text', { claims: { iat: String(start) } }],
  ['an old time', { claims: { iat: start - 91 } }],
  ['a time to come', { claims: { iat: start + 31 } }],
  ['another type', { header: { typ: 'JWT' } }],
  ['no algorithm', { header: { alg: 'none' } }],
  ['a shared secret', { header: { alg: 'HS256' } }],
  ['no key', { header: { jwk: undefined } }],
  ['an extension', { header: { crit: ['b64'], b64: false } }],
  ['a key that did not sign', { key: keyPair.privateKey }],
  ['another key', { header: { jwk: publicJwk(keyPair) }, key: keyPair.privateKey }],
  ['a private key', { header: { jwk: otherPair.privateKey.export({ format: 'jwk' }) } }],
]

test.each(wrongs)('a proof with %s is refused', async (_what, parts) => {
  expect(await outcome({ proof: proofOf(parts) })).toBe('token-proof')
})

test.each(['', 'x', 'a.b.c', `${'x'.repeat(9000)}.a.b`])(
  'the proof %j is refused',
  async (proof) => {
    expect(await outcome({ proof })).toBe('token-proof')
  },
)

test('a proof is good for one use, also when both come at once', async () => {
  const desk = proving()
  const proof = proofOf()
  const both = await Promise.all([outcome({ proof }, desk), outcome({ proof }, desk)])
  expect(both.toSorted()).toEqual(['ok', 'token-proof'])
  desk.clock.advance(89_000)
  expect(await outcome({ proof }, desk)).toBe('token-proof')
})

test('a refused proof is not used up by somebody else', async () => {
  const desk = proving()
  const claims = { jti: 'mine' }
  expect(await outcome({ proof: proofOf({ claims, key: keyPair.privateKey }) }, desk)).toBe(
    'token-proof',
  )
  expect(await outcome({ proof: proofOf({ claims }) }, desk)).toBe('ok')
})

test.each<[string, KeyPair, string, string | null]>([
  ['RSA', rsaPair, 'RS256', 'sha256'],
  ['Ed25519', generateKeyPairSync('ed25519'), 'EdDSA', null],
])('a key of the kind %s proves as well', async (_kind, pair, alg, hash) => {
  const jwk = publicJwk(pair)
  const bound = boundTo(await calculateJwkThumbprint(jwk as JWK))
  const proof = proofOf({
    header: { alg, jwk },
    key: pair.privateKey,
    hash,
    claims: { ath: digestOf(bound) },
  })
  expect(await outcome({ token: bound, proof })).toBe('ok')
})

describe('an issuer that demands no proofs', () => {
  test('has no use for them, and none for tokens bound to a key', async () => {
    const desk = tokenDesk()
    const plain = signToken()
    const proof = proofOf({ claims: { ath: digestOf(plain) } })
    expect(await outcome({ token: plain, proof }, desk)).toBe('token-proof')
    expect(await desk.outcome(token)).toBe('token-claims')
  })
})

test('anything but four texts is no proven token', async () => {
  const { authenticate } = proving()
  for (const dpop of [
    null,
    token,
    { token },
    { token, proof: proofOf(), method: 'POST', url: 7 },
  ]) {
    const result = await authenticate({ dpop } as never)
    expect(result).toMatchObject({ ok: false, error: { code: 'unauthenticated' } })
  }
})
