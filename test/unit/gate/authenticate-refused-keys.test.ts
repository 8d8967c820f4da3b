import { describe, expect, it } from 'vitest'
import {
  deskWithKeys,
  keyPair,
  keySetText,
  publicJwk,
  refusal,
  rsaPair,
  signToken,
  signWithSecret,
  tokenDesk,
  type Desk,
} from './authenticate-fixtures.ts'

const unusable = (problem: string): readonly string[] => [
  'token-key-invalid',
  `the key of the token cannot be trusted: ${problem}`,
]
const badSet = (problem: string): readonly string[] => [
  'token-key-invalid',
  `the key set ${problem}`,
]

const secretDesk = (environment: Record<string, string>): Desk =>
  tokenDesk({ algorithms: ['HS256'], secretEnv: 'S' }, { environment })

describe('a key that is not trusted', () => {
  const rsa = publicJwk(rsaPair) as Record<string, string>
  const even = Buffer.from([1, 0, 0, 0]).toString('base64url')

  it.each([
    [publicJwk(keyPair, { use: 'enc' }), 'it is not for signatures'],
    [publicJwk(keyPair, { key_ops: ['sign'] }), 'it is not for verification'],
    [publicJwk(keyPair, { key_ops: 'verify' }), 'it is not for verification'],
    [publicJwk(keyPair, { alg: 'ES384' }), 'it is not for an algorithm of this issuer'],
    [publicJwk(keyPair, { crv: 'P-384' }), 'it is not for an algorithm of this issuer'],
    [publicJwk(keyPair, { kty: 'OKP' }), 'it is not for an algorithm of this issuer'],
    [publicJwk(keyPair, { x: 'AAAA' }), 'it is not a valid public key'],
    [{ ...rsa, n: 'AQAB=' }, 'its numbers are not base64url'],
    [{ ...rsa, e: '' }, 'its numbers are not base64url'],
    [{ ...rsa, n: 1 }, 'its numbers are not base64url'],
    [{ ...rsa, n: 'AQAB' }, 'its modulus has 17 bits, not 2048 to 16384'],
    [{ ...rsa, e: 'Aw' }, 'its exponent is not an odd number between 2^16 and 2^256'],
    [{ ...rsa, e: even }, 'its exponent is not an odd number between 2^16 and 2^256'],
  ])('%# says why', async (jwk, problem) => {
    const keys = deskWithKeys({ algorithms: ['ES256', 'RS256'] }, { ...jwk, kid: 'k1' })
    expect(await refusal(keys, { bearer: signToken() })).toEqual(unusable(problem))
  })

  it.each([
    [{ k: 'AAAA' }, 'it has 3 bytes, at least 32 are needed'],
    [{ k: Buffer.alloc(31).toString('base64url') }, 'it has 31 bytes, at least 32 are needed'],
    [{ k: 'AA=' }, 'its secret is not base64url'],
    [{ k: 1 }, 'its secret is not base64url'],
  ])('as a shared one says why: %j', async (members, problem) => {
    const keys = deskWithKeys({ algorithms: ['HS256'] }, { kty: 'oct', kid: 'k1', ...members })
    const bearer = signWithSecret('x', { alg: 'HS256', kid: 'k1' })
    expect(await refusal(keys, { bearer })).toEqual(unusable(problem))
  })

  it('because its id is no text fits no token', async () => {
    const keys = deskWithKeys({}, publicJwk(keyPair, { kid: 1 }))
    expect(await refusal(keys, { bearer: signToken({ header: { alg: 'ES256' } }) })).toEqual([
      'token-key-unknown',
      'the issuer has no key for the algorithm of the token',
    ])
  })

  it('in the environment says why', async () => {
    const bearer = signWithSecret('x', { alg: 'HS256' })
    expect(await refusal(secretDesk({ S: 'x'.repeat(31) }), { bearer })).toEqual([
      'token-key-invalid',
      'the shared secret cannot be trusted: it has 31 bytes, at least 32 are needed',
    ])
    for (const S of [' {"kty":"oct"}', 'a\n-----BEGIN PUBLIC KEY-----']) {
      expect(await refusal(secretDesk({ S }), { bearer })).toEqual([
        'token-key-invalid',
        'the shared secret looks like a public key',
      ])
    }
    expect(await refusal(secretDesk({}), { bearer })).toEqual([
      'key-set-unavailable',
      'the keys of the issuer cannot be read: the variable S is not set',
    ])
  })
})

