import { createHmac, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { checkProof } from '../../../src/gate/identity/dpop.ts'
import {
  createProofMemory,
  type ProofMemory,
  type SeenProof,
} from '../../../src/gate/identity/proof-memory.ts'
import {
  claimsOf,
  encode,
  otherPair,
  publicJwk,
  rsaPair,
  signToken,
  start,
  tokenDesk,
} from './authenticate-fixtures.ts'
import {
  boundToken,
  callerPair,
  codeOf,
  hashOf,
  proofClaims,
  proofDesk,
  proofHeader,
  proofOf,
  request,
  thumbprintOf,
} from './proof-fixtures.ts'

const bearer = await boundToken()
const jkt = await thumbprintOf(callerPair)
const jktOfOther = await thumbprintOf(otherPair)

/** What becomes of a proof that differs from a right one in this. */
async function outcomeOf(parts: Parameters<typeof proofOf>[1]): Promise<string> {
  return proofDesk().proven(bearer, await proofOf(bearer, parts))
}

describe('a token with a proof of its key', () => {
  it('makes its subject the principal', async () => {
    const proof = { token: await proofOf(bearer), ...request }
    const result = await proofDesk().authenticate({ bearer, proof })
    expect(result).toMatchObject({ ok: true, principal: { subject: 'u1' } })
  })

  it.each([
    ['PS256', rsaPair],
    ['RS512', rsaPair],
    ['EdDSA', generateKeyPairSync('ed25519')],
    ['Ed25519', generateKeyPairSync('ed25519')],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ])('may prove a key for %s', async (alg, pair) => {
    const token = await boundToken({}, pair)
    const proof = await proofOf(token, { header: { alg }, pair })
    expect(await proofDesk().proven(token, proof)).toBe('ok')
  })

  it('is accepted as RFC 9449 shows it', async () => {
    const token =
      'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA'
    const demand = {
      thumbprint: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
      tokenHash: hashOf('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'),
      issuer: 'i',
      subject: 's',
      clockSkewMs: 0,
    }
    const url = 'https://resource.example.org/protectedresource'
    const check = (method: string): ReturnType<typeof checkProof> =>
      checkProof({ token, method, url }, demand, createProofMemory(), () => 1_562_262_618_000)
    expect(await check('GET')).toBeUndefined()
    expect(await check('POST')).toMatchObject({ error: { code: 'token-proof-request' } })
  })

  it('is refused without it, with what to pass', async () => {
    const result = await proofDesk().authenticate({ bearer })
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'token-proof-missing', help: expect.stringContaining('`--token`') },
    })
    expect(codeOf(await proofDesk().authenticate({ bearer, proof: undefined }))).toBe(
      'token-proof-missing',
    )
  })

  it('needs a new proof each time, though the token is known', async () => {
    const { proven, outcome } = proofDesk()
    expect(await proven(bearer)).toBe('ok')
    expect(await proven(bearer)).toBe('ok')
    expect(await outcome(bearer)).toBe('token-proof-missing')
    expect(await proven(bearer, await proofOf(bearer, { pair: otherPair }))).toBe('token-binding')
  })

  it('is refused for itself first', async () => {
    const expired = await boundToken({ exp: start - 1 })
    expect(await proofDesk().proven(expired)).toBe('token-expired')
  })
})

