import { expect, test } from 'vitest'
import { canonicalJson, digestJson, sha256 } from '../../../src/base/digest.ts'

test('members are sorted by UTF-16 code units at every depth', () => {
  expect(canonicalJson({ b: { z: 1, a: 2 }, a: [], '10': 1, '9': 2 })).toBe(
    '{"10":1,"9":2,"a":[],"b":{"a":2,"z":1}}',
  )
  expect(canonicalJson({ '\ufb33': 1, '😀': 2 })).toBe('{"😀":2,"\ufb33":1}')
})

test('undefined members are left out and negative zero is zero', () => {
  expect(canonicalJson({ a: undefined, b: -0 })).toBe('{"b":0}')
})

test.each([
  ['NaN', Number.NaN],
  ['infinity', { a: Infinity }],
  ['undefined', undefined],
  ['undefined in a list', [undefined]],
  ['a hole in a list', Array.from({ length: 3 }).fill(undefined)],
  ['a bigint', 1n],
  ['a function', { a: () => 1 }],
  ['a symbol', Symbol('a')],
  ['a lone surrogate', 'a\ud800'],
  ['a lone surrogate in a key', { '\udc00': 1 }],
  ['a date', new Date()],
  ['a map', new Map()],
  [
    'an instance',
    new (class Point {
      x = 1
    })(),
  ],
])('%s has no canonical form', (_, value) => {
  expect(() => canonicalJson(value)).toThrow(TypeError)
})

test('an object without a prototype is plain', () => {
  expect(canonicalJson(Object.assign(Object.create(null) as object, { a: 1 }))).toBe('{"a":1}')
})

test('digests are those of the UTF-8 bytes', () => {
  // FIPS 180-4 example values of SHA-256
  expect(sha256('')).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(sha256('abc')).toBe(
    'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  )
  expect(sha256(new TextEncoder().encode('é'))).toBe(sha256('é'))
  expect(digestJson({ b: 1, a: 2 })).toBe(sha256('{"a":2,"b":1}'))
})

test.each([2, 24, 25, 60])('%d members are written in the order of their keys', (count) => {
  const keys = Array.from({ length: count }, (_, at) => `k${(at * 7) % count}`)
  const members = Object.fromEntries(keys.map((key) => [key, 1]))
  const ordered = Object.keys(members).toSorted()
  expect(Object.keys(JSON.parse(canonicalJson(members)))).toEqual(ordered)
})
