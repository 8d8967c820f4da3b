import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { codePointBorder, shorten, visible, visibleJson } from '../../../src/base/text.ts'

test.each([
  ['a\nb\tc', 'a\\u{a}b\\u{9}c'],
  ['\u001b[31m', '\\u{1b}[31m'],
  ['a\u202eb', 'a\\u{202e}b'],
  ['a\u200bb', 'a\\u{200b}b'],
  ['\u{e0041}', '\\u{e0041}'],
  ['\ufe0f\u{e0100}', '\\u{fe0f}\\u{e0100}'],
  ['\u3164\u034f', '\\u{3164}\\u{34f}'],
  ['\u2028\u0085', '\\u{2028}\\u{85}'],
  ['\ud800', '\ufffd'],
  ['naïve 😀 日本', 'naïve 😀 日本'],
])('%j is shown as %s', (text, shown) => {
  expect(visible(text)).toBe(shown)
})

test('a long text is cut between code points and says so', () => {
  expect(shorten('abcdef', 6)).toBe('abcdef')
  expect(shorten('abcdefg', 6)).toBe('abcdef… (1 more characters)')
  expect(shorten('😀😀', 3)).toBe('😀… (2 more characters)')
  expect(shorten('', 0)).toBe('')
})

test('a border inside a pair moves in front of it', () => {
  expect([0, 1, 2, 3, 4].map((at) => codePointBorder('a😀b', at))).toEqual([0, 1, 1, 3, 4])
})

test('JSON for a terminal is the same value without anything invisible', () => {
  const text = fc.string({ unit: 'binary' })
  const hidden = fc.constantFrom(
    '\u009b',
    '\u202e',
    '\u2028',
    '\u2029',
    '\u007f',
    '\u{e0041}',
    '\ufeff',
  )
  const value = fc.jsonValue().chain((any) => fc.tuple(fc.constant(any), text, hidden))
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 2), (parts, indent) => {
      const shown = visibleJson(JSON.stringify(parts, undefined, indent))
      expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify(parts)))
      expect(shown.replaceAll('\n', '')).toBe(visible(shown.replaceAll('\n', '')))
    }),
  )
  expect(visibleJson('"\u009b\u{e0041}"')).toBe('"\\u009b\\udb40\\udc41"')
})
