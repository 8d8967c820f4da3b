import { expect, test } from 'vitest'
import { parseSimpleYaml } from '../../../src/policy/parse-simple-yaml.ts'
import { maxDepth } from '../../../src/policy/tree.ts'
import { inOrder, parseWithLibrary } from './trees.ts'

const simple = [
  'a: 1\n',
  'a: 1',
  '\n\n# head\n  # more\n\na: 1\n',
  'a: 1\n# end',
  'a: 1\n   \n',
  'a: 1   # why\n',
  'a: b#c\n',
  'a: b #c\n',
  'a: #c\n  b: 1\n',
  'a:b: c\n',
  'a: b:c\n',
  'a: http://x.example:80/?q=#f\n',
  '"a": b\n',
  "'it''s': 'it''s'\n",
  '"": ""\n',
  'a: "b: c # d"\n',
  'a: "\\u00e9\\ud83d\\ude00\\n\\t\\/\\\\\\""\n',
  'a: it\'s "so"\n',
  'a: é\n',
  'a: \u{1f600}\n',
  '10: x\n',
  'null: x\n',
  'a: [ ]\nb: { }\n',
  'a: [1, "b, c", d e, -f, --g, [h]]\n',
  'a: { b: c:d, "e": [f], g: it\'s } # end\n',
  'a: [x#y, {b: [{c: d}]}]\n',
  'a:\n- b\n- c\nd: e\n',
  'a:\n  - b\n  - c\nd: e\n',
  'a:\n    - b: 1\n      c: 2\n    -    b: 3\n         c: 4\n',
  'a:\n  - b:\n    - c\n    d: e\n',
  'a:\n  - b:\n      c: d\n    e: f\n  - g\n',
  'a:\n  - "b": c\n',
  'a:\n  - "b" # c\n',
  'a: b, c [d] {e}\n',
  'a: [b:c, d:e]\n',
  'a: \u00a1\u2027\ufefe\uff00\ufffc\n',
  'x:\n  a:\n    b:\n      c: 1\n  d: 2\n',
]

test.each(simple)('%j is simple, and the tree is that of the library', (text) => {
  const tree = parseSimpleYaml(text)
  expect(tree).toBeDefined()
  expect(inOrder(tree)).toEqual(inOrder(parseWithLibrary(text)))
})

const words = '~|null|Null|NULL|nULL|true|True|TRUE|tRUE|false|False|FALSE|yes|no|on|off|y|n'
const integers =
  '10o7|-0o7|0o7x|0o17|0x1G|0x1F2|-5x|0|-0|+0|010|+5|-5|0o7|0o8|0x1F|0xG|-0x1|1_000|9007199254740991|-9007199254740991'
const fractions =
  '.55|12.5|12e5|1e12|1.inf|-1.nan|.infinity|1e3|1E+3|1e|1.|.5|-.5|+.5|.|-.|1.5.2|1e-400|1.0|0.1e1|.e1|.infx'
const times = '2001-01-01|12:30:45'
const plain = [words, integers, fractions, times].flatMap((list) => list.split('|'))

test.each(plain)('%j without quotes is what the core schema says', (written) => {
  for (const text of [`a: ${written}\n`, `a: [${written}]\n`, `a:\n  - ${written} # c\n`]) {
    const tree = parseSimpleYaml(text)
    expect(tree).toBeDefined()
    expect(inOrder(tree)).toEqual(inOrder(parseWithLibrary(text)))
  }
})

const comments = [
  'a:\n  b: 1\n  # c\nd: 2\n',
  'a:\n  b: 1\n    # c\nd: 2\n',
  'a:\n  b: 1\n # c\nd: 2\n',
  'a:\n  b: 1\n# c\nd: 2\n',
  'a:\n  b: 1\n# c\n    # d\ne: 2\n',
  'a:\n b:\n    c: 1\n    # x\nd: 2\n',
  'a:\n  b: 1\n\n    # c\n\n   # d\n  # e\n    # f\nd: 2\n',
  'a:\n  b:\n    c: 1\n    # d\n  # e\nf: 2\n',
  'a:\n  b:\n    c: 1\n  # d\n    # e\nf: 2\n',
  'a:\n  b:\n  - c\n  # d\n  e: 1\n',
  'a:\n  b:\n  - c\n    # d\n  e: 1\n',
  'a:\n  - b: 1\n    # c\n  # d\n  - e\n   # f\n',
  'a:\n  - b: 1\n    c: { d: e }\n    # f',
  'a: # b\n  # c\n# d\n    # e\n  f: 1\n',
  'a:\n  b: 1 # c\n      # d\n',
]

