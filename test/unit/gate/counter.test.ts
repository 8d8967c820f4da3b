import { describe, expect, test } from 'vitest'
import { Counter } from '../../../src/gate/counter.ts'

describe('a counter with a window', () => {
  test('forgets what is as old as the window, oldest first', () => {
    const counter = new Counter(100)
    counter.take(1n, 0)
    counter.take(2n, 50)
    counter.take(4n, 50)
    counter.take(8n, 99)
    expect(counter.total(99)).toBe(15n)
    expect(counter.total(100)).toBe(14n)
    expect(counter.total(149)).toBe(14n)
    expect(counter.total(150)).toBe(8n)
    expect(counter.isEmpty).toBe(false)
    expect(counter.total(199)).toBe(0n)
    expect(counter.isEmpty).toBe(true)
  })

  test('forgets in time what became known late', () => {
    const counter = new Counter(100)
    counter.take(1n, 50)
    counter.take(2n, 20)
    counter.take(4n, -70)
    expect(counter.total(20)).toBe(7n)
    expect(counter.total(50)).toBe(3n)
    expect(counter.total(120)).toBe(1n)
    counter.giveBack(1n, 50)
    expect(counter.isEmpty).toBe(true)
  })

  test('gives back only what is still in it', () => {
    const counter = new Counter(100)
    counter.take(3n, 0)
    counter.take(5n, 60)
    expect(counter.total(100)).toBe(5n)
    counter.giveBack(3n, 0)
    expect(counter.total(100)).toBe(5n)
    counter.giveBack(5n, 60)
    expect(counter.total(100)).toBe(0n)
  })

  test('keeps each amount with its time when another is given back', () => {
    const counter = new Counter(100)
    counter.take(1n, 0)
    counter.take(2n, 50)
    counter.giveBack(1n, 0)
    expect(counter.total(149)).toBe(2n)
    expect(counter.total(150)).toBe(0n)
  })
})

describe('a counter without a window', () => {
  test('never forgets', () => {
    const counter = new Counter(undefined)
    expect(counter.isEmpty).toBe(true)
    expect(counter.total(0)).toBe(0n)
    counter.take(3n, 0)
    expect(counter.isEmpty).toBe(false)
    expect(counter.total(Number.MAX_SAFE_INTEGER)).toBe(3n)
  })

  test.each<[string, bigint, number, bigint]>([
    ['the first', 1n, 10, 14n],
    ['one of several of the same time', 4n, 20, 11n],
    ['the last', 8n, 30, 7n],
    ['nothing of another amount', 2n, 10, 15n],
    ['nothing of an earlier time', 4n, 19, 15n],
    ['nothing of a later time', 4n, 21, 15n],
    ['nothing of a time before all', 1n, 5, 15n],
  ])('gives back %s', (_, amount, at, left) => {
    const counter = new Counter(undefined)
    for (const [taken, time] of [
      [1n, 10],
      [2n, 20],
      [4n, 20],
      [8n, 30],
    ] as const) {
      counter.take(taken, time)
    }
    counter.giveBack(amount, at)
    expect(counter.total(30)).toBe(left)
  })

  test('gives back each amount once', () => {
    const counter = new Counter(undefined)
    counter.take(5n, 1)
    counter.take(5n, 1)
    counter.giveBack(5n, 1)
    expect(counter.total(1)).toBe(5n)
    counter.giveBack(5n, 1)
    counter.giveBack(5n, 1)
    expect(counter.total(1)).toBe(0n)
  })
})

describe('a counter of very many entries', () => {
  test('keeps 10,000 apart, and older ones together as long as the younger of them', () => {
    const counter = new Counter(100_000)
    const most = 10_000
    for (let at = 1; at <= most; at++) counter.take(1n, at)
    expect(counter.total(100_001)).toBe(BigInt(most - 1))
    counter.take(1n, most)
    expect(counter.total(100_001)).toBe(BigInt(most))
    // one too many: the two oldest, of 2 and 3, are one that counts until 3 is over
    counter.take(1n, most)
    expect(counter.total(100_002)).toBe(BigInt(most + 1))
    expect(counter.total(100_003)).toBe(BigInt(most - 1))
  })
})