describe('T31: a proof', () => {
  it('that was used is refused, also beside itself', async () => {
    const { proven, clock } = proofDesk()
    const proof = await proofOf(bearer)
    const both = await Promise.all([proven(bearer, proof), proven(bearer, proof)])
    expect(both.toSorted()).toEqual(['ok', 'token-proof-replayed'])
    clock.advance(59_999)
    expect(await proven(bearer, proof)).toBe('token-proof-replayed')
    clock.advance(1)
    expect(await proven(bearer, proof)).toBe('token-proof-time')
  })

  it('that was used is refused by an authenticator that takes over', async () => {
    const proofs = createProofMemory()
    const proof = await proofOf(bearer)
    expect(await proofDesk({}, { proofs }).proven(bearer, proof)).toBe('ok')
    expect(await proofDesk({}, { proofs }).proven(bearer, proof)).toBe('token-proof-replayed')
  })

  it('that was refused can still be used', async () => {
    const { proven } = proofDesk()
    const proof = await proofOf(bearer)
    expect(await proven(bearer, proof, { method: 'GET' })).toBe('token-proof-request')
    expect(await proven(bearer, proof)).toBe('ok')
  })

  it('with the id of a proof by another key is another one', async () => {
    const { proven } = proofDesk()
    const other = await boundToken({}, otherPair)
    const claims = { jti: 'same' }
    expect(await proven(bearer, await proofOf(bearer, { claims }))).toBe('ok')
    const theirs = await proofOf(other, { claims, pair: otherPair })
    expect(await proven(other, theirs)).toBe('ok')
  })

  it.each(['GET', 'post', '', undefined, null, ['POST']])('for the method %j is refused', (htm) =>
    expect(outcomeOf({ claims: { htm } })).resolves.toBe('token-proof-request'),
  )

  it.each([
    undefined,
    null,
    '',
    '/support',
    'https://desk.example/',
    'https://desk.example/support/',
    'https://desk.example/Support',
    'https://desk.example:8443/support',
    'http://desk.example/support',
    'https://desk.example.evil.example/support',
    'https://evil.example/support',
    'https://u@desk.example/support',
    'https://desk.example\\support',
    'https://desk.example/sup port',
    ' https://desk.example/support',
    'https:/desk.example/support',
    'https://desk.example/%2Fsupport',
    'javascript:https://desk.example/support',
    [request.url],
  ])('for the URL %j is refused', (htu) =>
    expect(outcomeOf({ claims: { htu } })).resolves.toBe('token-proof-request'),
  )

  it.each([
    'HTTPS://Desk.Example:443/support',
    'https://desk.example/support?x=1#y',
    'https://desk.example/x/../support',
    'https://desk.example/%73upport',
  ])('for the URL %j is one for the request', async (htu) => {
    expect(await outcomeOf({ claims: { htu } })).toBe('ok')
    expect(await proofDesk().proven(bearer, undefined, { url: htu })).toBe('ok')
  })

  it.each(['/support', 'support', 'ftp://desk.example/support', ''])(
    'of a request to %j cannot be judged',
    (url) =>
      expect(proofDesk().proven(bearer, undefined, { url })).resolves.toBe('token-proof-invalid'),
  )

  it.each([undefined, null, '', hashOf('other'), [hashOf(bearer)]])(
    'for the token %j is refused',
    (ath) => expect(outcomeOf({ claims: { ath } })).resolves.toBe('token-proof-token'),
  )

  it.each([
    ['too old', { iat: start - 60 }, 'token-proof-time'],
    ['too new', { iat: start + 60.001 }, 'token-proof-time'],
    ['almost too old', { iat: start - 59.999 }, 'ok'],
    ['almost too new', { iat: start + 60 }, 'ok'],
    ['expired', { exp: start }, 'token-proof-time'],
    ['not valid yet', { nbf: start + 1 }, 'token-proof-time'],
    ['of no time', { iat: undefined }, 'token-proof-invalid'],
    ['of a text as time', { iat: `${start}` }, 'token-proof-invalid'],
    ['of a negative time', { iat: -1 }, 'token-proof-invalid'],
    ['with an end that is no time', { exp: 'x' }, 'token-proof-invalid'],
    ['without an id', { jti: undefined }, 'token-proof-invalid'],
    ['with an empty id', { jti: '' }, 'token-proof-invalid'],
    ['with a number as id', { jti: 1 }, 'token-proof-invalid'],
  ])('%s: %j is %s', async (_what, claims, code) => {
    expect(await outcomeOf({ claims })).toBe(code)
  })

  it('has the clock skew of the issuer on both sides', async () => {
    for (const [iat, code] of [
      [start - 89.999, 'ok'],
      [start - 90, 'token-proof-time'],
      [start + 90, 'ok'],
      [start + 90.001, 'token-proof-time'],
    ] as const) {
      const proof = await proofOf(bearer, { claims: { iat } })
      expect(await proofDesk({ clockSkewMs: 30_000 }).proven(bearer, proof)).toBe(code)
    }
  })

  it.each([
    ['no type', { typ: undefined }, 'token-proof-invalid'],
    ['the type of a token', { typ: 'at+jwt' }, 'token-proof-invalid'],
    ['a type in capitals', { typ: 'DPoP+JWT' }, 'token-proof-invalid'],
    ['an extension', { crit: ['x'], x: 1 }, 'token-proof-invalid'],
    ['the algorithm none', { alg: 'none' }, 'token-proof-algorithm'],
    ['an unknown algorithm', { alg: 'ES256K' }, 'token-proof-algorithm'],
    ['a symmetric algorithm', { alg: 'HS256' }, 'token-proof-algorithm'],
    ['the algorithm of another key', { alg: 'PS256' }, 'token-proof-key'],
    ['no key', { jwk: undefined }, 'token-proof-key'],
    ['a key that is no object', { jwk: 'k' }, 'token-proof-key'],
    ['a key that is none', { jwk: { kty: 'EC' } }, 'token-proof-key'],
    ['a private key', { jwk: callerPair.privateKey.export({ format: 'jwk' }) }, 'token-proof-key'],
    ['a secret beside the key', { jwk: publicJwk(callerPair, { k: 'x' }) }, 'token-proof-key'],
    ['a key for encryption', { jwk: publicJwk(callerPair, { use: 'enc' }) }, 'token-proof-key'],
    ['a key for ES384', { jwk: publicJwk(callerPair, { alg: 'ES384' }) }, 'token-proof-key'],
    ['another key', { jwk: publicJwk(otherPair) }, 'token-binding'],
  ])('with %s is refused', async (_what, header, code) => {
    const signed = signToken({
      header: proofHeader(header),
      claims: proofClaims(bearer),
      key: callerPair.privateKey,
    })
    expect(await proofDesk().proven(bearer, signed)).toBe(code)
  })

  it('that is not signed, or by somebody else, is refused', async () => {
    const { proven } = proofDesk()
    const parts = { header: proofHeader(), claims: proofClaims(bearer) }
    const signed = signToken({ ...parts, key: otherPair.privateKey })
    expect(await proven(bearer, signed)).toBe('token-proof-signature')
    const text = signed.slice(0, signed.lastIndexOf('.'))
    expect(await proven(bearer, `${text}.`)).toBe('token-proof-invalid')
    const none = `${encode(proofHeader({ alg: 'none' }))}.${encode(proofClaims(bearer))}`
    expect(await proven(bearer, `${none}.`)).toBe('token-proof-invalid')
    expect(await proven(bearer, `${none}.AAAA`)).toBe('token-proof-algorithm')
  })

  it('with a shared secret that is its own key is refused', async () => {
    const jwk = { kty: 'oct', k: 'c2VjcmV0'.repeat(8) }
    const text = `${encode(proofHeader({ alg: 'HS256', jwk }))}.${encode(proofClaims(bearer))}`
    const secret = Buffer.from(jwk.k, 'base64url')
    const mac = createHmac('sha256', secret).update(text).digest('base64url')
    expect(await proofDesk().proven(bearer, `${text}.${mac}`)).toBe('token-proof-algorithm')
  })

  it('with a weak key is refused though the token is bound to it', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const token = await boundToken({}, pair)
    const proof = signToken({
      header: proofHeader({ alg: 'RS256' }, pair),
      claims: proofClaims(token),
      key: pair.privateKey,
      options: {},
    })
    expect(await proofDesk().proven(token, proof)).toBe('token-proof-key')
  })

  it('is exactly one', async () => {
    const { proven } = proofDesk()
    const [one, two] = [await proofOf(bearer), await proofOf(bearer)]
    for (const text of ['', 'x', `${one}, ${two}`, ` ${one}`, `${one}=`, 'a.'.repeat(1e5)]) {
      expect(await proven(bearer, text)).toBe('token-proof-invalid')
    }
    expect(await proven(bearer, bearer)).toBe('token-proof-invalid')
    const long = await proofOf(bearer, { claims: { x: 'x'.repeat(13_000) } })
    expect(await proven(bearer, long)).toBe('token-proof-invalid')
    const { method, url } = request
    for (const proof of [null, one, [one], { token: one }, { token: [one], method, url }]) {
      const result = await proofDesk().authenticate({ bearer, proof } as never)
      expect(codeOf(result)).toBe('unauthenticated')
    }
  })

  it('with claims that are not strict JSON is refused', async () => {
    const text = JSON.stringify(proofClaims(bearer)).replace('{', '{"jti":"a",')
    for (const claims of [text, '[]', 'null', '']) {
      const proof = signToken({ header: proofHeader(), claims, key: callerPair.privateKey })
      expect(await proofDesk().proven(bearer, proof)).toBe('token-proof-invalid')
    }
  })
})

