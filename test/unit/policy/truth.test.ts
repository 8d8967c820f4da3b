import { expect, test } from 'vitest'
import {
  allOf,
  anyOf,
  no,
  not,
  truthOf,
  unknown,
  yes,
  type Truth,
} from '../../../src/policy/truth.ts'

const truths: readonly Truth[] = [no, unknown, yes]

/** All lists of truths up to a length. */
function lists(length: number): readonly (readonly Truth[])[] {
  if (length === 0) return [[]]
  const shorter = lists(length - 1)
  const longest = shorter.filter((list) => list.length === length - 1)
  return [...shorter, ...longest.flatMap((list) => truths.map((truth) => [...list, truth]))]
}

test('the truths are those of Kleene: not mirrors, and is the least, or the greatest', () => {
  expect(truths.map(not)).toEqual([yes, unknown, no])
  expect([truthOf(true), truthOf(false)]).toEqual([yes, no])
  for (const list of lists(4)) {
    const tests = list.map((truth) => () => truth)
    expect([list, allOf(tests)(null, null)]).toEqual([list, Math.min(yes, ...list)])
    expect([list, anyOf(tests)(null, null)]).toEqual([list, Math.max(no, ...list)])
  }
})

test.each([1, 2, 3, 4])(
  '%d tests are asked about the subject, no further than needed',
  (length) => {
    for (const [join, last] of [
      [allOf, no],
      [anyOf, yes],
    ] as const) {
      for (let at = 0; at < length; at++) {
        const asked: unknown[] = []
        const tests = Array.from({ length }, (_, index) => (subject: string, caller: string) => {
          asked.push([index, subject, caller])
          return index === at ? last : unknown
        })
        expect(join(tests)('subject', 'caller')).toBe(last)
        expect(asked).toEqual(
          Array.from({ length: at + 1 }, (_, index) => [index, 'subject', 'caller']),
        )
      }
    }
  },
)
