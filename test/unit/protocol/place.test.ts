import { expect, test } from 'vitest'
import { placeText } from '../../../src/protocol/place.ts'

test('a place shows what a file name hides', () => {
  expect(placeText({ file: 'p.yaml', line: 3, column: 5 })).toBe('p.yaml:3:5')
  expect(placeText({ file: 'a\u001b[2J\u202eb', line: 1, column: 2 })).toBe(
    'a\\u{1b}[2J\\u{202e}b:1:2',
  )
})
