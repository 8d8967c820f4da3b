import { expect, test } from 'vitest'
import { isDay, readTime } from '../../../src/base/time-text.ts'

test.each(['2026-01-01', '2028-02-29', '2026-12-31'])('there is a day %j', (text) => {
  expect(isDay(text)).toBe(true)
})

test.each([
  '2026-02-29',
  '2026-04-31',
  '2026-00-01',
  '2026-1-01',
  'x2026-01-01',
  '2026-01-01x',
  '',
])('there is no day %j', (text) => {
  expect(isDay(text)).toBe(false)
})

test.each([
  ['2026-03-29', Date.UTC(2026, 2, 29)],
  ['2026-03-29T01:30Z', Date.UTC(2026, 2, 29, 1, 30)],
  ['2026-03-29t01:30:00.5z', Date.UTC(2026, 2, 29, 1, 30, 0, 500)],
  ['2026-03-29T01:30:00+05:30', Date.UTC(2026, 2, 28, 20)],
])('%j is one time, wherever it is read', (text, time) => {
  expect(readTime(text)).toBe(time)
})

test.each([
  '2026-03-29T02:30',
  '2026-03-29 02:30Z',
  '29 March 2026',
  '3/29/2026',
  '2026',
  '1',
  '2026-02-31',
  '2026-02-31T00:00Z',
  '2026-03-29T25:00Z',
  '+012026-03-29',
  '',
])('%j is no time', (text) => {
  expect(readTime(text)).toBeUndefined()
})
