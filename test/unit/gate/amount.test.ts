import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../src/base/json.ts'
import { amountAt, fromUnits, oneUnit, toUnits } from '../../../src/gate/amount.ts'

test.each<[number, bigint]>([
  [0, 0n],
  [1, 1_000_000_000n],
  [12.5, 12_500_000_000n],
  [0.1, 100_000_000n],
  [0.000_000_001, 1n],
  [123_456.789_012_345, 123_456_789_012_345n],
  [1e21, 10n ** 30n],
  // what is smaller than a billionth counts as one
  [0.000_000_000_1, 1n],
  [1.000_000_000_1, 1_000_000_001n],
  [2e-10, 1n],
  [1e-300, 1n],
  [-1.5, -1_500_000_000n],
  [-1.000_000_000_1, -1_000_000_000n],
])('%d is %d billionths, rounded up', (value, units) => {
  expect(toUnits(value)).toBe(units)
})

test('billionths are shown as the number they stand for', () => {
  expect(fromUnits(oneUnit)).toBe(1)
  expect(fromUnits(250_000_000n)).toBe(0.25)
  expect(fromUnits(-1n)).toBe(-1e-9)
})

const amountOf = (amount: JsonValue): bigint | undefined =>
  amountAt({ pay: { amount } }, ['pay', 'amount'])

describe('what a call adds to a sum', () => {
  test.each<[JsonValue, number]>([
    [7, 7],
    [0, 0],
    [-7, 0],
    ['0', 0],
    ['7', 7],
    ['-7', 0],
    ['0.5', 0.5],
    ['70.25', 70.25],
    ['1.123456789', 1.123456789],
    ['1234567890123456', 1234567890123456],
  ])('is told by %j', (value, units) => {
    expect(amountOf(value)).toBe(toUnits(units))
  })

  test('is every digit of a text', () => {
    expect(amountOf('9007199254740993')).toBe(9_007_199_254_740_993_000_000_000n)
    expect(amountOf('1234567890123456.123456789')).toBe(1_234_567_890_123_456_123_456_789n)
    expect(amountOf('-9007199254740993.5')).toBe(0n)
  })

  test.each<[JsonValue]>([
    [''],
    ['.5'],
    ['5.'],
    ['07'],
    ['00.5'],
    ['+7'],
    ['--7'],
    [' 7'],
    ['7 '],
    ['7\n'],
    ['x7'],
    ['7x'],
    ['1e3'],
    ['0x10'],
    ['1_000'],
    ['1,5'],
    ['7.-5'],
    ['a.5'],
    ['1.1234567891'],
    ['12345678901234567'],
    ['Infinity'],
    ['٧'],
    [true],
    [false],
    [null],
    [[]],
    [[7]],
    [{}],
  ])('cannot be told by %j', (value) => {
    expect(amountOf(value)).toBeUndefined()
  })

  test('is nothing where the argument is absent, and unknown where it cannot be reached', () => {
    const path = ['pay', 'amount']
    expect(amountAt({}, path)).toBe(0n)
    expect(amountAt({ pay: {} }, path)).toBe(0n)
    expect(amountAt({ pay: 7 }, path)).toBeUndefined()
    expect(amountAt({ pay: [7] }, path)).toBeUndefined()
    expect(amountAt(null, path)).toBeUndefined()
    expect(amountAt(null, [])).toBeUndefined()
  })
})
