import { expect, test } from 'vitest'
import { absent, blocked, getPointer, presentAt, valueAt } from '../../../src/base/json-path.ts'

const value = { 'a/b': { '~': [1, { c: 2 }] }, empty: { '': 3 }, none: null }

test('pointers find own members and items only', () => {
  expect(getPointer(value, '')).toBe(value)
  expect(getPointer(value, '/a~1b/~0/1/c')).toBe(2)
  expect(getPointer(value, '/empty/')).toBe(3)
  for (const pointer of ['/toString', '/a~1b/~0/length', '/a~1b/~0/01', '/a~1b/~0/-', 'a', '/~2']) {
    expect(getPointer(value, pointer)).toBeUndefined()
  }
})

test('a path that leads nowhere tells why', () => {
  expect(valueAt(value, ['none'])).toBeNull()
  expect(valueAt(value, ['toString'])).toBe(absent)
  expect(valueAt(value, ['a/b', '~', '2'])).toBe(absent)
  expect(valueAt(value, ['a/b', '~', 'length'])).toBe(blocked)
  expect(valueAt(value, ['a/b', '~', '0', 'x'])).toBe(blocked)
  expect(valueAt(value, ['none', 'x'])).toBe(blocked)
  for (const path of [['toString'], ['none', 'x'], ['a/b', '~', 'length']]) {
    expect(presentAt(value, path)).toBeUndefined()
  }
})
