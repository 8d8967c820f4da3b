import { describe, expect, test } from 'vitest'
import { compileDomains, hostOf } from '../../../src/policy/domain.ts'
import { fold, isAscii, sameJson, sameText } from '../../../src/policy/equality.ts'
import { no, unknown, yes } from '../../../src/policy/truth.ts'

describe('a character that readers of URLs disagree about', () => {
  const characters = [...' \t\n\u000b\u00a0\u0000\u0007\u007f\u200b\u202e\u2028\u2029\\<>"`{}|^']
  test.each(characters)('%j hides the host wherever it stands', (character) => {
    for (const text of [
      `https://desk.example/${character}`,
      `${character}https://desk.example/`,
      `https://desk${character}.example/`,
      `a${character}b@desk.example`,
      `ab@desk${character}.example`,
      `desk.example${character}`,
    ]) {
      expect([text, hostOf(text)]).toEqual([text, undefined])
    }
  })
})

test.each([...'@:;,()[]/%!?&\'" '])('a mailbox with %j may be about another host', (character) => {
  expect(hostOf(`a${character}b@desk.example`)).toBeUndefined()
  expect(hostOf(`${character}@desk.example`)).toBeUndefined()
})

test.each([...'+-_.=#$*~é1'])('a mailbox may hold %j', (character) => {
  expect(hostOf(`a${character}b@desk.example`)).toBe('desk.example')
})

test.each([...':;,()[]/%!?&\'"#+=$*~'])('a bare host does not hold %j', (character) => {
  expect(hostOf(`desk${character}x.example`)).toBeUndefined()
  expect(hostOf(`desk.example${character}`)).toBeUndefined()
})

test.each([
  ['desk', 'desk'],
  ['a_b.example', 'a_b.example'],
  ['a-b.1.example', 'a-b.1.example'],
  ['b\u0075\u0308cher.example', 'xn--bcher-kva.example'],
  ['DESK.EXAMPLE', 'desk.example'],
  ['desk.example.', 'desk.example'],
  ['http://desk.example./', 'desk.example'],
  ['ftp://desk.example', 'desk.example'],
  ['ws://desk.example', 'desk.example'],
  ['WSS://Desk.Example:1/', 'desk.example'],
  ['https://desk.example#@other.example', 'desk.example'],
  ['https://desk.example?@other.example', 'desk.example'],
  ['https://desk.example/%40', 'desk.example'],
  ['https://[::1]:8/', '[::1]'],
])('the host of %j is %s', (text, host) => {
  expect(hostOf(text)).toBe(host)
})

test.each([
  'xhttps://desk.example/',
  'https:/desk.example/',
  'https//desk.example',
  'https://',
  'https:///',
  'https://?x',
  'https://#x',
  'https://./',
  'https://:8/',
  'https://u@desk.example/',
  'https://:p@desk.example/',
  'https://desk.example%2e/',
  'https://desk.example:99999/',
  'wsx://desk.example',
  'ftps://desk.example',
  '.desk.example',
  'desk.example..',
  '\u0301.example',
  'a@desk.example:25',
  'a@[127.0.0.1]',
  'a@.',
])('the host of %j cannot be told', (text) => {
  expect(hostOf(text)).toBeUndefined()
})

const url = (length: number): string => 'https://desk.example/'.padEnd(length, 'x')

test('a host is looked for in 8192 characters', () => {
  expect([hostOf(url(8192)), hostOf(url(8193))]).toEqual(['desk.example', undefined])
})

test('of no domain none will do', () => {
  const domain = compileDomains([])
  expect([domain('a.example'), domain('a b')]).toEqual([no, unknown])
})

test('a star is one only at the beginning and before a dot', () => {
  const domain = compileDomains(['*.a.example', 'b.example'])
  expect(['x.a.example', 'b.example'].map(domain)).toEqual([yes, yes])
  expect(['a.example', 'xa.example', 'x.b.example', 'xb.example'].map(domain)).toEqual(
    Array(4).fill(no),
  )
})

test.each([
  ['', '', true],
  ['', 'a', false],
  ['a', '', false],
  ['a', 'b', false],
  ['é', 'e\u0301', true],
  ['\ufb2c', '\u05e9\u05bc\u05c1', true],
  ['\u1fb7', '\u03b1\u0342\u0345', true],
  ['a', 'a'.repeat(12), false],
  ['a', 'a'.repeat(13), false],
  ['a'.repeat(13), 'a', false],
  ['k', '\u212a', false],
  ['K', '\u212a', true],
])('%j and %j: the same text is %j', (a, b, expected) => {
  expect([sameText(a, b), sameText(b, a), sameJson(a, b)]).toEqual([expected, expected, expected])
})

test.each<[Parameters<typeof sameJson>[0], Parameters<typeof sameJson>[0], boolean]>([
  [1, 1, true],
  [1, '1', false],
  [0, false, false],
  [null, null, true],
  [null, {}, false],
  [[], {}, false],
  [[], [], true],
  [[1, 2], [1], false],
  [[1, [2]], [1, [2]], true],
  [[1, [2]], [1, [3]], false],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: 1, b: 2 }, { a: 1, c: 2 }, false],
  [{ a: 1, b: 2 }, { a: 1, b: 3 }, false],
  [{ toString: 1 }, { a: 1 }, false],
  ['a', ['a'], false],
  [{ 0: 'a' }, ['a'], false],
])('%j and %j: the same value is %j', (a, b, expected) => {
  expect([sameJson(a, b), sameJson(b, a)]).toEqual([expected, expected])
})

test.each([
  ['ABC', 'abc'],
  ['ſtraße', 'strasse'],
  ['\u212a', 'k'],
  ['ＡＢ', 'ab'],
  ['ΟΔΟΣ', 'οδοσ'],
  ['ς', 'σ'],
  ['ﬁ', 'fi'],
  ['é', '\u00e9'],
  ['E\u0301', '\u00e9'],
])('%j folds to %j', (text, folded) => {
  expect(fold(text)).toBe(folded)
})

test('text of ASCII ends at 127', () => {
  expect(['', 'a~\u007f', 'a\u0080', 'é', '\uffff', '😀'].map(isAscii)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})
