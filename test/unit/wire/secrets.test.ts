import { expect, test } from 'vitest'
import { maskedKey, secretsIn, withoutSecrets } from '../../../src/wire/secrets.ts'

test('S1-08 a masked key shows its first 8 and last 4 characters, a short one nothing', () => {
  expect(maskedKey('sk-or-v1-0123456789abcdef')).toBe('sk-or-v1...cdef')
  expect(maskedKey('abcdefghijklm')).toBe('abcdefgh...jklm')
  expect(maskedKey('abcdefghijkl')).toBe('************')
  expect(maskedKey('a')).toBe('************')
})

test('secrets are the keys and the headers that prove who sends, unless too short to tell', () => {
  const headers = { authorization: 'Bearer abcdef', 'x-team': 'blue', cookie: 'a=b' }
  expect(secretsIn(headers, 'abcdef', 'k')).toEqual(['abcdef', 'Bearer abcdef'])
})

test('plain data loses its secrets in values, keys and lists', () => {
  const data = { 'a abcdef': ['x', 'abcdefabcdef'], deep: { n: 1, none: null } }
  expect(withoutSecrets(data, ['abcdef'])).toEqual({
    'a [redacted]': ['x', '[redacted][redacted]'],
    deep: { n: 1, none: null },
  })
})
