import { describe, expect, test } from 'vitest'
import { oneUnit } from '../../../src/gate/amount.ts'
import { LimitCounters, type ApplicableLimit, type LimitOwner } from '../../../src/gate/limits.ts'
import type { Principal } from '../../../src/protocol/principal.ts'
import { manualClock } from '../../../src/testing/clock.ts'

const position = { file: 'p.yaml', line: 1, column: 1 }

function limitOf(fields: Partial<ApplicableLimit> = {}): ApplicableLimit {
  return { id: 'l', per: 'session', count: 'calls', max: 1, over: 'deny', position, ...fields }
}

function ownerOf(session: string, principal: Principal | null = null): LimitOwner {
  return { session, principal }
}

const as = (fields: Partial<Principal>): Principal => ({
  subject: 's',
  roles: [],
  scopes: [],
  ...fields,
})

describe('counters', () => {
  const clock = manualClock(0)
  let calls = 0

  /** Whether one more call goes through. */
  function passes(counters: LimitCounters, limit: ApplicableLimit, owner: LimitOwner): boolean {
    const claims = [{ limit, owner, amount: oneUnit }]
    return counters.reserve(`call-${calls++}`, claims).length === 0
  }

  test.each<[string, Partial<ApplicableLimit>, Partial<ApplicableLimit>]>([
    ['ids', { per: 'global', id: 'a' }, { per: 'global', id: 'b' }],
    ['windows', { windowMs: 1000 }, { windowMs: 2000 }],
    ['sums', { sum: ['a'] }, { sum: ['b'] }],
    ['a sum and a count', { sum: ['a'] }, {}],
    ['files', { position }, { position: { ...position, file: 'q.yaml' } }],
    ['owners', { per: 'global' }, { per: 'session' }],
  ])('are apart for different %s', (_what, one, other) => {
    const counters = new LimitCounters(clock)
    expect(passes(counters, limitOf(one), ownerOf('s'))).toBe(true)
    expect(passes(counters, limitOf(one), ownerOf('s'))).toBe(false)
    expect(passes(counters, limitOf(other), ownerOf('s'))).toBe(true)
  })

  test.each(['subject', 'agent', 'tenant'] as const)(
    'per %s are one for all callers who are not known, and apart by issuer',
    (per) => {
      const counters = new LimitCounters(clock)
      const limit = limitOf({ per })
      expect(passes(counters, limit, ownerOf('a'))).toBe(true)
      expect(passes(counters, limit, ownerOf('b'))).toBe(false)
      const known = as({ issuer: 'https://a', agent: 'x', tenant: 'x' })
      expect(passes(counters, limit, ownerOf('c', known))).toBe(true)
      expect(passes(counters, limit, ownerOf('d', known))).toBe(false)
      const elsewhere = { ...known, issuer: 'https://b' }
      expect(passes(counters, limit, ownerOf('e', elsewhere))).toBe(true)
    },
  )

  test('of a session that is forgotten begin anew, those of others do not', () => {
    const counters = new LimitCounters(clock)
    const limits = [limitOf(), limitOf({ id: 'g', per: 'global' })]
    for (const limit of limits) expect(passes(counters, limit, ownerOf('s'))).toBe(true)
    counters.forget(limits, ownerOf('s'))
    expect(limits.map((limit) => passes(counters, limit, ownerOf('s')))).toEqual([true, false])
  })

  test('of a session that is forgotten take anew what a call holds that is judged again', () => {
    const limit = limitOf()
    const wide = limitOf({ id: 'w', per: 'subject', max: 2 })
    const owner = ownerOf('s')
    const claims = [limit, wide].map((each) => ({ limit: each, owner, amount: oneUnit }))
    for (const how of ['reserve', 'force'] as const) {
      const counters = new LimitCounters(clock)
      expect(counters.reserve('held', claims)).toEqual([])
      counters.forget([limit, wide], owner)
      counters[how]('held', claims)
      expect([limit, wide].map((each) => counters.used(each, owner))).toEqual([1, 1])
      expect(passes(counters, limit, owner)).toBe(false)
      counters[how]('held', claims)
      counters.release('held')
      expect([limit, wide].map((each) => counters.used(each, owner))).toEqual([0, 0])
    }
  })

  test('of a session that is forgotten are not taken anew beyond their maximum', () => {
    const counters = new LimitCounters(clock)
    const claims = [{ limit: limitOf(), owner: ownerOf('s'), amount: oneUnit }]
    counters.reserve('held', claims)
    counters.forget([limitOf()], ownerOf('s'))
    expect(passes(counters, limitOf(), ownerOf('s'))).toBe(true)
    expect(counters.reserve('held', claims)).toMatchObject([{ hasRest: false }])
  })

  test('take by force what nobody could stop, once for each call', () => {
    const counters = new LimitCounters(clock)
    const limit = limitOf({ max: 3 })
    const claims = [{ limit, amount: oneUnit, owner: ownerOf('s') }]
    counters.force('forced', claims)
    counters.force('forced', claims)
    expect(counters.used(limit, ownerOf('s'))).toBe(1)
    expect(counters.used(limit, ownerOf('nobody'))).toBe(0)
    counters.commit('forced')
    counters.release('forced')
    expect(counters.used(limit, ownerOf('s'))).toBe(1)
  })

  test.each([
    ['in its window', '2026-01-01T00:00:01.000Z', 1],
    ['before its window', '2026-01-01T00:00:00.000Z', 0],
    ['still to come, by another clock', '2027-01-01T00:00:00.000Z', 1],
    ['of which nobody can tell when', 'yesterday', 1],
  ])('hold what was used in another process where that is %s', (_, at, used) => {
    const counters = new LimitCounters(manualClock(Date.parse('2026-01-01T00:01:00.000Z')))
    const limit = limitOf({ windowMs: 60_000 })
    counters.force('forced', [{ limit, amount: oneUnit, owner: ownerOf('s') }], at)
    expect(counters.used(limit, ownerOf('s'))).toBe(used)
    const denials = limitOf({ id: 'd', count: 'denials', windowMs: 60_000 })
    counters.add(denials, 1, ownerOf('s'), 'e', at)
    expect(counters.used(denials, ownerOf('s'))).toBe(used)
  })

  test('that are too many let nobody new through until some have become empty', () => {
    const moving = manualClock(0)
    const counters = new LimitCounters(moving)
    const limit = limitOf({ max: 2, windowMs: 60_000 })
    for (let index = 0; index < 100_000; index++) counters.add(limit, 1, ownerOf(`s${index}`), `e`)
    expect(passes(counters, limit, ownerOf('one more'))).toBe(false)
    expect(passes(counters, limit, ownerOf('s0'))).toBe(true)
    counters.add(limit, 1, ownerOf('one more'), 'e')
    expect(counters.used(limit, ownerOf('one more'))).toBe(0)
    moving.advance(60_000)
    expect(passes(counters, limit, ownerOf('one more'))).toBe(true)
  })
})

