import { expect, test } from 'vitest'
import { isWithin } from '../../../src/policy/time.ts'
import { no, unknown, yes } from '../../../src/policy/truth.ts'

test.each<[number, { from?: number; until?: number }, typeof yes | typeof no | typeof unknown]>([
  [0, {}, yes],
  [-1e15, {}, yes],
  [9, { from: 10 }, no],
  [10, { from: 10 }, yes],
  [11, { from: 10 }, yes],
  [9, { until: 10 }, yes],
  [10, { until: 10 }, no],
  [11, { until: 10 }, no],
  [4, { from: 5, until: 10 }, no],
  [5, { from: 5, until: 10 }, yes],
  [9.999, { from: 5, until: 10 }, yes],
  [10, { from: 5, until: 10 }, no],
  [Number.NaN, { from: 5 }, unknown],
  [Number.NaN, {}, unknown],
  [Infinity, { from: 5 }, unknown],
  [-Infinity, { until: 5 }, unknown],
])('whether %d lies in %j', (now, window, expected) => {
  expect(isWithin(now, window)).toBe(expected)
})
