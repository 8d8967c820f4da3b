import { expect, test } from 'vitest'
import { suggestionFor } from '../../../src/policy/suggest.ts'

test('a name that is near is suggested', () => {
  expect(suggestionFor('refnd', ['order', 'refund'])).toEqual({
    help: 'did you mean `refund`?',
    suggestion: 'refund',
  })
  const long = 'a'.repeat(130)
  expect(suggestionFor('', [])).toEqual({ help: 'there is none to choose from' })
  expect(suggestionFor(long, [long]).help).toBe(
    `known are \`${'a'.repeat(128)}… (2 more characters)\``,
  )
})

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `name-${at}`)

test('names are listed where none is near, twelve at most', () => {
  const listed = (count: number): string =>
    names(count)
      .map((name) => `\`${name}\``)
      .join(', ')
  expect(suggestionFor('x', ['a\u202eb'])).toEqual({ help: 'known are `a\\u{202e}b`' })
  expect(suggestionFor('other', names(2))).toEqual({ help: `known are ${listed(2)}` })
  expect(suggestionFor('other', names(12))).toEqual({ help: `known are ${listed(12)}` })
  expect(suggestionFor('other', names(13))).toEqual({ help: `known are ${listed(12)}, and 1 more` })
  expect(suggestionFor('other', names(20))).toEqual({ help: `known are ${listed(12)}, and 8 more` })
})
