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
  for (const { name, value, start, end } of node.entries) {
    expect(JSON.parse(written.slice(start, end))).toBe(name)
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

const characters = '{}[]",:\\ \t\n\r\u000b-+.eE019u/\'#é\ufffd\ud800\u2028\u00a0'
const numbers = '1e5|1e999|-0|01|9007199254740993|1.|.5|1e-400|-1.5E+3'.split('|')
const strings = ['"a":', '"__proto__":1,', '"\\ud800"', '"\\u0061":', '"\\x"']
const mark = fc.constantFrom(...characters, ...numbers, ...strings, 'null', 'true')
const changed = fc
  .tuple(
    document,
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), mark, fc.nat({ max: 2 })), {
      maxLength: 3,
    }),
  )
  .map(([written, changes]) =>
    changes.reduce((altered, [place, what, removed]) => {
      const at = Math.floor(place * (altered.length + 1))
      return altered.slice(0, at) + what + altered.slice(at + removed)
    }, written),
  )

test('a text that was changed anywhere has a tree just when it is JSON that is accepted', () => {
  let refused = 0
  fc.assert(
    fc.property(changed, (altered) => {
      const parsed = parseJson(altered)
      const tree = parseJsonTree(altered, new Diagnostics(new Source('a.json', altered)))
      expect(tree !== undefined).toBe(parsed.ok)
      if (parsed.ok) expect(toJson(tree!)).toEqual(parsed.value)
      else refused++
    }),
    { numRuns: 4000 },
  )
  // more than half of the texts are
  expect(refused).toBeGreaterThan(400)
})

function nested(depth: number): string {
  return `{"a":${'['.repeat(depth)}1${']'.repeat(depth)}}`
}

test('JSON is read to the deepest level that is accepted, and what is deeper has a place', () => {
  const accepted = nested(31)
  const tree = parseJsonTree(accepted, new Diagnostics(new Source('a.json', accepted)))
  expect(toJson(tree!)).toEqual(JSON.parse(accepted))
  const refused = nested(32)
  const diagnostics = new Diagnostics(new Source('a.json', refused))
  expect(parseJsonTree(refused, diagnostics)).toBeUndefined()
  const found = diagnostics.all().map(({ code, range }) => `${code} ${range.start.column}`)
  expect(found).toEqual(['too-deep 38'])
})