test.each(comments)('%j: comments move the end of what they belong to', (text) => {
  const tree = parseSimpleYaml(text)
  expect(tree).toBeDefined()
  expect(inOrder(tree)).toEqual(inOrder(parseWithLibrary(text)))
})

const nested = (depth: number): string => `a: ${'['.repeat(depth)}${']'.repeat(depth)}\n`

/** Texts with a bar between them, and an arrow for the end of a line. */
const texts = (written: string): string[] =>
  written.split('¦').map((text) => text.replaceAll('↵', '\n'))

const other = [
  '¦↵¦# only↵¦---↵a: 1↵¦a: 1↵---↵b: 2↵¦a: 1↵...↵¦%YAML 1.2↵---↵a: 1↵¦\ufeffa: 1↵¦a: 1\r↵¦a: 1\rb: 2↵',
  'a: 1\u0085¦a:\t1↵¦a: 1\t# b↵¦a: b\u2028c↵¦a: b\u00a0c↵¦a: \ud800↵¦a: "\\ud800"↵¦a: "\\x41"↵¦a: "\\q"↵',
  'a: "b↵¦a: "b↵  c"↵¦a: \'b↵¦a: \'b↵  c\'↵¦a: "b"c↵¦a: "b"#c↵¦a: [b]c↵¦a: [b]#c↵¦\'a\' : b↵¦a : b↵',
  '- a↵¦[a]↵¦{ a: b }↵¦a↵¦ a: 1↵¦key:value↵¦a: b: c↵¦a: b:↵¦a: - b↵¦? a↵: b↵¦a: ? b↵¦: a↵',
  'a: &b c↵¦a: *b↵¦*a : b↵¦a: !b c↵¦!a b: c↵¦&a b: c↵¦a: %b↵¦a: @b↵¦a: `b↵¦a: ,b↵¦a: #↵¦a: ]↵¦a: }↵',
  'a: | # b↵¦a: |↵  b↵¦a: >-↵  b↵¦<<: { a: 1 }↵¦"<<": 1↵¦__proto__: 1↵¦"constructor": 1↵¦a: { prototype: 1 }↵',
  'a: 1↵a: 2↵¦a: 1↵"a": 2↵¦a: { b: 1, b: 2 }↵¦a:↵¦a: ↵¦a: ¦a:¦a:↵b: 1↵¦a:↵# c↵¦a: b↵  c↵¦a: b↵↵  c↵¦a: "b"↵  c↵',
  'a: b↵  c: d↵¦a:↵  b↵¦a:↵  "b"↵¦a:↵  [b]↵¦a:↵  b: 1↵ c: 2↵¦a:↵    b: 1↵  c: 2↵¦a: 1↵- b↵',
  'a:↵  - b↵ - c↵¦a:↵  - b↵   - c↵¦a:↵  -↵¦a:↵  -↵    b↵¦a:↵  - # b↵    c↵¦a:↵  - - b↵¦a:↵  -b↵¦a:↵  - b: 1↵   c: 2↵',
  'a: [b↵  ]↵¦a: [b,↵  c]↵¦a: { b: 1,↵  c: 2 }↵¦a: [b¦a: [b}↵¦a: {b]↵¦a: [,]↵¦a: [b,]↵¦a: [b,, c]↵¦a: [b c: d]↵¦a: [b: c]↵',
  'a: {b}↵¦a: {b:}↵¦a: {b: }↵¦a: {b:1}↵¦a: {"b":1}↵¦a: {b: c: d}↵¦a: {b: c #}↵¦a: [b #c]↵¦a: [?b]↵¦a: [*b]↵',
  '.a: b↵¦+a: b↵¦@a: b↵¦~a: b↵¦~: b↵¦-a: b↵¦a:↵  b : 1↵¦a: b:¦a: [b:]↵¦a: [b:, c]↵¦a: {b: c:}↵¦a: [b[c]]↵¦a: [b{c}]↵¦a: [b[c]↵¦a: [b{c]↵¦a:↵- b↵c d: 1↵',
  "'a': 'b↵¦a:↵  b:↵c: 1↵¦a:↵  - b:↵  - c↵¦a: \u00a0↵¦a: \ufffd↵¦a: \ufeff↵¦a: \u2029↵",
  'a: [b] [c]↵¦a: {b: 1, c}↵¦a: .inf↵¦a: -.INF↵¦a: .nan↵¦a: 1e999↵¦a: 9007199254740992↵¦a: 0x20000000000000↵',
].flatMap(texts)

