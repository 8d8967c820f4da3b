import { expect, test } from 'vitest'
import { deepFreeze, parseJson, pointerTokens, type JsonProblem } from '../../../src/base/json.ts'

function problem(text: string, bounds = {}): JsonProblem | 'ok' {
  const result = parseJson(text, bounds)
  return result.ok ? 'ok' : result.problem
}

test.each<[string, JsonProblem]>([
  ['', 'syntax'],
  ['{', 'syntax'],
  ['"a', 'syntax'],
  ['{"a\\x":1}', 'syntax'],
  ['[1,]', 'syntax'],
  ['01', 'syntax'],
  ['1 2', 'syntax'],
  ['undefined', 'syntax'],
  ['\ufeff{}', 'syntax'],
  ['{"a":1,"a":2}', 'duplicate key'],
  ['{"a":1,"\\u0061":2}', 'duplicate key'],
  ['[{"b":{"a":1,"a":1}}]', 'duplicate key'],
  ['{"__proto__":1}', 'forbidden key'],
  ['{"a":[{"\\u005f_proto__":1}]}', 'forbidden key'],
  ['{"constructor":1}', 'forbidden key'],
  ['{"prototype":1}', 'forbidden key'],
  ['"\ud800"', 'surrogate'],
  ['"\\ud800"', 'surrogate'],
  ['"\\udc00\\ud800"', 'surrogate'],
  ['{"\\ud800":1}', 'surrogate'],
  ['"\ufffd"', 'replacement character'],
  ['9007199254740992', 'unsafe int'],
  ['-9007199254740993', 'unsafe int'],
  ['10000000000000000000000', 'unsafe int'],
  ['9007199254740993.0', 'unsafe int'],
  ['9007199254740993e0', 'unsafe int'],
  ['900719925474099.3e1', 'unsafe int'],
  ['1.2345678901234567e+25', 'unsafe int'],
  ['1e309', 'number range'],
  ['-1e309', 'number range'],
  ['1e-400', 'underflow'],
  [`0.${'0'.repeat(400)}1`, 'underflow'],
])('%j is refused: %s', (text, expected) => {
  expect(problem(text)).toBe(expected)
})

test.each([
  '9007199254740991',
  '-9007199254740991',
  '1e22',
  '123e45',
  '1.2345678901234566e+25',
  '1.7976931348623157e308',
  '-0',
  '0e-999',
  '0.0e400',
  '5e-324',
  '"\\ud83d\\ude00"',
  '"\\ufffd"',
  '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
  '["__proto__","a","a"]',
  '{"a":"__proto__"}',
  '"a\\\\"',
  '"\\\\\\""',
  ' \n\t\r{ "a" : [ 1 , 2 ] } ',
])('%j is what JSON.parse makes of it', (text) => {
  expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown })
})

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

test('depth and length count exactly', () => {
  expect(problem(nested(64))).toBe('ok')
  expect(problem(nested(65))).toBe('too deep')
  expect(problem(nested(10_000))).toBe('too deep')
  expect(problem('[[]]', { maxDepth: 1 })).toBe('too deep')
  expect(problem('[1]', { maxLength: 3 })).toBe('ok')
  expect(problem('[1 ]', { maxLength: 3 })).toBe('too long')
  expect(problem(`"${'a'.repeat(10_000_000)}"`)).toBe('too long')
})

test('brackets and keys inside strings do not count', () => {
  expect(problem(`["${'['.repeat(100)}"]`)).toBe('ok')
  expect(problem('{"a":"{\\"a\\":1,\\"a\\":2}"}')).toBe('ok')
})

test('an object with thousands of keys finds its one duplicate', () => {
  const members = Array.from({ length: 5000 }, (_, index) => `"k${index}":${index}`)
  expect(problem(`{${members.join()}}`)).toBe('ok')
  expect(problem(`{${members.join()},"k4321":0}`)).toBe('duplicate key')
})

test.each([
  ['{"pin": 62222222222222222223}', 'the number at offset 8 is beyond 2^53-1 and would be altered'],
  ['[7.25e999]', 'the number at offset 1 is too large'],
  ['[7.25e-999]', 'the number at offset 1 is too small and would become 0'],
  ['{"pin":{"S3":1,"S3":2}}', 'the key at offset 15 occurs twice in one object'],
])('the message about %s names the place and nothing of the text', (text, message) => {
  expect(parseJson(text)).toMatchObject({ ok: false, message })
})

test('a value is frozen below containers that were frozen before', () => {
  const inner = { list: [{}] }
  const value = deepFreeze(Object.freeze({ inner }))
  expect([value.inner, inner.list, inner.list[0]].every(Object.isFrozen)).toBe(true)
})

test('a malformed pointer has no tokens', () => {
  expect(pointerTokens('/a~0b/~1')).toEqual(['a~b', '/'])
  expect(pointerTokens('/~01')).toEqual(['~1'])
  expect(pointerTokens('a')).toBeUndefined()
  expect(pointerTokens('/~')).toBeUndefined()
})
