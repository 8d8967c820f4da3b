import { generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  checkOwnKey,
  checkPublicKeys,
  readOwnHeader,
  signCompact,
  type OwnKey,
} from '../../../src/gate/identity/own-key.ts'
import { encode, keyPair, publicJwk, rsaPair } from './authenticate-fixtures.ts'

const edwards = generateKeyPairSync('ed25519')
const privateJwk = (pair: typeof keyPair, members: object = {}): OwnKey => ({
  ...pair.privateKey.export({ format: 'jwk' }),
  ...members,
})
const signing = privateJwk(edwards, { kid: 'k1' })
const verifying = publicJwk(edwards, { kid: 'k1' }) as OwnKey
const refusal = (message: string, help?: string): unknown =>
  expect.objectContaining({ code: 'bad-option', message, ...(help !== undefined && { help }) })

const noSignatures = refusal(
  '`key` is not a key for signatures',
  'use a JSON Web Key for Ed25519 (`kty` OKP) or P-256 (`kty` EC)',
)
const noId = refusal(
  '`key` has no `kid`',
  'give it an id of up to 256 characters: signatures name their key by it',
)

describe('a key of our own', () => {
  test.each([
    [publicJwk(keyPair, { kid: 'a' }), { alg: 'ES256', kid: 'a' }],
    [verifying, { alg: 'EdDSA', kid: 'k1' }],
    [publicJwk(edwards, { kid: 'x'.repeat(256) }), { alg: 'EdDSA', kid: 'x'.repeat(256) }],
  ])('is named by algorithm and id: %#', (key, named) => {
    expect(checkOwnKey(key as OwnKey, '`key`')).toEqual(named)
  })

  test.each([
    [publicJwk(rsaPair, { kid: 'a' }), noSignatures],
    [publicJwk(keyPair, { kid: 'a', crv: 'P-384' }), noSignatures],
    [publicJwk(keyPair, { kid: 'a', kty: 'OKP' }), noSignatures],
    [null, noSignatures],
    [['x'], noSignatures],
    [publicJwk(keyPair), noId],
    [publicJwk(keyPair, { kid: '' }), noId],
    [publicJwk(keyPair, { kid: 1 }), noId],
    [publicJwk(keyPair, { kid: 'x'.repeat(257) }), noId],
  ])('that cannot be used says why: %#', (key, error) => {
    expect(() => checkOwnKey(key as unknown as OwnKey, '`key`')).toThrow(error as Error)
  })

  test('verifies when it is public and has an id of its own', () => {
    const other = publicJwk(keyPair, { kid: 'k2' }) as OwnKey
    expect(() => checkPublicKeys([])).not.toThrow()
    expect(() => checkPublicKeys([verifying, other])).not.toThrow()
    expect(() => checkPublicKeys([other, signing])).toThrow(
      refusal(
        '`keys[1]` is a private key',
        'verifying needs the public key only: leave the member `d` where things are signed',
      ) as Error,
    )
    expect(() => checkPublicKeys([verifying, other, verifying])).toThrow(
      refusal(
        'two keys have the id `k1`',
        'give each key a `kid` of its own: signatures name their key by it',
      ) as Error,
    )
    expect(() => checkPublicKeys([verifying, {}])).toThrow(
      refusal('`keys[1]` is not a key for signatures') as Error,
    )
  })
})

describe('a signature of our own', () => {
  const payload = Buffer.from('a text')

  test('names type, algorithm and key, and nothing else', async () => {
    const text = await signCompact(payload, { key: signing, type: 'x+jws' })
    const [header, body, signature] = text.split('.') as [string, string, string]
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      alg: 'EdDSA',
      kid: 'k1',
      typ: 'x+jws',
    })
    expect(Buffer.from(body, 'base64url').toString()).toBe('a text')
    const signed = Buffer.from(`${header}.${body}`)
    const bytes = Buffer.from(signature, 'base64url')
    expect(verify(null, signed, edwards.publicKey, bytes)).toBe(true)
    expect(readOwnHeader(header, 'x+jws')).toEqual({ alg: 'EdDSA', kid: 'k1' })
  })

  test('has a key of either kind, whatever else its members say', async () => {
    const key = privateJwk(keyPair, { kid: 'k2', use: 'enc', key_ops: ['verify'], alg: 'x' })
    const [header] = (await signCompact(payload, { key, type: 'x+jws' })).split('.')
    expect(readOwnHeader(header!, 'x+jws')).toEqual({ alg: 'ES256', kid: 'k2' })
  })

  test('is not made with a key that cannot', async () => {
    await expect(signCompact(payload, { key: verifying, type: 'x' })).rejects.toThrow(
      refusal(
        'the signing key is a public key',
        'signing needs the private key, which has the member `d`',
      ) as Error,
    )
    await expect(signCompact(payload, { key: {}, type: 'x' })).rejects.toThrow(
      refusal('the signing key is not a key for signatures') as Error,
    )
    const broken = signCompact(payload, { key: { ...signing, d: 'AA' }, type: 'x' })
    await expect(broken).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringMatching(/^the signing key cannot be used: ./) as string,
      help: 'pass a whole private JSON Web Key, as it was made',
    })
  })

  const header = { alg: 'EdDSA', kid: 'k1', typ: 'x' }

  test.each([
    [encode({ ...header, typ: 'y' })],
    [encode({ ...header, crit: [] })],
    [encode({ ...header, alg: 1 })],
    [encode({ ...header, kid: 1 })],
    [encode({ alg: 'EdDSA', kid: 'k1' })],
    [encode({ kid: 'k1', typ: 'x' })],
    [encode([])],
    [encode('{')],
    [`${encode(header)}=`],
    [Buffer.from([0xff]).toString('base64url')],
    [''],
  ])('is not read behind another header: %#', (encoded) => {
    expect(readOwnHeader(encoded, 'x')).toBeUndefined()
    expect(readOwnHeader(encode(header), 'x')).toEqual({ alg: 'EdDSA', kid: 'k1' })
  })
})
