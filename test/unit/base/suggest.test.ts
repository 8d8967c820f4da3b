import { expect, test } from 'vitest'
import { nearest } from '../../../src/base/suggest.ts'

test.each([
  ['maxLenght', 'maxLength'],
  ['propertys', 'properties'],
  ['requird', 'required'],
  ['Required', 'required'],
  ['zzz', undefined],
  ['', undefined],
  ['x'.repeat(100_000), undefined],
])('%s suggests %s', (word, expected) => {
  expect(nearest(word, ['required', 'maxLength', 'minLength', 'properties'])).toBe(expected)
})
