import { expect, test } from 'vitest'
import { endOfDay, isWithin } from '../../../src/policy/time.ts'
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

test.each([
  ['2026-01-01', Date.UTC(2026, 0, 2)],
  ['2028-02-29', Date.UTC(2028, 2, 1)],
  ['2026-12-31', Date.UTC(2027, 0, 1)],
])('the day %j ends at %j', (text, end) => {
  expect(endOfDay(text)).toBe(end)
})
