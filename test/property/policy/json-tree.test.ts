import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseExact } from '../../../src/base/json-source.ts'
import { parseJson } from '../../../src/base/json.ts'
import { Diagnostics } from '../../../src/policy/diagnostic.ts'
import { parseJsonTree } from '../../../src/policy/parse-json.ts'
import { Source } from '../../../src/policy/source.ts'
import { toJson, type Node } from '../../../src/policy/tree.ts'

const text = fc.oneof(
  fc.constantFrom('a', '"', '\\', '\\"', '\n', 'é', '\u{1f600}', '}', ','),
  fc.string({ unit: 'grapheme' }),
)
const number = fc.double({ noDefaultInfinity: true, noNaN: true })
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(text, number, fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('json')),
    fc.dictionary(text, tie('json'), { noNullPrototype: true }),
  ),
}))
const document = fc
  .record({ value: json, space: fc.constantFrom('', ' ', '\n', '\t') })
  .map(({ value, space }) => `${space}${JSON.stringify(value, undefined, space)}${space}`)
  .filter((written) => parseJson(written).ok)

/** Every value of the tree and every key is what the text has at its place. */
function checkPlaces(written: string, node: Node): void {
  expect(parseExact(written.slice(node.start, node.end))).toEqual(toJson(node))
  if (node.kind === 'list') for (const item of node.items) checkPlaces(written, item)
  if (node.kind !== 'map') return
  for (const [name, { key, value }] of node.entries) {
    expect(JSON.parse(written.slice(key.start, key.end))).toBe(name)
    checkPlaces(written, value)
  }
}

test('the tree of a JSON text has the value of the text, and every part its place', () => {
  fc.assert(
    fc.property(document, (written) => {
      const diagnostics = new Diagnostics(new Source('a.json', written))
      const tree = parseJsonTree(written, diagnostics)!
      expect(toJson(tree)).toEqual(parseExact(written))
      checkPlaces(written, tree)
    }),
    { numRuns: 1000 },
  )
})
