import { hashApiKey } from '../../../src/gate/identity/api-key.ts'
import {
  claimsOf,
  desk,
  deskWithKeys,
  encode,
  keyPair,
  otherPair,
  publicJwk,
  signToken,
  start,
  tokenDesk,
} from '../../unit/gate/authenticate-fixtures.ts'
import {
  boundToken,
  callerPair,
  codeOf,
  hashOf,
  proofDesk,
  proofOf,
  type ProofParts,
} from '../../unit/gate/proof-fixtures.ts'
import { failing, type Fixture, type Fixtures } from './fixture.ts'

type Issuer = Parameters<typeof tokenDesk>[0]
type Options = Parameters<typeof tokenDesk>[1]

function token(text: () => string, issuer: Issuer = {}, options: Options = {}): Fixture {
  return async () => [await tokenDesk(issuer, options).outcome(text())]
}

function claiming(members: object, issuer: Issuer = {}): Fixture {
  return token(() => signToken({ claims: claimsOf(members) }), issuer)
}

function proof(parts: ProofParts): Fixture {
  return async () => {
    const bearer = await boundToken()
    return [await proofDesk().proven(bearer, await proofOf(bearer, parts))]
  }
}

function key(expires?: string): Fixture {
  return async () => {
    const known = { id: 'ci', hash: hashApiKey('key-one'), roles: [], scopes: [] }
    const given = expires === undefined ? 'key-two' : 'key-one'
    const { authenticate } = desk({
      apiKeys: [{ ...known, ...(expires === undefined ? {} : { expires }) }],
    })
    return [codeOf(await authenticate({ apiKey: given }))]
  }
}

/** Who calls: recorded. */
export const ofCallers: Fixtures = {
  unauthenticated: async () => [codeOf(await desk({}).authenticate())],
  'token-malformed': token(() => 'a.b'),
  'token-algorithm': token(() => signToken({ header: { alg: 'none', kid: 'k1' } })),
  'token-critical': token(() => signToken({ header: { alg: 'ES256', kid: 'k1', crit: ['x'] } })),
  'token-issuer': claiming({ iss: 'https://evil.example' }),
  'token-audience': claiming({ aud: 'https://other.example' }),
  'token-type': token(() => signToken(), { typ: 'at+jwt' }),
  'token-expired': claiming({ exp: start - 60 }),
  'token-not-yet-valid': claiming({ nbf: start + 60 }),
  'token-too-old': claiming({ iat: start - 90 }, { maxAgeMs: 1000 }),
  'token-claims': claiming({ sub: 5 }),
  'token-key-unknown': token(() => signToken({ header: { alg: 'ES256', kid: 'k2' } })),
  'token-key-invalid': async () => {
    const { outcome } = deskWithKeys({}, publicJwk(keyPair, { kid: 'k1', use: 'enc' }))
    return [await outcome(signToken())]
  },
  'token-signature': token(() => signToken({ key: otherPair.privateKey })),
  'token-binding': proof({ pair: otherPair }),
  'token-proof-missing': async () => [
    codeOf(await proofDesk().authenticate({ bearer: await boundToken() })),
  ],
  'token-proof-invalid': proof({ header: { typ: 'jwt' } }),
  'token-proof-algorithm': async () => {
    const bearer = await boundToken()
    const [, claims, signature] = (await proofOf(bearer)).split('.')
    const header = encode({ typ: 'dpop+jwt', alg: 'none', jwk: publicJwk(keyPair) })
    return [await proofDesk().proven(bearer, `${header}.${claims}.${signature}`)]
  },
  'token-proof-key': proof({ header: { jwk: { kty: 'EC' } } }),
  'token-proof-signature': proof({ header: { jwk: publicJwk(callerPair) }, pair: otherPair }),
  'token-proof-request': proof({ claims: { htm: 'GET' } }),
  'token-proof-token': proof({ claims: { ath: hashOf('another') } }),
  'token-proof-time': proof({ claims: { iat: start - 3600 } }),
  'token-proof-replayed': async () => {
    const { proven } = proofDesk()
    const bearer = await boundToken()
    const once = await proofOf(bearer)
    return [await proven(bearer, once), await proven(bearer, once)]
  },
  'token-proof-limit': async () => [
    await proofDesk({}, { proofs: { remember: () => 'full' } }).proven(await boundToken()),
  ],
  'key-set-unavailable': token(
    () => signToken(),
    {},
    { readFile: () => Promise.reject(new Error('gone')) },
  ),
  'api-key-unknown': key(),
  'api-key-expired': key('2025-01-01'),
  'authenticator-failed': async () => {
    return [codeOf(await desk({}, { authenticator: failing }).authenticate({ custom: 1 }))]
  },
}