test.each(other)('%j is left to the library', (text) => {
  expect(parseSimpleYaml(text)).toBeUndefined()
})

test('a key is found as far as every reader looks for its colon', () => {
  const key = 'k'.repeat(1024)
  expect(inOrder(parseSimpleYaml(`${key}: 1\n`))).toEqual(inOrder(parseWithLibrary(`${key}: 1\n`)))
  expect(parseSimpleYaml(`${key}k: 1\n`)).toBeUndefined()
})

test('nesting is read to the deepest level that is accepted', () => {
  const deep = nested(maxDepth)
  expect(inOrder(parseSimpleYaml(deep))).toEqual(inOrder(parseWithLibrary(deep)))
  const lines = Array.from({ length: maxDepth + 1 }, (_, at) => `${' '.repeat(at)}a:`)
  const block = `${lines.slice(0, maxDepth).join('\n')} 1\n`
  expect(inOrder(parseSimpleYaml(block))).toEqual(inOrder(parseWithLibrary(block)))
  expect(parseSimpleYaml(`${lines.join('\n')} 1\n`)).toBeUndefined()
})

test.each<[string, (depth: number) => string]>([
  ['lists in brackets', (depth) => `a: ${'['.repeat(depth)}b${']'.repeat(depth)}`],
  [
    'later items of lists in brackets',
    (depth) => `a: ${'[b, '.repeat(depth)}c${']'.repeat(depth)}`,
  ],
  ['mappings in braces', (depth) => `a: ${'{ a: '.repeat(depth)}b${' }'.repeat(depth)}`],
  [
    'lists of mappings',
    (depth) =>
      `a:\n${Array.from({ length: depth }, (_, at) => `${' '.repeat(4 * at)}- a:\n`).join('')}${' '.repeat(4 * depth)}b: c\n`,
  ],
  [
    'a list in brackets in mappings',
    (depth) =>
      `${Array.from({ length: depth }, (_, at) => `${' '.repeat(at)}a:\n`).join('')}${' '.repeat(depth)}b: [[]]\n`,
  ],
  [
    'a text in lists in mappings',
    (depth) =>
      `${Array.from({ length: depth }, (_, at) => `${' '.repeat(at)}a:\n`).join('')}${' '.repeat(depth)}- b\n`,
  ],
])('%s are read exactly as deep as the library reads them', (_, textOf) => {
  const depths = Array.from({ length: maxDepth + 3 }, (_unused, at) => at + 1)
  const trees = depths.map((depth) => parseSimpleYaml(textOf(depth)))
  expect(trees.map(inOrder)).toEqual(
    depths.map((depth) => inOrder(parseWithLibrary(textOf(depth)))),
  )
  expect(trees.some((tree) => tree === undefined)).toBe(true)
})

test('neither long lines nor long files need more of the stack', () => {
  const item = 'x'.repeat(20)
  const line = `a: [${Array.from({ length: 100_000 }, () => item).join(', ')}]\n`
  expect(parseSimpleYaml(line)!.entries.get('a')!.value).toMatchObject({
    items: { length: 100_000 },
  })
  const scalar = `a: ${'b '.repeat(1_000_000)}c\n`
  expect(parseSimpleYaml(scalar)!.entries.get('a')!.value.end).toBe(scalar.length - 1)
  expect(parseSimpleYaml(`a: 1\n${'\n'.repeat(100_000)}${' # b\n'.repeat(100_000)}`)).toBeDefined()
})
