import { expect, test } from 'vitest'
import { Diagnostics } from '../../../src/policy/diagnostic.ts'
import { parseYaml } from '../../../src/policy/parse-yaml.ts'
import { Source } from '../../../src/policy/source.ts'
import { maxDepth, toJson, type Node } from '../../../src/policy/tree.ts'
import { linesOf } from './said.ts'
import { inOrder } from './trees.ts'

interface Read {
  readonly tree: Node | undefined
  readonly said: readonly string[]
}

function read(text: string): Read {
  const diagnostics = new Diagnostics(new Source('p', text))
  return { tree: parseYaml(text, diagnostics), said: linesOf(diagnostics.all()) }
}

const at = (start: number, end: number): object => ({ start, end })

test('every value has its place, and one without text that of its key', () => {
  const text = 'a:\n  - 1\n  - { b: }\nc: "d"\ne:\n'
  const { tree, said } = read(text)
  expect(said).toEqual([])
  expect(inOrder(tree)).toEqual({
    kind: 'map',
    ...at(0, 29),
    entries: [
      [
        'a',
        at(0, 1),
        {
          kind: 'list',
          ...at(5, 20),
          items: [
            { kind: 'scalar', value: 1, ...at(7, 8) },
            {
              kind: 'map',
              ...at(13, 19),
              entries: [['b', at(15, 16), { kind: 'scalar', value: null, ...at(15, 16) }]],
            },
          ],
        },
      ],
      ['c', at(20, 21), { kind: 'scalar', value: 'd', ...at(23, 26) }],
      ['e', at(27, 28), { kind: 'scalar', value: null, ...at(27, 28) }],
    ],
  })
})

test.each([
  ['a: 9007199254740991', { a: 9_007_199_254_740_991 }],
  ['a: -9007199254740991', { a: -9_007_199_254_740_991 }],
  ['a: 1.5', { a: 1.5 }],
  ['a: 0x10', { a: 16 }],
  ['a: true', { a: true }],
  ['a: ~', { a: null }],
  ['a: yes', { a: 'yes' }],
  ['a: 12:30', { a: '12:30' }],
  ['a: 2027-01-01', { a: '2027-01-01' }],
  ['a: |\n  b\n  c\n', { a: 'b\nc\n' }],
  ['a: >-\n  b\n  c\n', { a: 'b c' }],
  ['10: x', { 10: 'x' }],
  ['? a\n: b\n', { a: 'b' }],
  ['- [a, [b]]\n- { c: d }\n', [['a', ['b']], { c: 'd' }]],
  ['{"a": ["b", 1]}', { a: ['b', 1] }],
  ['---\na: 1\n', { a: 1 }],
  ['a: 1\n...\n', { a: 1 }],
  ['&x a: &y 1', { a: 1 }],
  ['tests: [&a 1, *a, *a]', { tests: [1, 1, 1] }],
  ['tests: { a: &a [1], b: { c: *a } }', { tests: { a: [1], b: { c: [1] } } }],
])('%j has the values of the core schema', (text, value) => {
  const { tree, said } = read(text)
  expect(said).toEqual([])
  expect(toJson(tree!)).toEqual(value)
})

test('an alias is shown where it stands, with all that is in what it names', () => {
  const { tree } = read('tests: [&a [1], *a]')
  if (tree?.kind !== 'map') throw new Error('no mapping')
  const list = tree.entries.get('tests')!.value
  expect(list).toMatchObject({
    items: [
      { kind: 'list', start: 11, end: 14 },
      { kind: 'list', start: 16, end: 18, items: [{ value: 1, start: 12, end: 13 }] },
    ],
  })
})

test.each(['', '\n', '# a\n'])('%j holds nothing, which is no finding', (text) => {
  expect(read(text)).toEqual({ tree: undefined, said: [] })
})

test.each(['---\n', '---\n...\n', '---  # a\n'])('the document of %j is null', (text) => {
  const { tree, said } = read(text)
  expect(said).toEqual([])
  expect(tree).toMatchObject({ kind: 'scalar', value: null })
})

const deep = (from: number): string =>
  `1:${from}-${from + 1} too-deep: the file is nested deeper than 32 levels`

test.each([
  ['brackets', '[', ']', maxDepth + 1],
  ['braces', '{a: ', '}', 4 * maxDepth + 1],
])('%s are read down to the deepest level', (_, open, close, column) => {
  const nested = (depth: number): string => open.repeat(depth) + close.repeat(depth)
  expect(read(nested(maxDepth)).said).toEqual([])
  expect(read(nested(maxDepth)).tree).toBeDefined()
  expect(read(nested(maxDepth + 1)).said).toContain(deep(column))
})