describe('the binding of a token', () => {
  it.each([
    ['no claim', undefined],
    ['nothing', null],
    ['a text', jkt],
    ['an empty object', {}],
    ['a certificate', { 'x5t#S256': jkt }],
    ['a key and a certificate', { jkt, 'x5t#S256': jkt }],
    ['a number', { jkt: 1 }],
    ['a short digest', { jkt: jkt.slice(0, 20) }],
    ['another spelling', { jkt: `${jkt}=` }],
    ['the digest of another key', { jkt: jktOfOther }],
  ])('as %s is refused', async (_what, cnf) => {
    expect(await proofDesk().proven(await boundToken({ cnf }))).toBe('token-binding')
  })

  it.each([undefined, 'none'] as const)('is refused where the proof is %s', async (proof) => {
    const desk = proofDesk({ proof: proof ?? 'none' })
    expect(await desk.outcome(bearer)).toBe('token-binding')
    expect(await desk.proven(bearer)).toBe('token-binding')
    expect(await desk.proven(signToken({ claims: claimsOf() }))).toBe('ok')
    if (proof === undefined) expect(await tokenDesk().outcome(bearer)).toBe('token-binding')
  })

  it('is not looked at by a configuration with an unknown proof', () => {
    expect(() => proofDesk({ proof: 'DPoP' as never })).toThrow('`proof`')
  })
})

