import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  claimsOf,
  deskWithKeys,
  keyPair,
  keySetText,
  otherPair,
  publicJwk,
  rsaPair,
  signToken,
  signWithSecret,
  tokenDesk,
  type Desk,
} from './authenticate-fixtures.ts'

const minute = 60_000
const first = publicJwk(keyPair, { kid: 'k1' })
const second = publicJwk(otherPair, { kid: 'k2' })
const tokenOfSecond = signToken({ header: { alg: 'ES256', kid: 'k2' }, key: otherPair.privateKey })

/** Never expires within a test that moves the clock by minutes. */
const lasting = claimsOf({ exp: 4e9 })
const token = signToken({ claims: lasting })

describe('a key set behind an address', () => {
  let server: Server
  let requests: number
  let answer: RequestListener

  beforeEach(async () => {
    requests = 0
    answer = (_, response) => response.end(keySetText(first))
    server = createServer((request, response) => {
      requests++
      answer(request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })

  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  function address(): string {
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
  }

  function openDesk(timeoutMs = 5000): Desk {
    return tokenDesk({ jwks: address() }, { keys: { timeoutMs } })
  }

  it('is read once for many tokens', async () => {
    const { outcome } = openDesk()
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcome(token)))
    expect(new Set(outcomes)).toEqual(new Set(['ok']))
    expect(requests).toBe(1)
  })

  it('S2-T7 is read again for a new key, and serves both during a rotation', async () => {
    const { outcome, clock } = openDesk()
    expect(await outcome(token)).toBe('ok')
    answer = (_, response) => response.end(keySetText(first, second))
    expect(await outcome(tokenOfSecond)).toBe('token-key-unknown')
    clock.advance(minute)
    expect(await outcome(tokenOfSecond)).toBe('ok')
    expect(await outcome(token)).toBe('ok')
    expect(requests).toBe(2)
  })

  it('forgets accepted tokens of a key that was taken out', async () => {
    const { outcome, clock } = openDesk()
    expect(await outcome(token)).toBe('ok')
    answer = (_, response) => response.end(keySetText(second))
    expect(await outcome(token)).toBe('ok')
    clock.advance(minute)
    expect(await outcome(tokenOfSecond)).toBe('ok')
    expect(await outcome(token)).toBe('token-key-unknown')
  })

  it('is read once a minute at most, however many unknown keys are named', async () => {
    const { outcome, clock } = openDesk()
    const ask = (round: number): Promise<string[]> =>
      Promise.all(
        Array.from({ length: 1000 }, (_, index) =>
          outcome(signToken({ header: { alg: 'ES256', kid: `${round}-${index}` } })),
        ),
      )
    await outcome(token)
    expect(new Set(await ask(1))).toEqual(new Set(['token-key-unknown']))
    expect(requests).toBe(1)
    clock.advance(minute)
    await ask(2)
    expect(requests).toBe(2)
    clock.advance(minute - 1)
    await ask(3)
    expect(requests).toBe(2)
  })

  it('is read in the background from half its age on', async () => {
    const { outcome, clock } = openDesk()
    await outcome(token)
    clock.advance(5 * minute - 1)
    await outcome(token)
    expect(requests).toBe(1)
    clock.advance(1)
    const read = once(server, 'request')
    expect(await outcome(token)).toBe('ok')
    await read
  })

  it('serves until its age is over when it cannot be read, and then no more', async () => {
    const { outcome, clock } = openDesk()
    await outcome(token)
    answer = (_, response) => response.writeHead(503).end()
    clock.advance(10 * minute - 1)
    const read = once(server, 'request')
    expect(await outcome(token)).toBe('ok')
    await read
    expect(await outcome(token)).toBe('ok')
    clock.advance(1)
    expect(await outcome(token)).toBe('key-set-unavailable')
    answer = (_, response) => response.end(keySetText(first))
    clock.advance(5000)
    expect(await outcome(token)).toBe('ok')
  })

  it('is kept when a bad one is offered in its place', async () => {
    const { outcome, clock } = openDesk()
    await outcome(token)
    answer = (_, response) => response.end(keySetText(second, second))
    clock.advance(minute)
    expect(await outcome(tokenOfSecond)).toBe('token-key-unknown')
    expect(requests).toBe(2)
    expect(await outcome(token)).toBe('ok')
    clock.advance(9 * minute)
    expect(await outcome(token)).toBe('token-key-invalid')
  })

  it('is not asked for again within five seconds after a failure', async () => {
    answer = (_, response) => response.writeHead(500).end()
    const { outcome, clock } = openDesk()
    for (let tries = 0; tries < 10; tries++) {
      expect(await outcome(token)).toBe('key-set-unavailable')
    }
    expect(requests).toBe(1)
    clock.advance(5000)
    await outcome(token)
    expect(requests).toBe(2)
  })

  it('is not looked for behind a redirect', async () => {
    answer = (request, response) => {
      if (request.url === '/jwks') response.writeHead(302, { location: '/elsewhere' }).end()
      else response.end(keySetText(first))
    }
    const { authenticate } = openDesk()
    const result = await authenticate({ bearer: token })
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'key-set-unavailable', retryable: true },
    })
    expect(requests).toBe(1)
  })

  it('of 100 MB is not read to its end', async () => {
    let sent = 0
    const closed = Promise.withResolvers<void>()
    answer = (_, response) => {
      const chunk = Buffer.alloc(1 << 20, ' ')
      const send = (): void => {
        while (sent < 100 && !response.destroyed) {
          sent++
          if (!response.write(chunk)) return
        }
        response.end()
      }
      response.on('drain', send).on('close', () => closed.resolve())
      send()
    }
    expect(await openDesk().outcome(token)).toBe('key-set-unavailable')
    await closed.promise
    expect(sent).toBeLessThan(100)
  })

  it('that never comes is given up', async () => {
    const closed = Promise.withResolvers<void>()
    answer = (_, response) => {
      response.on('close', () => closed.resolve())
      response.write('{"keys":[')
    }
    expect(await openDesk(20).outcome(token)).toBe('key-set-unavailable')
    await closed.promise
  })

  it('that breaks off is not used', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '10000' })
      response.write(keySetText(first), () => response.destroy())
    }
    expect(await openDesk().outcome(token)).toBe('key-set-unavailable')
  })

  it.each([
    ['HTML', '<!doctype html><title>keys</title>'],
    ['nothing', ''],
    ['a list', '[]'],
    ['no keys', '{}'],
    ['keys that are no list', '{"keys":{}}'],
    ['a key that is a text', '{"keys":["k1"]}'],
    ['a name twice', `{"keys":[],${keySetText(first).slice(1)}`],
    ['too many keys', keySetText(...Array.from({ length: 101 }, (_, kid) => ({ kid: `${kid}` })))],
  ])('that holds %s is refused', async (_, text) => {
    answer = (_request, response) => response.end(text)
    expect(await openDesk().outcome(token)).toBe('token-key-invalid')
  })

  it('that is not UTF-8 is refused', async () => {
    answer = (_, response) => response.end(Buffer.from([0x7b, 0xff, 0x7d]))
    expect(await openDesk().outcome(token)).toBe('key-set-unavailable')
  })

  it('that publishes a secret is refused', async () => {
    const secret = { kty: 'oct', kid: 'k9', k: Buffer.alloc(32, 1).toString('base64url') }
    for (const text of [keySetText(secret), keySetText(first, secret)]) {
      answer = (_, response) => response.end(text)
      expect(await openDesk().outcome(token)).toBe('token-key-invalid')
    }
  })

  it('of a server that is gone is unavailable', async () => {
    const { authenticate } = openDesk()
    server.close()
    await once(server, 'close')
    const result = await authenticate({ bearer: token })
    expect(result).toMatchObject({ ok: false, error: { code: 'key-set-unavailable' } })
  })

  it('is asked for without redirects and with a signal', async () => {
    const seen: unknown[] = []
    const { outcome } = tokenDesk(
      { jwks: 'https://id.example/jwks.json' },
      {
        fetch: async (url, init) => {
          seen.push(url, init.redirect, init.signal.aborted)
          return { status: 200, body: new Response(keySetText(first)).body }
        },
      },
    )
    expect(await outcome(token)).toBe('ok')
    expect(seen).toEqual(['https://id.example/jwks.json', 'manual', false])
  })
})