describe('a reservation', () => {
  const clock = manualClock(0)
  const owner = ownerOf('s')
  const claim = (limit: ApplicableLimit, amount: bigint | 'unknown' = oneUnit) => ({
    limit,
    owner,
    amount: amount === 'unknown' ? undefined : amount,
  })

  test.each<[Partial<ApplicableLimit>, bigint, bigint | 'unknown', boolean | undefined]>([
    // what was used, what the call takes, and whether something is left; undefined where it fits
    [{ max: 3 }, 2n * oneUnit, oneUnit, undefined],
    [{ max: 3 }, 2n * oneUnit, oneUnit + 1n, true],
    [{ max: 3 }, 3n * oneUnit, oneUnit, false],
    [{ max: 3 }, 3n * oneUnit - 1n, oneUnit, true],
    [{ max: 3 }, 3n * oneUnit, 0n, undefined],
    [{ max: 3 }, 4n * oneUnit, 0n, false],
    [{ max: 3, sum: ['a'] }, 0n, 'unknown', false],
    [{ max: 0.5, sum: ['a'] }, 0n, oneUnit / 2n, undefined],
    [{ max: 0.5, sum: ['a'] }, 0n, oneUnit, true],
  ])('of a limit %j of which %s is used, of %s: %s', (fields, used, amount, hasRest) => {
    const limit = limitOf(fields)
    const counters = new LimitCounters(clock)
    counters.force('before', [claim(limit, used)])
    const shortages = counters.reserve('call', [claim(limit, amount)])
    expect(shortages).toEqual(hasRest === undefined ? [] : [{ limit, hasRest }])
  })

  test.each(['cost', 'time', 'denials'] as const)(
    'takes nothing of a limit on %s, which is full once its maximum is reached',
    (count) => {
      const limit = limitOf({ count, max: 2 })
      const counters = new LimitCounters(clock)
      expect(counters.reserve('c1', [claim(limit)])).toEqual([])
      expect(counters.used(limit, owner)).toBe(0)
      counters.add(limit, 1.999, owner, 'e')
      expect(counters.reserve('c2', [claim(limit)])).toEqual([])
      counters.add(limit, 0.001, owner, 'e')
      expect(counters.reserve('c3', [claim(limit)])).toEqual([{ limit, hasRest: false }])
    },
  )

  test('is taken of every limit, also beyond one that only asks, and of none where one denies', () => {
    const [asks, denies] = [limitOf({ id: 'a', over: 'ask' }), limitOf({ id: 'd', max: 2 })]
    const counters = new LimitCounters(clock)
    const used = () => [asks, denies].map((limit) => counters.used(limit, owner))
    const both = [claim(asks), claim(denies)]
    expect(counters.reserve('c1', both)).toEqual([])
    expect(counters.reserve('c2', both)).toEqual([{ limit: asks, hasRest: false }])
    expect(used()).toEqual([2, 2])
    expect(counters.reserve('c3', both)).toEqual([
      { limit: asks, hasRest: false },
      { limit: denies, hasRest: false },
    ])
    expect(used()).toEqual([2, 2])
    counters.release('c2')
    expect(used()).toEqual([1, 1])
  })

  test('that is held is not taken again, and counts until it is released', () => {
    const limit = limitOf()
    const counters = new LimitCounters(clock)
    expect(counters.reserve('c1', [claim(limit)])).toEqual([])
    expect(counters.reserve('c1', [claim(limit)])).toEqual([])
    expect(counters.used(limit, owner)).toBe(1)
    counters.release('c1')
    counters.release('c1')
    expect(counters.used(limit, owner)).toBe(0)
    expect(counters.reserve('c1', [claim(limit)])).toEqual([])
    expect(counters.used(limit, owner)).toBe(1)
  })

  test('by force takes all of a limit where nobody can tell what was used', () => {
    const limit = limitOf({ max: 7, sum: ['a'] })
    const counters = new LimitCounters(clock)
    counters.force('c1', [claim(limit, 'unknown')])
    expect(counters.used(limit, owner)).toBe(7)
    counters.force('c2', [])
    counters.force('c2', [claim(limit)])
    expect(counters.used(limit, owner)).toBe(8)
  })
})

