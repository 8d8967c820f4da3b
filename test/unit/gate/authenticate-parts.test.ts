import { describe, expect, it } from 'vitest'
import { decodeBase64url, decodeUtf8 } from '../../../src/gate/identity/base64url.ts'
import { algorithms, isSymmetric } from '../../../src/gate/identity/algorithms.ts'
import { readTime } from '../../../src/gate/identity/claims.ts'
import { createProofMemory, type SeenProof } from '../../../src/gate/identity/proof-memory.ts'
import { requestTarget } from '../../../src/gate/identity/request-target.ts'
import { checkRsaKey } from '../../../src/gate/identity/rsa.ts'
import { withTimeLimit } from '../../../src/gate/identity/time-limit.ts'
import { publicJwk, rsaPair } from './authenticate-fixtures.ts'

describe('the target of a request', () => {
  it.each([
    ['https://desk.example/a', 'https://desk.example/a'],
    ['HTTPS://Desk.Example:443/a?b#c', 'https://desk.example/a'],
    ['http://desk.example', 'http://desk.example/'],
    ['http://desk.example:8080/', 'http://desk.example:8080/'],
    ['https://desk.example/%41%2d%2E%5f%7e', 'https://desk.example/A-._~'],
    ['https://desk.example/%2f%3a%20', 'https://desk.example/%2F%3A%20'],
    ['https://desk.example/a/../b', 'https://desk.example/b'],
    ['https://desk.example/!~', 'https://desk.example/!~'],
  ])('of %s is %s', (url, target) => expect(requestTarget(url)).toBe(target))

  it.each([
    undefined,
    null,
    5,
    ['https://desk.example/'],
    '',
    'https://',
    'desk.example',
    'ftp://desk.example/',
    'xhttps://desk.example/',
    'https:/desk.example/',
    'https://desk.example/a b',
    'https://desk.example/a\\b',
    'https://desk.example/é',
    'https://desk.example/\u007f',
    ' https://desk.example/',
    'https://desk.example/\n',
    'http://[',
    'https://desk.example:99999/',
    'https://user@desk.example/',
    'https://:word@desk.example/',
  ])('is none in %j', (url) => expect(requestTarget(url)).toBeUndefined())
})

const proof = (id: string, members: Partial<SeenProof> = {}): SeenProof => ({
  id,
  owner: 'ann',
  issuer: 'i',
  issuedAt: 10,
  until: 100,
  ...members,
})

describe('a memory of proofs', () => {
  it('accepts each once, up to the millisecond at which it is too old', () => {
    const memory = createProofMemory()
    expect(memory.remember(proof('a'), 50)).toBe('accepted')
    expect(memory.remember(proof('a'), 99)).toBe('replayed')
    expect(memory.remember(proof('a'), 100)).toBe('expired')
    // also where the clock is set back
    expect(memory.remember(proof('a'), 50)).toBe('expired')
  })

  it('accepts none that is not younger than one that was forgotten, of the same issuer', () => {
    const memory = createProofMemory()
    memory.remember(proof('a', { issuedAt: 10 }), 50)
    memory.remember(proof('b', { issuedAt: 5 }), 50)
    expect(memory.remember(proof('c', { issuedAt: 10, until: 300 }), 200)).toBe('expired')
    expect(memory.remember(proof('d', { issuedAt: 11, until: 300 }), 200)).toBe('accepted')
    expect(memory.remember(proof('e', { issuer: 'j', issuedAt: 0, until: 300 }), 200)).toBe(
      'accepted',
    )
  })

  it('forgets in the order of acceptance, up to one that still counts', () => {
    const memory = createProofMemory()
    memory.remember(proof('a', { until: 200 }), 50)
    memory.remember(proof('b', { until: 100 }), 50)
    expect(memory.remember(proof('b'), 150)).toBe('replayed')
    expect(memory.remember(proof('b'), 200)).toBe('expired')
  })

  it('holds ten thousand of one caller, and has room again when they are over', () => {
    const memory = createProofMemory()
    for (let made = 0; made < 10_000; made++) {
      expect(memory.remember(proof(`p${made}`), 50)).toBe('accepted')
    }
    expect(memory.remember(proof('more'), 50)).toBe('full')
    expect(memory.remember(proof('other', { owner: 'bob' }), 50)).toBe('accepted')
    expect(memory.remember(proof('late', { issuedAt: 90, until: 300 }), 100)).toBe('accepted')
  })
})

describe('a time of a token', () => {
  it.each([
    [{ exp: 1.5 }, 1500],
    [{ exp: 0 }, 0],
    [{ exp: 8.64e12 }, 8.64e15],
    [{ exp: 8.64e12 + 1 }, null],
    [{ exp: -0.001 }, null],
    [{ exp: '1' }, null],
    [{ exp: null }, null],
    [{}, undefined],
    [{ nbf: 1 }, undefined],
  ])('in %j is %j', (claims, time) => expect(readTime(claims, 'exp')).toBe(time))

  it('is not found on a prototype', () => expect(readTime({}, 'constructor')).toBeUndefined())
})

