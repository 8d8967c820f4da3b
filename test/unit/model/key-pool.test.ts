import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyPool, type KeyPool } from '../../../src/model/key-pool.ts'
import { manualClock } from '../../../src/testing/clock.ts'
import { modelError } from '../../../src/wire/status.ts'

const limited = modelError('model-rate-limit', 'slow', { status: 429 })
const refused = modelError('model-unauthorized', 'no', { status: 401 })
const keys = ['sk-or-v1-aaaaaaaaaaaaaaaa', 'sk-or-v1-bbbbbbbbbbbbbbbb', 'sk-or-v1-cccccccccccccccc']
const [a, b, c] = keys as [string, string, string]

function poolOf(count = 3) {
  const clock = manualClock(1_000_000)
  return { clock, pool: keyPool(keys.slice(0, count), { clock, provider: 'openrouter' }) }
}

function nextOrError(pool: KeyPool): string {
  try {
    return pool.next()
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('S1-01 a pool shares the load over its keys and may be empty', () => {
  const { pool } = poolOf()
  expect(pool.size).toBe(3)
  expect(pool.status()).toMatchObject({ provider: 'openrouter', total: 3 })
  const empty = keyPool([])
  expect(empty.current()).toBeUndefined()
  expect(() => empty.next()).toThrow(expect.objectContaining({ code: 'model-unauthorized' }))
})

test('S1-02 the current key is the first that may be used, and asking for it advances nothing', () => {
  const { pool } = poolOf()
  expect([pool.current(), pool.current(), pool.next()]).toEqual([a, a, a])
  pool.failed(a, limited)
  expect(pool.current()).toBe(b)
  for (const key of keys) pool.failed(key, limited)
  expect(pool.current()).toBe(a)
})

test('S1-03 the next key comes in turn among those that may be used, the first one first', () => {
  const { pool } = poolOf()
  expect([1, 2, 3, 4].map(() => pool.next())).toEqual([a, b, c, a])
  pool.failed(b, limited)
  expect([1, 2, 3].map(() => pool.next())).toEqual([c, a, c])
})

test('S1-03 when all keys rest there is none, with the time at which one will be', () => {
  const { pool, clock } = poolOf(2)
  pool.failed(a, limited)
  clock.advance(400)
  pool.failed(b, limited)
  expect(() => pool.next()).toThrow(
    expect.objectContaining({ code: 'model-no-key', details: { retryAfterMs: 600 } }),
  )
  clock.advance(600)
  expect(pool.next()).toBe(a)
})

test('S1-04 S1-05 a key rests 1, 2, 4, 8, 16, 32, then 60 s after failures, until it succeeds', () => {
  const { pool, clock } = poolOf(1)
  const rests: number[] = []
  for (let failure = 0; failure < 9; failure++) {
    pool.failed(a, limited)
    const before = clock.monotonic()
    for (; nextOrError(pool) !== a; clock.advance(500));
    rests.push((clock.monotonic() - before) / 1000)
  }
  expect(rests).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
  expect(pool.status().keys[0]).toMatchObject({ failures: 9, healthy: false })
  pool.succeeded(a)
  expect(pool.status().keys[0]).toMatchObject({ failures: 0, healthy: true, inBackOff: false })
  pool.failed(a, limited)
  clock.advance(1000)
  expect(pool.next()).toBe(a)
})

test('S1-04 unknown keys are ignored, and a provider may ask for a longer rest', () => {
  const { pool, clock } = poolOf(1)
  pool.failed('sk-of-nobody-at-all', limited)
  pool.succeeded('sk-of-nobody-at-all')
  expect(pool.next()).toBe(a)
  pool.failed(a, { ...limited, retryAfterMs: 30_000 })
  clock.advance(29_000)
  expect(nextOrError(pool)).toBe('model-no-key')
  clock.advance(1000)
  expect(pool.next()).toBe(a)
})

test.each([
  ['a wrong request', modelError('model-refused', 'no', { status: 400 })],
  ['a cancel', modelError('cancelled', 'no')],
  ['a broken protocol', modelError('model-protocol', 'no')],
  ['the end of a run', modelError('run-timeout', 'no')],
  ['an option', modelError('bad-option', 'no')],
  [
    'moderation',
    modelError('model-refused', 'flagged', {
      status: 403,
      details: { metadata: { reasons: ['x'], flagged_input: 'y' } },
    }),
  ],
  ['an abort', new DOMException('aborted', 'AbortError')],
  ['a foreign 422', Object.assign(new Error('no'), { status: 422 })],
  ['a defect', new TypeError('undefined is not a function')],
  ['nothing', undefined],
])('S1-T1 (any error burns a key) %s burns none', (_, error) => {
  const { pool } = poolOf(1)
  for (let time = 0; time < 5; time++) pool.failed(a, error)
  expect(pool.next()).toBe(a)
  expect(pool.status().keys[0]).toMatchObject({ failures: 0, lastFailure: null, healthy: true })
})

test.each([
  ['a limit', limited],
  ['missing funds', modelError('model-low-funds', 'no', { status: 402 })],
  ['a server error', modelError('model-error', 'no', { status: 500 })],
  ['an overload', modelError('model-overloaded', 'no', { status: 503 })],
  ['a network error', modelError('model-connect', 'no')],
  ['a foreign 429', Object.assign(new Error('no'), { status: 429 })],
  ['a foreign socket error', Object.assign(new Error('no'), { code: 'ECONNRESET' })],
  ['a socket error as a cause', new TypeError('failed', { cause: { code: 'UND_ERR_SOCKET' } })],
])('S1-T1 (only what a key can be blamed for counts) %s counts', (_, error) => {
  const { pool } = poolOf(1)
  pool.failed(a, error)
  expect(pool.status().keys[0]).toMatchObject({ failures: 1, inBackOff: true, quarantined: false })
})

test.each([
  ['401', refused],
  ['403', modelError('model-refused', 'no', { status: 403 })],
  ['a foreign 401', Object.assign(new Error('no'), { status: 401 })],
])('S1-T1 (a refused key goes on being used) %s puts a key in quarantine', (_, error) => {
  const { pool, clock } = poolOf(2)
  pool.failed(a, error)
  expect(pool.status().keys[0]).toMatchObject({ quarantined: true, healthy: false, failures: 1 })
  clock.advance(599_000)
  expect([pool.next(), pool.next()]).toEqual([b, b])
  pool.failed(b, error)
  expect(nextOrError(pool)).toBe('model-unauthorized')
  clock.advance(1000)
  // after ten minutes it gets another chance
  expect(pool.next()).toBe(a)
  pool.failed(a, limited)
  expect(pool.status().keys[0]).toMatchObject({ quarantined: false, inBackOff: true })
})

test('S1-T2 (health is never consulted) a key that is not healthy is used only when no other may be', () => {
  const { pool, clock } = poolOf(2)
  for (let failure = 0; failure < 3; failure++) pool.failed(a, limited)
  clock.advance(60_000)
  expect(pool.status()).toMatchObject({ healthy: 1, unhealthy: 1 })
  expect([pool.next(), pool.next(), pool.next()]).toEqual([b, b, b])
  pool.failed(b, limited)
  expect(pool.next()).toBe(a)
})

test('failures of requests sent together count as one', () => {
  const { pool, clock } = poolOf(1)
  const leases = [1, 2, 3, 4, 5].map(() => pool.lease())
  clock.advance(10)
  for (const lease of leases) {
    if (!('key' in lease)) throw new Error('no lease')
    lease.failed(limited)
    clock.advance(1)
  }
  expect(pool.status().keys[0]).toMatchObject({ failures: 1, healthy: true })
  // an answer to what was sent before is no news either
  const [lease] = leases
  if (lease !== undefined && 'key' in lease) lease.succeeded()
  expect(pool.status().keys[0]).toMatchObject({ failures: 1, inBackOff: true })
})

describe('S1-06 using a pool', () => {
  test('goes on to other keys, three at most, and rejects with the last error', async () => {
    const clock = manualClock()
    const five = keyPool(
      [1, 2, 3, 4, 5].map((number) => `key-number-${number}`),
      { clock },
    )
    const tried: string[] = []
    const failing = five.use(async (key) => {
      tried.push(key)
      throw Object.assign(new Error(`no ${tried.length}`), { status: 429 })
    })
    await expect(failing).rejects.toThrow('no 3')
    expect(tried).toEqual(['key-number-1', 'key-number-2', 'key-number-3'])
  })

  test('tries each of two keys once, and tells how they fared', async () => {
    const { pool } = poolOf(2)
    const value = await pool.use(async (key) => {
      if (key === a) throw Object.assign(new Error('no'), { status: 503 })
      return key
    })
    expect(value).toBe(b)
    expect(pool.status().keys.map(({ failures }) => failures)).toEqual([1, 0])
    expect(pool.status().keys[1]?.lastSuccess).toBe('1970-01-01T00:16:40.000Z')
  })

  test('stops at an error that is not of the key', async () => {
    const { pool } = poolOf()
    let tried = 0
    const failing = pool.use(async () => {
      tried++
      throw Object.assign(new Error('wrong'), { status: 400 })
    })
    await expect(failing).rejects.toThrow('wrong')
    expect(tried).toBe(1)
    expect(pool.status().healthy).toBe(3)
  })
})

test('S1-07 S1-08 the status tells of every key under a mask', () => {
  const clock = manualClock(0)
  const pool = keyPool(['sk-or-v1-0123456789abcdef', 'twelve-chars', 'thirteen-char'], { clock })
  pool.succeeded('twelve-chars')
  pool.failed('thirteen-char', { ...limited, retryAfterMs: 5000 })
  expect(pool.status()).toEqual({
    provider: 'model',
    total: 3,
    healthy: 3,
    unhealthy: 0,
    keys: [
      {
        index: 1,
        key: 'sk-or-v1...cdef',
        healthy: true,
        failures: 0,
        lastSuccess: null,
        lastFailure: null,
        inBackOff: false,
        quarantined: false,
        until: null,
      },
      expect.objectContaining({
        index: 2,
        key: '************',
        lastSuccess: '1970-01-01T00:00:00.000Z',
      }),
      expect.objectContaining({
        index: 3,
        key: 'thirteen...char',
        inBackOff: true,
        lastFailure: '1970-01-01T00:00:00.000Z',
        until: '1970-01-01T00:00:05.000Z',
      }),
    ],
  })
})

test('S1-13 S1-26 keys are added and removed, also while they are in use', () => {
  const { pool } = poolOf(2)
  expect(pool.add(c)).toBe(true)
  expect(pool.add(c)).toBe(false)
  const lease = pool.lease()
  expect(pool.remove(a)).toBe(true)
  expect(pool.remove(a)).toBe(false)
  if ('key' in lease) {
    expect(lease.key).toBe(a)
    lease.failed(refused)
  }
  expect([pool.next(), pool.next(), pool.next()]).toEqual([b, c, b])
  expect(pool.size).toBe(2)
  // added again, a refused key gets another chance
  pool.failed(b, refused)
  pool.add(b)
  expect(pool.status().keys[0]).toMatchObject({ quarantined: false, failures: 0 })
})

test('whatever happens, keys come in fair turns and only those that may be used', () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant('next' as const) }),
    fc.record({
      what: fc.constantFrom(
        'fail' as const,
        'refuse' as const,
        'succeed' as const,
        'add' as const,
        'remove' as const,
      ),
      key: fc.constantFrom(...keys),
    }),
    fc.record({ what: fc.constant('wait' as const), ms: fc.nat(70_000) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { pool, clock } = poolOf()
      for (const each of steps) {
        if (each.what === 'wait') clock.advance(each.ms)
        else if (each.what === 'fail') pool.failed(each.key, limited)
        else if (each.what === 'refuse') pool.failed(each.key, refused)
        else if (each.what === 'succeed') pool.succeeded(each.key)
        else if (each.what === 'add') pool.add(each.key)
        else if (each.what === 'remove') pool.remove(each.key)
        const { keys: states } = pool.status()
        const usable = states.filter(({ inBackOff }) => !inBackOff)
        const healthy = usable.filter((state) => state.healthy)
        const expected = healthy.length > 0 ? healthy : usable
        const round = expected.map(() => nextOrError(pool))
        expect(round.map(maskOf).toSorted()).toEqual(expected.map(({ key }) => key).toSorted())
        if (expected.length === 0)
          expect(nextOrError(pool)).toMatch(/^model-(no-key|unauthorized)$/)
      }
    }),
    { numRuns: 200 },
  )
})