test('room for new counters is looked for once a second', () => {
  const clock = manualClock(0)
  const counters = new LimitCounters(clock)
  const limit = limitOf({ max: 9, windowMs: 2_000 })
  const passes = (session: string): boolean =>
    counters.reserve(`call ${session}`, [{ limit, owner: ownerOf(session), amount: oneUnit }])
      .length === 0
  counters.add(limit, 1, ownerOf('first'), 'e')
  clock.advance(1_001)
  for (let index = 1; index < 100_000; index++) counters.add(limit, 1, ownerOf(`s${index}`), 'e')
  expect(passes('a')).toBe(false)
  // the first counter has become empty, and nobody has looked
  clock.advance(999)
  expect(passes('a')).toBe(false)
  clock.advance(1)
  expect(passes('a')).toBe(true)
  expect(passes('b')).toBe(false)
})

test('room for what was used in another process is looked for now, and once a second', () => {
  const clock = manualClock(Date.parse('2026-01-01T12:00:00.000Z'))
  const counters = new LimitCounters(clock)
  const limit = limitOf({ count: 'denials', max: 9, windowMs: 60_000 })
  const add = (session: string): void =>
    counters.add(limit, 1, ownerOf(session), 'e', '2026-01-01T12:00:30.000Z')
  for (let index = 0; index < 100_000; index++) counters.add(limit, 1, ownerOf(`s${index}`), 'e')
  clock.advance(59_500)
  add('before any counter has become empty')
  clock.advance(500)
  add('a')
  expect(counters.used(limit, ownerOf('a'))).toBe(0)
  clock.advance(500)
  add('a')
  expect(counters.used(limit, ownerOf('a'))).toBe(1)
})
