import { expect, test } from 'vitest'
import { messageOf } from '../../../src/base/errors.ts'

test.each([
  [new Error('gone'), 'gone'],
  ['gone', 'gone'],
  [undefined, 'undefined'],
  [new AggregateError([new Error('refused'), new Error('late')]), 'refused'],
  [new AggregateError([new Error('refused')], 'all failed'), 'all failed'],
  [new AggregateError([]), 'AggregateError'],
  [new (class TimeoutError extends Error {})(), 'TimeoutError'],
  [Object.create(null), 'unprintable error'],
])('%s has words', (thrown, words) => {
  expect(messageOf(thrown)).toBe(words)
})

test('an error that holds itself ends', () => {
  const endless = new AggregateError([])
  endless.errors.push(endless)
  expect(messageOf(endless)).toBe('unprintable error')
})