test('brackets that close make room for others', () => {
  const text = `[${'[[]], {}, '.repeat(40)}]`
  expect(read(text).said).toEqual([])
})

test('dashes and question marks are read down to the deepest level of one line', () => {
  expect(read(`${'- '.repeat(maxDepth)}a`).tree).toBeDefined()
  expect(read(`${'- '.repeat(maxDepth + 1)}a`)).toEqual({
    tree: undefined,
    said: expect.arrayContaining([deep(2 * maxDepth + 1)]),
  })
  const lines = `${'- '.repeat(20)}a\n`.repeat(3)
  expect(read(lines).said).toEqual([])
  expect(read(lines.replaceAll('\n', '\r\n')).said).toEqual([])
  expect(read(`${'? '.repeat(maxDepth + 1)}a`).said).toContain(deep(2 * maxDepth + 1))
})

test('what looks like brackets and dashes inside of a text is not counted', () => {
  expect(read(`a: "${'['.repeat(100)}${'- '.repeat(100)}"\n`).said).toEqual([])
  expect(read(`a: |\n  ${'['.repeat(100)}\n  ${'- '.repeat(100)}\n`).said).toEqual([])
  expect(read(Array(100).fill("- '['\n").join('')).said).toEqual([])
  expect(read(Array(100).fill('- "-"\n').join('')).said).toEqual([])
})

const lines = (count: number): string =>
  Array.from({ length: count }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')

test('indentation is read down to the deepest level', () => {
  expect(read(lines(maxDepth)).said).toEqual([])
  expect(read(lines(maxDepth + 1)).said).toEqual([
    expect.stringMatching(/^\d+:\d+-\d+ too-deep: the file is nested deeper than 32 levels$/),
    'help: no part of a policy needs as many: take levels out',
  ])
})

const withAliases = (count: number): string => `tests:\n  - &a 1\n${'  - *a\n'.repeat(count)}`

test('aliases beyond the fiftieth are one finding', () => {
  expect(read(withAliases(50)).said).toEqual([])
  for (const count of [51, 90]) {
    expect(read(withAliases(count)).said).toEqual([
      '53:5-7 alias: the file holds more than 50 aliases',
      'help: write the values out',
    ])
  }
})

test('all that is wrong with keys and values is said at once', () => {
  expect(read('a: 1\n"a": 2\n<<: 3\nb: !!int 4\nc: .nan\n').said).toEqual([
    '2:1-4 duplicate-key: the key occurs twice in one mapping',
    'help: keep one of them',
    '3:1-3 merge-key: a merge key is not accepted',
    'help: write the keys out',
    '4:10-11 tag: the tag `tag:yaml.org,2002:int` is not accepted',
    'help: remove the tag',
    '5:4-8 bad-value: the number cannot be held exactly',
    'help: write a finite number within 2^53-1, or a string',
  ])
})

test('what is wrong is left out of the tree, and nothing is said about what stands below it', () => {
  const { tree, said } = read('tests: [&a .nan, 1, *a]\na: 1\na: [.nan]\n')
  expect(toJson(tree!)).toEqual({ tests: [1], a: 1 })
  expect(said.filter((line) => !line.startsWith('help: '))).toEqual([
    '1:12-16 bad-value: the number cannot be held exactly',
    '1:12-16 bad-value: the number cannot be held exactly',
    '3:1-2 duplicate-key: the key occurs twice in one mapping',
  ])
})

test.each([
  ['a comment behind a value without a space', 'a: "b"#c\n'],
  ['a key that is longer than 1,024 characters', `${'k'.repeat(1025)}: 1\n`],
  ['a key in brackets on two lines', '[a\n b: c]\n'],
  ['a header of a block with a comment at once', 'a: |#c\n  b\n'],
])('%s, which readers could take in two ways, is refused', (_, text) => {
  const { tree, said } = read(text)
  expect(tree).toBeUndefined()
  expect(said).toEqual([
    expect.stringMatching(/^\d+:\d+-\S+ syntax: [a-z]/),
    expect.stringMatching(/^help: (?:mend the YAML here|write a key on one line)/),
  ])
})

test('what is no YAML is quoted in part, however long it is', () => {
  const { said } = read(`a: b\n}\n${'x '.repeat(50_000)}\n`)
  expect(said).not.toEqual([])
  for (const line of said) expect(line.length).toBeLessThan(400)
})
