import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestJson } from '../../../src/base/digest.ts'
import type { JsonValue } from '../../../src/base/json.ts'
import { digestTree } from '../../../src/policy/tree-digest.ts'
import { Entries, type Node } from '../../../src/policy/tree.ts'

const at = { start: 0, end: 0 }

function treeOf(value: JsonValue): Node {
  if (typeof value !== 'object' || value === null) return { kind: 'scalar', value, ...at }
  if (Array.isArray(value)) return { kind: 'list', items: value.map(treeOf), ...at }
  const entries = new Entries()
  for (const [name, member] of Object.entries(value)) entries.add(name, treeOf(member), at)
  return { kind: 'map', entries, ...at }
}

const name = fc.oneof(
  fc.constantFrom('', '10', '9', 'a', '"', '\\', '\n', '\u007f', 'é', '\u{1f600}', '\uffff'),
  fc.string({ unit: 'grapheme' }),
)
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      name,
      fc.double({ noDefaultInfinity: true, noNaN: true }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('json')),
    fc.dictionary(name, tie('json'), { noNullPrototype: true }),
  ),
}))

test('the digest of a tree is that of its value', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(digestTree(treeOf(value as JsonValue))).toBe(digestJson(value as JsonValue))
    }),
    { numRuns: 1000 },
  )
})

test('a tree of more text than is hashed at once has the digest of its value', () => {
  const value = Array.from({ length: 30_000 }, (_, index) => ({ b: index, a: ['é', { c: null }] }))
  expect(digestTree(treeOf(value))).toBe(digestJson(value))
})
