import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestJson } from '../../../src/base/digest.ts'
import type { JsonValue } from '../../../src/base/json.ts'
import { digestTree } from '../../../src/policy/tree-digest.ts'
import { Entries, type Node } from '../../../src/policy/tree.ts'

const place = { start: 0, end: 0 }

function treeOf(value: JsonValue): Node {
  if (Array.isArray(value)) {
    return { kind: 'list', items: (value as readonly JsonValue[]).map(treeOf), ...place }
  }
  if (typeof value !== 'object' || value === null)
    return { kind: 'scalar', value, ...place } as Node
  const entries = new Entries()
  for (const [name, member] of Object.entries(value)) entries.add(name, treeOf(member), place)
  return { kind: 'map', entries, ...place }
}

const chunk = 64 * 1024

test.each<[string, JsonValue]>([
  ['nothing', null],
  ['numbers', [0, -1, 1.5, 1e21, 1e-7, true, false]],
  ['nothing in a list and a map', [[], {}, [[]], { a: {} }]],
  ['one in a list', ['a']],
  ['members out of order', { b: 1, a: 2, '': 3, B: 4, '1': 5, '10': 6, '9': 7 }],
  ['names that sort by code unit', { '\u{10000}': 1, '\uffff': 2, '\ue000': 3 }],
  ['escapes', ['"', '\\', '\n', '\u0000', '\u001f', ' ', '\u007f', '~', 'é', '\u2028', '😀']],
  ['an escape at the end and at the beginning', ['abc"', '"abc', 'abc\\', 'abcé', 'éabc']],
])('the digest of a tree is that of its value: %s', (_, value) => {
  expect(digestTree(treeOf(value))).toBe(digestJson(value))
})

test.each([-4, -3, -2, -1, 0, 1, 2, 3])(
  'the digest of a tree is that of its value around 64 KiB: %d',
  (more) => {
    const text = 'x'.repeat(chunk + more)
    for (const value of [
      text,
      [text, text],
      ['a', text.slice(1), 'b'],
      { [text]: 1, b: text },
      ['é', text, 'é'],
      Array.from({ length: chunk / 2 + more }, () => 1),
      [[text.slice(0, chunk - 10), 'x'.repeat(4 + more), 'é']],
    ]) {
      expect(digestTree(treeOf(value))).toBe(digestJson(value))
    }
  },
)

test('the digest of a tree is that of its value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
      expect(digestTree(treeOf(value as JsonValue))).toBe(digestJson(value as JsonValue))
    }),
  )
})
