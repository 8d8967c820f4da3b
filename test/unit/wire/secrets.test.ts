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
  const own = { authorization: 'Bearer abcdef', 'x-api-key': 'ghijkl' }
  expect(secretsIn(own)).toEqual(['Bearer abcdef', 'abcdef', 'ghijkl'])
})

test('plain data loses its secrets in values, keys and lists', () => {
  const data = { 'a abcdef': ['x', 'abcdefabcdef'], deep: { n: 1, none: null } }
  expect(withoutSecrets(data, ['abcdef'])).toEqual({
    'a [redacted]': ['x', '[redacted][redacted]'],
    deep: { n: 1, none: null },
  })
})

test('what is left of a secret where a text was cut is lost as well', () => {
  const key = 'sk-or-v1-0123456789abcdef'
  for (const end of ['', '… (123 more characters)', '… (9 more characters): more']) {
    for (let length = 9; length < key.length; length++) {
      const text = `the key ${key.slice(0, length)}${end}`
      expect(withoutSecrets(text, [key])).toBe(`the key [redacted]${end}`)
    }
    const beginning = `keys begin with ${key.slice(0, 8)}${end}`
    expect(withoutSecrets(beginning, [key])).toBe(beginning)
  }
})