describe('a set of keys that is not trusted', () => {
  const one = publicJwk(keyPair, { kid: 'k1' })
  const secret = { kty: 'oct', k: 'AAAA' }

  it.each<[string, string]>([
    ['{', expect.stringMatching(/^the key set is not acceptable JSON: ./) as string],
    [`${' '.repeat(256 * 1024)}{}`, 'the key set is not acceptable JSON: too long'],
    ['{}', 'the key set has no list of `keys`'],
    ['[]', 'the key set has no list of `keys`'],
    ['{"keys":{}}', 'the key set has no list of `keys`'],
    ['{"keys":[1]}', 'the key set has no list of `keys`'],
    [keySetText(...Array.from({ length: 101 }, () => ({}))), 'the key set has more than 100 keys'],
    [keySetText(one, one), 'the key set holds two keys with the same id'],
    [keySetText(one, secret), 'the key set mixes secret keys and public keys'],
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth'].map((name): [string, string] => [
      keySetText(one, { [name]: '' }),
      'the key set holds a private key',
    ]),
    [`{"keys":${'['.repeat(17)}${']'.repeat(17)}}`, expect.stringContaining('JSON') as string],
  ])('%# says why', async (text, message) => {
    const keys = tokenDesk({}, { readFile: async () => text })
    const [code, said] = await refusal(keys, { bearer: signToken() })
    expect([code, said]).toEqual(['token-key-invalid', message])
  })

  it('behind an address publishes no secret', async () => {
    const body = [Buffer.from(keySetText(secret))] as never
    const keys = tokenDesk(
      { jwks: 'https://id.example/jwks' },
      { fetch: async () => ({ status: 200, body }) },
    )
    expect(await refusal(keys, { bearer: signToken() })).toEqual(badSet('publishes a secret key'))
  })

  it('may hold a hundred keys, and several without an id', async () => {
    const others = Array.from({ length: 99 }, () => ({ kty: 'x' }))
    expect(await deskWithKeys({}, one, ...others).outcome(signToken())).toBe('ok')
  })

  const coded = Object.assign(new Error('long story'), { code: 'ENOENT' })

  it.each([
    [coded, 'ENOENT'],
    [new Error('outer', { cause: coded }), 'ENOENT'],
    [new Error('outer', { cause: new Error('inner') }), 'inner'],
    [new Error('outer', { cause: 'text' }), 'outer'],
    [Object.assign(new Error('numbered'), { code: 5 }), 'numbered'],
    ['text', 'unknown failure'],
  ])('and cannot be read says why: %#', async (thrown, reason) => {
    const keys = tokenDesk({}, { readFile: () => Promise.reject(thrown as Error) })
    expect(await refusal(keys, { bearer: signToken() })).toEqual([
      'key-set-unavailable',
      `the keys of the issuer cannot be read: ${reason}`,
    ])
  })

  it.each([
    [{ status: 404, body: null }, 'status 404'],
    [{ status: 201, body: null }, 'status 201'],
    [{ status: 200, body: [Buffer.from([0xff])] }, 'not UTF-8'],
    [{ status: 200, body: [Buffer.alloc(256 * 1024), Buffer.alloc(1)] }, 'more than 262144 bytes'],
  ])('and was not sent whole says why: %#', async (response, reason) => {
    const fetch = async () => response as never
    const keys = tokenDesk({ jwks: 'https://id.example/jwks' }, { fetch })
    expect(await refusal(keys, { bearer: signToken() })).toEqual([
      'key-set-unavailable',
      `the keys of the issuer cannot be read: ${reason}`,
    ])
  })
})