it('base64url has one form', () => {
  expect(decodeBase64url('')).toEqual(Buffer.alloc(0))
  expect(decodeBase64url('-_8')).toEqual(Buffer.from([0xfb, 0xff]))
  for (const text of ['+/8', '-_8=', '-_9', 'A', 'AA AA', 'é']) {
    expect(decodeBase64url(text)).toBeUndefined()
  }
})

it('a byte order mark is a character, and what is not UTF-8 no text', () => {
  expect(decodeUtf8(Buffer.from('\ufeffé'))).toBe('\ufeffé')
  expect(decodeUtf8(Buffer.from([0xc3]))).toBeUndefined()
})

describe('algorithms', () => {
  it('are those of the standards, and no other name is one', () => {
    expect([...algorithms.keys()].toSorted()).toEqual(
      'EdDSA Ed25519 ES256 ES384 ES512 HS256 HS384 HS512 PS256 PS384 PS512 RS256 RS384 RS512'
        .split(' ')
        .toSorted(),
    )
  })

  it('demand of their keys what the standards do', () => {
    expect(algorithms.get('HS384')).toEqual({ keyType: 'oct', hash: 'sha384', minKeyBytes: 48 })
    expect(algorithms.get('RS512')).toEqual({
      keyType: 'RSA',
      hash: 'sha512',
      options: { padding: 1 },
    })
    expect(algorithms.get('PS256')).toEqual({
      keyType: 'RSA',
      hash: 'sha256',
      options: { padding: 6, saltLength: -1 },
    })
    const pairs = { dsaEncoding: 'ieee-p1363' }
    for (const [name, curve, hash] of [
      ['ES256', 'P-256', 'sha256'],
      ['ES384', 'P-384', 'sha384'],
      ['ES512', 'P-521', 'sha512'],
    ] as const) {
      expect(algorithms.get(name)).toEqual({ keyType: 'EC', curve, hash, options: pairs })
    }
    expect(algorithms.get('EdDSA')).toEqual({ keyType: 'OKP', curve: 'Ed25519' })
    expect(algorithms.get('Ed25519')).toEqual({ keyType: 'OKP', curve: 'Ed25519' })
  })

  it('are symmetric where the secret is shared', () => {
    expect(['HS256', 'HS512'].every(isSymmetric)).toBe(true)
    expect(['RS256', 'ES256', 'EdDSA', 'none'].some(isSymmetric)).toBe(false)
  })
})

const number = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}

const bits = (length: number): string => number((1n << BigInt(length - 1)) + 3n)

describe('an RSA key', () => {
  const { n, e } = publicJwk(rsaPair) as { n: string; e: string }

  it.each([
    [2048, undefined],
    [2047, 'its modulus has 2047 bits, not 2048 to 16384'],
    [16_384, undefined],
    [16_385, 'its modulus has 16385 bits, not 2048 to 16384'],
  ])('has a modulus of 2048 to 16384 bits: %d', (length, problem) => {
    expect(checkRsaKey(bits(length), e)).toBe(problem)
  })

  const exponent = 'its exponent is not an odd number between 2^16 and 2^256'

  it.each([
    [65_537n, undefined],
    [65_536n, exponent],
    [65_535n, exponent],
    [65_538n, exponent],
    [(1n << 256n) - 1n, undefined],
    [(1n << 256n) + 1n, exponent],
  ])('has an odd exponent between 2^16 and 2^256: %s', (value, problem) => {
    expect(checkRsaKey(n, number(value))).toBe(problem)
  })

  it('has numbers of up to 4096 bytes in their one form', () => {
    const problem = 'its numbers are not base64url'
    expect(checkRsaKey(Buffer.alloc(4096, 1).toString('base64url'), e)).toContain('bits')
    expect(checkRsaKey(Buffer.alloc(4097, 1).toString('base64url'), e)).toBe(problem)
    for (const [modulus, power] of [
      [`${n}=`, e],
      [n, 'AQAB='],
      [n, ''],
      ['', e],
      [1, e],
      [n, undefined],
    ]) {
      expect(checkRsaKey(modulus, power)).toBe(problem)
    }
  })

  it('does not come from the broken generator', () => {
    // a power of 65537 is one modulo every prime
    let product = 1n
    while (product.toString(2).length < 2048) product *= 65_537n
    expect(checkRsaKey(number(product), e)).toBe('its modulus comes from a broken generator')
    expect(checkRsaKey(n, e)).toBeUndefined()
  })
})

describe('work under a time limit', () => {
  it('ends with its own outcome, and its signal is aborted then', async () => {
    let seen: AbortSignal | undefined
    const done = await withTimeLimit(60_000, async (signal) => {
      seen = signal
      return signal.aborted
    })
    expect([done, seen!.aborted]).toEqual([false, true])
    const failure = withTimeLimit(60_000, () => Promise.reject(new Error('own')))
    await expect(failure).rejects.toThrow('own')
  })

  it('is given up when time is up, though it takes no notice', async () => {
    let seen: AbortSignal | undefined
    const late = withTimeLimit(1, (signal) => {
      seen = signal
      return new Promise(() => {})
    })
    await expect(late).rejects.toThrow('no answer in time')
    expect(seen!.aborted).toBe(true)
  })
})
