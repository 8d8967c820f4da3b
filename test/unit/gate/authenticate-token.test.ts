import { constants, createSecretKey, generateKeyPairSync, sign } from 'node:crypto'
import { CompactEncrypt, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  claimsOf,
  deskWithKeys,
  encode,
  keyPair,
  keySetText,
  otherPair,
  publicJwk,
  rsaPair,
  signToken,
  signWithSecret,
  start,
  tokenDesk,
} from './authenticate-fixtures.ts'

const rs256 = { padding: constants.RSA_PKCS1_PADDING }

describe('a token', () => {
  it('S2-37 makes its subject the principal', async () => {
    const { authenticate } = tokenDesk()
    expect(await authenticate({ bearer: signToken() })).toEqual({
      ok: true,
      principal: {
        subject: 'u1',
        issuer: 'https://id.example',
        roles: [],
        scopes: [],
        claims: claimsOf(),
      },
      expiresAt: (start + 630) * 1000,
    })
  })

  it.each(['ES256', 'ES384', 'ES512', 'RS256', 'RS512', 'PS256', 'PS384', 'EdDSA', 'Ed25519'])(
    'of another library is accepted with %s',
    async (algorithm) => {
      const pair = pairFor(algorithm)
      const token = await new SignJWT(claimsOf())
        .setProtectedHeader({ alg: algorithm, kid: 'k1' })
        .sign(pair.privateKey)
      const { outcome } = deskWithKeys({ algorithms: [algorithm] }, publicJwk(pair, { kid: 'k1' }))
      expect(await outcome(token)).toBe('ok')
    },
  )

  it('without a signature is refused', async () => {
    const { outcome } = tokenDesk()
    const signed = signToken()
    expect(await outcome(signed.slice(0, signed.lastIndexOf('.') + 1))).toBe('token-malformed')
  })

  it.each(['none', 'None', 'nOnE', 'NONE'])('of algorithm `%s` is refused', async (alg) => {
    const { outcome } = tokenDesk()
    const unsigned = `${encode({ alg, kid: 'k1' })}.${encode(claimsOf())}.`
    expect(await outcome(unsigned)).toBe('token-malformed')
    expect(await outcome(`${unsigned}AAAA`)).toBe('token-algorithm')
    expect(await outcome(signToken({ header: { alg, kid: 'k1' } }))).toBe('token-algorithm')
  })

  it('signed with the public key as a shared secret is refused', async () => {
    const pem = rsaPair.publicKey.export({ format: 'pem', type: 'spki' }).toString()
    const jwk = publicJwk(rsaPair, { kid: 'k1' })
    const { outcome } = deskWithKeys({ algorithms: ['RS256'] }, jwk)
    const secrets = [pem, pem.trim(), `\n ${pem}`, JSON.stringify(jwk), keySetText(jwk), jwk.n!]
    for (const secret of secrets) {
      const token = signWithSecret(secret, { alg: 'HS256', kid: 'k1' })
      expect(await outcome(token)).toBe('token-algorithm')
      const disguised = signWithSecret(secret, { alg: 'RS256', kid: 'k1' })
      expect(await outcome(disguised)).toBe('token-signature')
    }
  })

  it('signed with an empty secret is refused', async () => {
    const { outcome } = tokenDesk(
      { algorithms: ['HS256'], secretEnv: 'S' },
      { environment: { S: '' } },
    )
    expect(await outcome(signWithSecret('', { alg: 'HS256' }))).toBe('token-key-invalid')
  })

  it('that brings or points to its own key is checked with ours', async () => {
    const { outcome } = tokenDesk()
    const own = {
      jwk: publicJwk(otherPair),
      jku: 'https://evil.example/keys',
      x5u: 'https://evil.example/cert',
      x5c: ['MIIB'],
    }
    for (const [name, value] of Object.entries(own)) {
      const header = { alg: 'ES256', kid: 'k1', [name]: value }
      expect(await outcome(signToken({ header, key: otherPair.privateKey }))).toBe(
        'token-signature',
      )
      expect(await outcome(signToken({ header }))).toBe('ok')
    }
  })

  it.each([
    { crit: ['x'] },
    { crit: [] },
    { crit: ['b64'], b64: false },
    { b64: false },
    { b64: true },
  ])('with the extension %j is refused', async (extension) => {
    const { outcome } = tokenDesk()
    const header = { alg: 'ES256', kid: 'k1', ...extension }
    expect(await outcome(signToken({ header }))).toBe('token-critical')
  })

  it.each([
    ['two algorithms', '{"alg":"none","alg":"ES256","kid":"k1"}'],
    [
      'two algorithms in different spelling',
      String.raw`{"alg":"ES256","\u0061lg":"none","kid":"k1"}`,
    ],
    ['a prototype', '{"alg":"ES256","kid":"k1","__proto__":{"b64":false}}'],
    ['no algorithm', '{"kid":"k1"}'],
    ['a list of algorithms', '{"alg":["ES256"],"kid":"k1"}'],
    ['a list', '["ES256"]'],
    ['a number as key id', '{"alg":"ES256","kid":1}'],
    ['a byte order mark', '\ufeff{"alg":"ES256","kid":"k1"}'],
    ['half a text', '{"alg":"ES256","kid":"k1"'],
  ])('whose header holds %s is refused', async (_, header) => {
    const { outcome } = tokenDesk()
    expect(await outcome(signToken({ header }))).toBe('token-malformed')
  })

  it('whose claims name the subject twice is refused', async () => {
    const { outcome } = tokenDesk()
    const text = JSON.stringify(claimsOf())
    const claims = `{"sub":"admin",${text.slice(1)}`
    expect(await outcome(signToken({ claims }))).toBe('token-malformed')
  })

  it.each([
    '',
    '.',
    '..',
    '...',
    'a.b',
    'Bearer x.y.z',
    `${'a'.repeat(20_000)}.b.c`,
    '.'.repeat(16_000),
    '\ud800.\ud800.\ud800',
  ])('that reads `%s` is refused', async (token) => {
    const { outcome } = tokenDesk()
    expect(await outcome(token)).toBe('token-malformed')
  })

  it('of more than 16 KiB is refused, however well it is signed', async () => {
    const { outcome } = tokenDesk()
    const [long, tooLong] = [12_000, 12_288].map((length) =>
      signToken({ claims: claimsOf({ extra: 'x'.repeat(length) }) }),
    )
    expect(await outcome(long!)).toBe('ok')
    expect(await outcome(tooLong!)).toBe('token-malformed')
  })

  it('of an algorithm or issuer we do not want costs no key to be read', async () => {
    let reads = 0
    const { outcome } = tokenDesk(
      {},
      {
        readFile: async () => {
          reads++
          return keySetText()
        },
      },
    )
    expect(await outcome(signToken({ header: { alg: 'ES384' } }))).toBe('token-algorithm')
    expect(await outcome(signToken({ claims: claimsOf({ iss: 'x' }) }))).toBe('token-issuer')
    expect(reads).toBe(0)
  })

  it('spelt in another way is refused', async () => {
    const { outcome } = tokenDesk()
    const token = signToken()
    const [header, claims, signature] = token.split('.')
    const last = signature!.at(-1)!
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    // 64 bytes leave four unused bits in the last character
    const trailing = `${signature!.slice(0, -1)}${alphabet[alphabet.indexOf(last) + 1]}`
    const respelt = [
      `${token}=`,
      `${token}==`,
      `${token}\n`,
      ` ${token}`,
      `${header}=.${claims}.${signature}`,
      `${header}\n.${claims}.${signature}`,
      `${header}.${claims}.${trailing}`,
      `${header}.${claims}?.${signature}`,
      `${token}.`,
      `${token}.e30`,
    ]
    expect(await outcome(token)).toBe('ok')
    for (const text of respelt) expect(await outcome(text)).toBe('token-malformed')
  })

  it('with an altered part is refused', async () => {
    const { outcome } = tokenDesk()
    const [header, , signature] = signToken().split('.')
    const claims = encode(claimsOf({ sub: 'admin' }))
    expect(await outcome(`${header}.${claims}.${signature}`)).toBe('token-signature')
  })

  it('with a signature of zeros, of another size or in DER is refused', async () => {
    const { outcome } = tokenDesk()
    const text = signToken().split('.').slice(0, 2).join('.')
    const der = sign('sha256', Buffer.from(text), keyPair.privateKey)
    const signatures = [
      Buffer.alloc(64),
      Buffer.alloc(1),
      Buffer.alloc(63, 1),
      Buffer.alloc(4096, 1),
      der,
    ]
    for (const signature of signatures) {
      expect(await outcome(`${text}.${signature.toString('base64url')}`)).toBe('token-signature')
    }
  })

  it('that is encrypted is refused', async () => {
    const { outcome } = tokenDesk()
    const secret = createSecretKey(Buffer.alloc(32, 1))
    const encrypted = await new CompactEncrypt(Buffer.from(JSON.stringify(claimsOf())))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(secret)
    const costly = `${encode({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31 })}.AA.AA.AA.AA`
    expect(await outcome(encrypted)).toBe('token-malformed')
    expect(await outcome(costly)).toBe('token-malformed')
  })

  it('whose key id tries to be more than a name finds no key', async () => {
    const { outcome } = tokenDesk()
    const ids = [
      '../../../dev/null',
      "' UNION SELECT 'x",
      'K1',
      'k1 ',
      '',
      'toString',
      'constructor',
    ]
    for (const kid of [...ids, '__proto__']) {
      expect(await outcome(signToken({ header: { alg: 'ES256', kid } }))).toBe('token-key-unknown')
    }
  })

  it('S2-T7 of another algorithm of the same key is refused', async () => {
    const { outcome } = deskWithKeys(
      { algorithms: ['RS256', 'PS256'] },
      publicJwk(rsaPair, { kid: 'k1', alg: 'PS256' }),
    )
    const parts = { header: { alg: 'RS256', kid: 'k1' }, key: rsaPair.privateKey, options: rs256 }
    expect(await outcome(signToken(parts))).toBe('token-algorithm')
  })

  it('may leave out the key id when only one key fits', async () => {
    const token = signToken({ header: { alg: 'ES256' } })
    const mine = publicJwk(keyPair, { kid: 'k1' })
    const rsa = publicJwk(rsaPair, { kid: 'k2' })
    const algorithms = ['ES256', 'RS256']
    expect(await deskWithKeys({ algorithms }, mine, rsa).outcome(token)).toBe('ok')
    const other = publicJwk(otherPair, { kid: 'k3' })
    expect(await deskWithKeys({ algorithms }, mine, other).outcome(token)).toBe('token-key-unknown')
    expect(await deskWithKeys({ algorithms }, rsa).outcome(token)).toBe('token-key-unknown')
  })

  it('of a shared secret is accepted with any key id', async () => {
    const secret = 'a shared secret of 32 bytes or more'
    const { outcome } = tokenDesk(
      { algorithms: ['HS256'], secretEnv: 'SECRET' },
      { environment: { SECRET: secret } },
    )
    expect(await outcome(signWithSecret(secret, { alg: 'HS256' }))).toBe('ok')
    expect(await outcome(signWithSecret(secret, { alg: 'HS256', kid: 'x' }))).toBe('ok')
    expect(await outcome(signWithSecret(`${secret}!`, { alg: 'HS256' }))).toBe('token-signature')
    expect(await outcome(signWithSecret(secret, { alg: 'HS512' }))).toBe('token-algorithm')
  })

  it('is never repeated in a refusal', async () => {
    const { authenticate } = tokenDesk()
    const mark = 'xyzzy'
    const tokens = [
      mark,
      signToken({ header: { alg: mark, kid: 'k1' } }),
      signToken({ header: { alg: 'ES256', kid: mark } }),
      signToken({ header: { alg: 'ES256', kid: 'k1', typ: mark, crit: [mark] } }),
      ...['iss', 'aud', 'sub', 'exp'].map((name) =>
        signToken({ claims: claimsOf({ [name]: name === 'sub' ? [mark] : mark }) }),
      ),
    ]
    for (const bearer of tokens) {
      const result = await authenticate({ bearer })
      expect(result.ok).toBe(false)
      expect(JSON.stringify(result)).not.toContain(mark)
      expect(JSON.stringify(result)).not.toContain(bearer.slice(0, 16))
    }
  })
})

function pairFor(algorithm: string) {
  switch (algorithm) {
    case 'ES256':
      return keyPair
    case 'ES384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    case 'ES512':
      return generateKeyPairSync('ec', { namedCurve: 'P-521' })
    case 'EdDSA':
    case 'Ed25519':
      return generateKeyPairSync('ed25519')
    default:
      return rsaPair
  }
}