function maskOf(key: string): string {
  return `${key.slice(0, 8)}...${key.slice(-4)}`
}

test('no form of a pool shows its keys', () => {
  const { pool } = poolOf()
  const lease = pool.lease()
  pool.failed(a, limited)
  const shown = [pool, lease, { pool, lease }].flatMap((value) => [
    inspect(value, { depth: 9, showHidden: true, getters: false }),
    JSON.stringify(value),
    String(value),
    JSON.stringify(Object.entries(value)),
    JSON.stringify({ ...value }),
  ])
  for (const key of keys) expect(shown.join('\n')).not.toContain(key)
})

test.each([
  ['a key that is empty', [''], {}],
  ['a key with a line end', ['a\r\nb'], {}],
  ['keys that are no list', 'sk-1', {}],
  ['an unknown option', ['k'], { quarantine: 1 }],
  ['a quarantine that is no number', ['k'], { quarantineMs: '1' }],
  ['a clock that cannot tell both times', ['k'], { clock: Date }],
])('%s is refused', (_, given, options) => {
  const make = (): unknown => keyPool(given as string[], options as object)
  expect(make).toThrow(expect.objectContaining({ code: 'bad-option' }))
})

/** What is left of a quota, by the wall clock, which others may set. */
const waitFor = (): number => 35_000

test('no key may be used while all rest; a key that does not rest is held back by its quota', () => {
  const { pool } = poolOf(2)
  pool.failed(a, { ...limited, retryAfterMs: 30_000 })
  expect(pool.lease(waitFor)).toMatchObject({ code: 'model-quota', retryAfterMs: 35_000 })
  pool.failed(b, { ...limited, retryAfterMs: 30_000 })
  expect(pool.lease(waitFor)).toMatchObject({ code: 'model-no-key', retryAfterMs: 35_000 })
})
