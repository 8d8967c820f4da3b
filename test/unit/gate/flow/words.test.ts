import { describe, expect, test } from 'vitest'
import { cutBetween, markers, piecesWith } from '../../../../src/gate/flow/pieces.ts'
import { eachRow } from '../../../../src/gate/flow/rows.ts'
import { trim } from '../../../../src/gate/flow/trim.ts'
import {
  decimalOf,
  decimalOfNumber,
  wordsOf,
  wordsOfValue,
} from '../../../../src/gate/flow/words.ts'

describe('the words of a text', () => {
  test.each([
    ['Hello, (World)!', ['hello', 'world']],
    ['#a @b _c =d :e •f –g —h *i', ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']],
    ['a. b: c_ d= e# f@ g• h– i— j- k* l?', [...'abcdefghijkl']],
    ['-a /b ?c', ['-a', '/b', '?c']],
    ['a-b a.b a/b a@b a_b a:b', ['a-b', 'a.b', 'a/b', 'a@b', 'a_b', 'a:b']],
    [' . * -  a', ['a']],
    ['ＡＢＣ cafe\u0301', ['abc', 'caf\u00e9']],
    ['', []],
  ])('of %j are %j', (text, words) => expect(wordsOf(text)).toEqual(words))

  test.each([
    ['#a @b _c =d :e', ['a', 'b', 'c', 'd', 'e']],
    ['*a a* a?', ['*a', 'a*', 'a?']],
    ['a. b: c_ d= e# f@ g-', [...'abcdefg']],
    ['a/b. a\\b. #a/', ['a/b.', 'a\\b.', 'a/']],
    ['. : a', ['a']],
  ])('that is looked for keep what changes its meaning: %j', (text, words) => {
    expect(wordsOfValue(text)).toEqual(words)
  })
})

describe('a text is cut', () => {
  const signs = [...'\'"`()[]{}<>;|! \t\n\r\0\u007f\u0080\u0085\u00a0\u2028\u3000´‘’‚“”„«»‹›…']
  test.each(signs)('at %j', (sign) => {
    expect(cutBetween(`a${sign}b`)).toEqual(['a', 'b'])
    expect(cutBetween(`${sign}a${sign}${sign}`)).toEqual(['a'])
  })

  test.each([...'.-/@_:=#&%\\*?~^$+é漢'])('not at %j', (sign) => {
    expect(cutBetween(`a${sign}b`)).toEqual([`a${sign}b`])
  })

  test.each([
    ['a,b', ['a', 'b']],
    ['1,2', ['1,2']],
    ['x1,2y', ['x1,2y']],
    ['a,1', ['a', '1']],
    ['1,a', ['1', 'a']],
    [',1', ['1']],
    ['1,', ['1']],
    ['1, 2', ['1', '2']],
    ['𝟏,𝟐', ['𝟏,𝟐']],
    ['١,٢', ['١,٢']],
    ['1,,2', ['1', '2']],
    ['1a,2', ['1a', '2']],
    ['1,a2', ['1', 'a2']],
  ])('at commas that are in no number: %j', (text, pieces) => {
    expect(cutBetween(text)).toEqual(pieces)
  })
})

describe('the pieces that hold a character', () => {
  test.each([
    ['a b.c d', ['b.c']],
    ['b.c d', ['b.c']],
    ['a b.c', ['b.c']],
    ['.', ['.']],
    ['a. b\tc.\nd.\u000be.\u000cf.\rg', ['a.', 'c.', 'd.', 'e.', 'f.']],
    ['a\u0008b.\u000ec', ['a\u0008b.\u000ec']],
    ['a.\u00a0b', ['a.\u00a0b']],
    ['ab\u012e', []],
    ['a b', []],
    ['', []],
  ])('in %j are %j', (text, pieces) => {
    expect(piecesWith(text, markers('.'))).toEqual(pieces)
  })

  test('are told by characters of the first 128', () => {
    const marks = markers('.a')
    expect([marks.length, marks[0x2e], marks[0x61], marks[0x62]]).toEqual([128, 1, 1, 0])
  })
})

test.each([
  ['--a-b..', 'a-b'],
  ['..a--', '..a--'],
  ['a', 'a'],
  ['----', ''],
  ['....', ''],
  ['', ''],
])('%j is trimmed to %j', (text, trimmed) => {
  expect(trim(text, new Set('-'), new Set('.'))).toBe(trimmed)
})

test.each([
  ['ab1-c', ['ab1 with', 'c']],
  ['-a--1', ['a', '1 with']],
  ['é١ x 漢', ['é١ with', 'x', '漢']],
  ['𝟏a𝐛😀c', ['𝟏a𝐛 with', 'c']],
  ['1 a', ['1 with', 'a']],
  ['AZaz09', ['AZaz09 with']],
  ['@[`{/:', []],
  ['a', ['a']],
  ['', []],
])('the rows of letters and digits in %j are %j', (text, rows) => {
  const told: string[] = []
  eachRow(text, (start, end, hasDigit) => {
    told.push(`${text.slice(start, end)}${hasDigit ? ' with' : ''}`)
  })
  expect(told).toEqual(rows)
})

describe('a decimal number', () => {
  test.each([
    ['98.70', '98.7'],
    ['$98.7', '98.7'],
    ['98.7€', '98.7'],
    ['-$5', '-5'],
    ['5%', '5'],
    ['5€%', '5'],
    ['+5', '5'],
    ['-5', '-5'],
    ['-1.50', '-1.5'],
    ['0', '0'],
    ['-0', '0'],
    ['-0.00', '0'],
    ['0.50', '0.5'],
    ['-0.5', '-0.5'],
    ['007', '7'],
    ['100', '100'],
    ['1.00', '1'],
    ['1.05', '1.05'],
    ['1,250.50', '1250.5'],
    ['1.250,50', '1250.5'],
    ['1,250', '1250'],
    ['-1,250', '-1250'],
    ['-1.250,5', '-1250.5'],
    ['-1250,5', '-1250.5'],
    ['1250,5', '1250.5'],
    ['1,25', '1.25'],
    ['12,345,678', '12345678'],
    ['12.345.678,9', '12345678.9'],
    ['123,456', '123456'],
    ['1'.repeat(40), '1'.repeat(40)],
  ])('%s is %s', (word, decimal) => expect(decimalOf(word)).toBe(decimal))

  test.each([
    'a',
    'a1',
    '1a',
    '.5',
    '5.',
    '5,',
    '$-5',
    '--5',
    '$$5',
    '5%%',
    '5%€',
    '1,2,3',
    '12,34,567',
    '1234,567.8',
    '1,2345.6',
    '1.250.000',
    '1.2.3,4',
    '1234.567,8',
    '1,250.5.5',
    '1,250.50,1',
    '1'.repeat(41),
    '',
  ])('is not %s', (word) => expect(decimalOf(word)).toBeUndefined())

  test.each([
    [1250.5, '1250.5'],
    [-0, '0'],
    [-3, '-3'],
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    [100, '100'],
  ])('of JSON is written as one of a text: %d', (value, text) => {
    expect(decimalOfNumber(value)).toBe(text)
  })
})