describe('a key file', () => {
  it('is read again for a new key, after a minute', async () => {
    let reads = 0
    let text = keySetText(first)
    const { outcome, clock } = tokenDesk(
      { jwksFile: 'keys/id.json' },
      {
        readFile: async (path) => {
          expect(path).toBe('keys/id.json')
          reads++
          return text
        },
      },
    )
    expect(await outcome(token)).toBe('ok')
    text = keySetText(second)
    clock.advance(minute)
    expect(await outcome(tokenOfSecond)).toBe('ok')
    expect(await outcome(token)).toBe('token-key-unknown')
    expect(reads).toBe(2)
  })

  it('is never read twice at a time', async () => {
    const release = Promise.withResolvers<string>()
    let reads = 0
    const { outcome, clock } = tokenDesk(
      {},
      {
        readFile: () => {
          reads++
          return release.promise
        },
      },
    )
    const early = outcome(token)
    clock.advance(minute)
    const late = outcome(token)
    release.resolve(keySetText(first))
    expect(await Promise.all([early, late])).toEqual(['ok', 'ok'])
    expect(reads).toBe(1)
  })

  it('that has not changed leaves accepted tokens alone', async () => {
    let reads = 0
    const { authenticate, outcome, clock } = tokenDesk(
      {},
      {
        readFile: async () => {
          reads++
          return keySetText(first)
        },
      },
    )
    const result = await authenticate({ bearer: token })
    clock.advance(minute)
    expect(await outcome(tokenOfSecond)).toBe('token-key-unknown')
    expect(reads).toBe(2)
    expect(await authenticate({ bearer: token })).toBe(result)
  })

  it('that cannot be read lets nobody in', async () => {
    const { authenticate } = tokenDesk(
      {},
      { readFile: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' })) },
    )
    const result = await authenticate({ bearer: token })
    expect(result).toMatchObject({ ok: false, error: { code: 'key-set-unavailable' } })
    expect(JSON.stringify(result)).toContain('ENOENT')
  })

  it('may hold shared secrets, but not beside public keys', async () => {
    const secret = Buffer.alloc(32, 7)
    const jwk = { kty: 'oct', kid: 'k1', k: secret.toString('base64url') }
    const signed = signWithSecret(secret, { alg: 'HS256', kid: 'k1' })
    const issuer = { algorithms: ['HS256'] }
    expect(await deskWithKeys(issuer, jwk).outcome(signed)).toBe('ok')
    expect(await deskWithKeys(issuer, jwk, second).outcome(signed)).toBe('token-key-invalid')
  })
})

describe('a key set', () => {
  it('with two keys of one id is refused', async () => {
    const twin = publicJwk(otherPair, { kid: 'k1', use: 'enc' })
    expect(await deskWithKeys({}, first, twin).outcome(token)).toBe('token-key-invalid')
  })

  it('with a private key is refused', async () => {
    const leaked = { ...otherPair.privateKey.export({ format: 'jwk' }), kid: 'k2' }
    expect(await deskWithKeys({}, first, leaked).outcome(token)).toBe('token-key-invalid')
  })

  it('may hold keys that are of no use here', async () => {
    const others = [
      { ...second, use: 'enc' },
      { kty: 'AKP', alg: 'ML-DSA-44', kid: 'k3', pub: 'AA' },
      { kty: 'EC', crv: 'secp256k1', kid: 'k4', x: 'AA', y: 'AA' },
      { kid: 5 },
      {},
    ]
    const { outcome } = deskWithKeys({}, first, ...others)
    expect(await outcome(token)).toBe('ok')
    expect(await outcome(tokenOfSecond)).toBe('token-key-invalid')
  })
})

describe('a key', () => {
  it.each([
    { use: 'enc' },
    { use: 1 },
    { key_ops: ['encrypt'] },
    { key_ops: 'verify' },
    { key_ops: [] },
    { alg: 'ES384' },
    { alg: 'ECDH-ES' },
    { alg: null },
    { crv: 'P-384' },
    { kty: 'RSA' },
    { kty: 'OKP' },
    { x: 'AA' },
    { y: first.x },
    { y: undefined },
  ])('with %j verifies nothing', async (members) => {
    const { outcome } = deskWithKeys({}, { ...first, ...members })
    expect(await outcome(token)).toBe('token-key-invalid')
  })

  it.each([{ use: 'sig' }, { key_ops: ['verify'] }, { alg: 'ES256' }, { x5c: ['MIIB'], extra: 1 }])(
    'with %j verifies',
    async (members) => {
      expect(await deskWithKeys({}, { ...first, ...members }).outcome(token)).toBe('ok')
    },
  )

  it.each([
    [
      'a short modulus',
      {
        n: generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
          .n,
      },
    ],
    ['an exponent of one', { e: 'AQ' }],
    ['an exponent of three', { e: 'Aw' }],
    ['an even exponent', { e: 'AQAC' }],
    ['an exponent without end', { e: Buffer.alloc(33, 0xff).toString('base64url') }],
    ['a padded exponent', { e: 'AQAB==' }],
    ['no exponent', { e: undefined }],
    ['an endless modulus', { n: Buffer.alloc(4097, 0xff).toString('base64url') }],
  ])('of RSA with %s verifies nothing', async (_, members) => {
    const jwk = { ...publicJwk(rsaPair, { kid: 'k1' }), ...members }
    const bearer = signToken({ header: { alg: 'RS256', kid: 'k1' } })
    expect(await deskWithKeys({ algorithms: ['RS256'] }, jwk).outcome(bearer)).toBe(
      'token-key-invalid',
    )
  })
})

async function outcomeWith(secret: string | undefined, algorithms = ['HS256']): Promise<string> {
  const environment = secret === undefined ? {} : { SECRET: secret }
  return tokenDesk({ algorithms, secretEnv: 'SECRET' }, { environment }).outcome(
    signWithSecret(secret ?? 'undefined', { alg: 'HS256' }),
  )
}

describe('a shared secret', () => {
  it('has at least the length of the hash, in bytes', async () => {
    expect(await outcomeWith('x'.repeat(31))).toBe('token-key-invalid')
    expect(await outcomeWith('x'.repeat(32))).toBe('ok')
    expect(await outcomeWith('ü'.repeat(16))).toBe('ok')
    expect(await outcomeWith('x'.repeat(32), ['HS256', 'HS384'])).toBe('token-key-invalid')
    expect(await outcomeWith('x'.repeat(48), ['HS256', 'HS384'])).toBe('ok')
  })

  it('that is not set lets nobody in', async () => {
    expect(await outcomeWith(undefined)).toBe('key-set-unavailable')
    const { outcome } = tokenDesk(
      { algorithms: ['HS256'], secretEnv: 'toString' },
      { environment: {} },
    )
    expect(await outcome(signWithSecret('x', { alg: 'HS256' }))).toBe('key-set-unavailable')
  })

  it('that is a public key is refused', async () => {
    const pem = rsaPair.publicKey.export({ format: 'pem', type: 'spki' }).toString()
    for (const text of [pem, ` \n${pem}`, JSON.stringify(first), `\t${keySetText(first)}`]) {
      expect(await outcomeWith(text)).toBe('token-key-invalid')
    }
  })
})

describe('an accepted token', () => {
  it('is remembered until it expires', async () => {
    const { outcome, clock, authenticate } = tokenDesk()
    const bearer = signToken()
    const result = await authenticate({ bearer })
    expect(await authenticate({ bearer })).toBe(result)
    clock.advance(630_000 - 1)
    expect(await outcome(bearer)).toBe('ok')
    clock.advance(1)
    expect(await outcome(bearer)).toBe('token-expired')
  })

  it('is remembered until it is too old', async () => {
    const { outcome, clock } = tokenDesk({ maxAgeMs: minute })
    const bearer = signToken()
    expect(await outcome(bearer)).toBe('ok')
    clock.advance(minute + 29_999)
    expect(await outcome(bearer)).toBe('ok')
    clock.advance(1)
    expect(await outcome(bearer)).toBe('token-too-old')
  })

  it('is one of at most ten thousand', async () => {
    const secret = 'x'.repeat(32)
    const { authenticate } = tokenDesk(
      { algorithms: ['HS256'], secretEnv: 'SECRET' },
      { environment: { SECRET: secret } },
    )
    const bearerOf = (index: number): string =>
      signWithSecret(secret, { alg: 'HS256' }, claimsOf({ jti: `${index}` }))
    const [oldest, used] = [bearerOf(0), bearerOf(1)]
    const results = [await authenticate({ bearer: oldest }), await authenticate({ bearer: used })]
    for (let index = 2; index < 10_000; index++) await authenticate({ bearer: bearerOf(index) })
    expect(await authenticate({ bearer: used })).toBe(results[1])
    await authenticate({ bearer: bearerOf(10_000) })
    expect(await authenticate({ bearer: used })).toBe(results[1])
    const again = await authenticate({ bearer: oldest })
    expect(again).toEqual(results[0])
    expect(again).not.toBe(results[0])
  })
})