/** A proof that a memory has not seen, unless by this number. */
const numbered = (id: number, members: object = {}): SeenProof => ({
  id: `${id}`,
  owner: 'o',
  issuer: 'i',
  issuedAt: 0,
  until: 60_000,
  ...members,
})

describe('a memory of proofs', () => {
  it('keeps room for others, and has room again when proofs are over', () => {
    const memory = createProofMemory()
    for (let id = 0; id < 10_000; id++) expect(memory.remember(numbered(id), 0)).toBe('accepted')
    expect(memory.remember(numbered(10_000), 0)).toBe('full')
    expect(memory.remember(numbered(10_000, { owner: 'p' }), 0)).toBe('accepted')
    const later = { issuedAt: 60_000, until: 120_000 }
    expect(memory.remember(numbered(10_001, later), 60_000)).toBe('accepted')
  })

  it('is full at a number, and says so as something that passes', async () => {
    const memory = createProofMemory()
    for (let id = 0; id < 100_000; id++) {
      memory.remember(numbered(id, { owner: `${id % 20}`, until: Infinity }), 0)
    }
    expect(memory.remember(numbered(100_000, { owner: 'p' }), 0)).toBe('full')
    const desk = proofDesk({}, { proofs: memory })
    const result = await desk.authenticate({
      bearer,
      proof: { token: await proofOf(bearer), ...request },
    })
    expect(result).toMatchObject({ error: { code: 'token-proof-limit', retryable: true } })
  })

  it('knows callers by their subjects, whatever keys they have', async () => {
    const owners: string[] = []
    const proofs: ProofMemory = {
      remember({ owner }) {
        owners.push(owner)
        return 'accepted'
      },
    }
    const { proven } = proofDesk({}, { proofs })
    const other = await boundToken({ cnf: { jkt: jktOfOther } })
    await proven(bearer)
    await proven(other, await proofOf(other, { pair: otherPair }))
    await proven(await boundToken({ sub: 'u2' }))
    const [one, again, another] = owners
    expect([one === again, one === another]).toEqual([true, false])
  })

  it('accepts nothing when it answers what it should not', async () => {
    for (const answer of [undefined, true, 'yes']) {
      const proofs = { remember: () => answer as never }
      expect(await proofDesk({}, { proofs }).proven(bearer)).toBe('token-proof-limit')
    }
  })
})
