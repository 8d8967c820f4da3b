import { expect, test } from 'vitest'
import { redactArguments, redactPointers } from '../../../src/base/redact.ts'

const value = { card: '4111', items: [{ pin: 1, name: 'a' }, { pin: 2 }], 'a/b': { c: true } }

test.each<[string, unknown]>([
  ['/card', { ...value, card: '[redacted]' }],
  ['/items/1/pin', { ...value, items: [value.items[0], { pin: '[redacted]' }] }],
  ['/items/*/pin', { ...value, items: [{ pin: '[redacted]', name: 'a' }, { pin: '[redacted]' }] }],
  ['/items', { ...value, items: '[redacted]' }],
  ['/a~1b/*', { ...value, 'a/b': { c: '[redacted]' } }],
  ['', '[redacted]'],
  ['card', '[redacted]'],
  ['/missing/deep', value],
  ['/card/deep', value],
  ['/items/length', value],
  ['/toString', value],
])('`%s` hides what it names and nothing else', (pointer, expected) => {
  expect(redactPointers(value, [pointer])).toEqual(expected)
})

test('the input stays as it was, untouched branches are shared', () => {
  const before = structuredClone(value)
  const result = redactPointers(value, ['/card', '/items/0/pin']) as unknown as typeof value
  expect(value).toEqual(before)
  expect(result['a/b']).toBe(value['a/b'])
  expect(result.items[1]).toBe(value.items[1])
})

test('sensitive arguments that are no object are hidden whole', () => {
  for (const args of ['{"pin":"S3"}', ['S3'], 1234, true]) {
    expect(redactArguments(args, ['/pin'])).toBe('[redacted]')
    expect(redactArguments(args, [])).toBe(args)
  }
  expect(redactArguments({ pin: 'S3', to: 'a' }, ['/pin'])).toEqual({ pin: '[redacted]', to: 'a' })
  expect(redactArguments(null, ['/pin'])).toBeNull()
})
