import * as fc from 'fast-check'
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

test('takes no word for near that lower case makes longer', () => {
  expect(nearest('tool\u0130x', ['tool', 'zebra'])).toBeUndefined()
})

test('finds the candidate that is nearest by every single edit, and none that is further than two', () => {
  const words = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 })
  fc.assert(
    fc.property(words, fc.array(words, { maxLength: 6 }), (word, candidates) => {
      const found = nearest(word, candidates)
      const most = word.length > 3 ? 2 : 1
      const distances = candidates.map((candidate) => distance(word, candidate))
      const least = Math.min(most + 1, ...distances)
      expect(found).toBe(least > most ? undefined : candidates[distances.indexOf(least)])
    }),
    { numRuns: 2_000 },
  )
})

/** By its definition: the distance of what is left after each edit. */
function distance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length
  const swapped = a[0] === b[1] && a[1] === b[0] && a.length > 1
  return Math.min(
    distance(a.slice(1), b) + 1,
    distance(a, b.slice(1)) + 1,
    distance(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1),
    swapped ? distance(a.slice(2), b.slice(2)) + 1 : Number.POSITIVE_INFINITY,
  )
}
