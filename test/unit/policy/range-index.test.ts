import { expect, test } from 'vitest'
import type { CompiledRule } from '../../../src/policy/compiled-rule.ts'
import { RangeIndex } from '../../../src/policy/range-index.ts'

type Written = readonly [low: number, high: number, onlyNumbers?: boolean]

/** What the index needs to know of a rule, which is itself: its bounds. */
function indexOf(ranges: readonly Written[]): {
  readonly index: RangeIndex
  readonly find: (value: number | string | null) => readonly Written[]
} {
  const index = new RangeIndex(
    ranges.map((range) => ({
      rule: range as unknown as CompiledRule,
      range: { name: 'x', low: range[0], high: range[1], onlyNumbers: range[2] ?? true },
    })),
  )
  return { index, find: (value) => index.find(value) as unknown as readonly Written[] }
}

test('a number finds the rules whose bounds hold it, both ends included', () => {
  const ranges: readonly Written[] = [
    [1, 3],
    [2, 10],
    [3, 3],
    [-Infinity, 1],
    [10, Infinity],
    [9, 100],
    [-5, 2],
  ]
  const { index, find } = indexOf(ranges)
  expect(index.wide).toEqual([])
  const values = [-1e300, -5, -4.5, 0, 1, 1.5, 2, 2.5, 3, 3.1, 8, 9, 9.5, 10, 11, 100, 101, 1e300]
  for (const value of [...values, -Infinity, Infinity]) {
    const expected = ranges.filter(([low, high]) => low <= value && value <= high)
    expect([value, find(value)]).toEqual([value, expected])
  }
})

test('bounds that contradict each other are found by no number', () => {
  const { find } = indexOf([
    [5, 1],
    [2, 3],
  ])
  expect([1, 2, 3, 4, 5].map((value) => find(value).length)).toEqual([0, 1, 1, 0, 0])
})

test('what is no number finds the rules that are not false for it', () => {
  const { find } = indexOf([
    [1, 2, true],
    [1, 3, false],
    [7, 8, false],
  ])
  for (const value of ['x', null]) {
    expect(find(value)).toEqual([
      [1, 3, false],
      [7, 8, false],
    ])
  }
  expect(find(1)).toEqual([
    [1, 2, true],
    [1, 3, false],
  ])
})

test('a rule that covers 64 pieces of the line or more is always tried', () => {
  const points = Array.from({ length: 40 }, (_, at): Written => [at, at])
  const { index, find } = indexOf([...points, [0, 31, false], [0, 32, false], [5, 7, false]])
  expect(index.wide).toEqual([[0, 32, false]])
  expect(find(6)).toEqual([
    [6, 6],
    [0, 31, false],
    [5, 7, false],
  ])
  expect(find(31.5)).toEqual([])
  // it is tried for what is no number too
  expect(find('x')).toEqual([
    [0, 31, false],
    [5, 7, false],
  ])
})

test('an index of no rule finds none', () => {
  const { index, find } = indexOf([])
  expect([find(1), find('x'), index.wide]).toEqual([[], [], []])
})
