import * as fc from 'fast-check'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Document, isMap, isScalar, isSeq, visit, type Node, type Scalar } from 'yaml'
import { formatPolicy } from '../../src/analysis/format.ts'
import { visibleJson } from '../../src/base/text.ts'
import { openPolicy } from '../../src/policy/read.ts'

const text = fc.oneof(
  fc.constantFrom('', ' ', 'a', 'no', '2026-11-21', '1e3', '- x', 'a: b', '# c', "it's", '"', '\\'),
  fc.constantFrom(
    '\u200b',
    '\u{e0072}',
    '\u2028',
    'a\nb',
    ' a\n\nb \n',
    'x\r\ny',
    '*a',
    '&a',
    '{',
    '~',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }).filter((value) => value.isWellFormed()),
  fc.string({ minLength: 60, maxLength: 130 }),
)
const key = fc.constantFrom('id', 'allow', 'who', 'args', 'z', 'a key', "q'", '/*/x', '*', '#')
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    text,
    fc.integer(),
    fc.constantFrom(0.1, -2.5, 1e21, true, false, null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))
const section = fc.constantFrom('rules', 'tools', 'name', 'sallyport', 'tests', 'limits', 'x')
const rule = fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true })
const file = fc.dictionary(
  section,
  fc.oneof(
    value,
    fc.array(rule, { maxLength: 3 }),
    fc.dictionary(key, rule, { maxKeys: 2, noNullPrototype: true }),
  ),
  { minKeys: 1, maxKeys: 5, noNullPrototype: true },
)

const types = ['PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'] as const

/** The value as YAML in one of many styles, with comments and blank lines. */
function write(plain: object, choices: readonly number[]): string {
  let at = 0
  const choose = (count: number): number => choices[at++ % choices.length]! % count
  const document = new Document(plain, {
    version: '1.2',
    schema: 'core',
    aliasDuplicateObjects: false,
  })
  visit(document, {
    Node(_, found) {
      const node = found as Node
      if (isScalar(node) && typeof node.value === 'string') {
        ;(node as Scalar).type = types[choose(types.length)]!
      }
      if (isMap(node) || isSeq(node)) node.flow = choose(3) === 0
      if (choose(8) === 0) node.commentBefore = ` above ${at}`
      if (choose(9) === 0 && isScalar(node)) node.comment = ` beside ${at}`
      if (choose(7) === 0) node.spaceBefore = true
    },
  })
  return document.toString({ lineWidth: choose(2) === 0 ? 0 : 60 })
}

function commentsOf(yaml: string): readonly string[] {
  return [...yaml.matchAll(/# ((?:above|beside) \d+)/g)].map(([, comment]) => comment!).toSorted()
}

test('formatting keeps what a file says and every comment, and is done after one time', () => {
  let formatted = 0
  fc.assert(
    fc.property(file, fc.array(fc.nat(), { minLength: 20, maxLength: 40 }), (plain, choices) => {
      const yaml = write(plain, choices)
      let before
      try {
        before = openPolicy(yaml, 'a.yaml').json
      } catch {
        // the printer wrote what no policy may hold, such as an invisible character as it is
        return
      }
      const once = formatPolicy(yaml, 'a.yaml')
      expect(openPolicy(once, 'a.yaml').json).toEqual(before)
      expect(formatPolicy(once, 'a.yaml')).toBe(once)
      expect(commentsOf(once)).toEqual(commentsOf(yaml))
      formatted++
    }),
    { numRuns: 800 },
  )
  expect(formatted).toBeGreaterThan(250)
})

test('JSON stays JSON', () => {
  fc.assert(
    fc.property(file, (plain) => {
      const once = formatPolicy(visibleJson(JSON.stringify(plain)), 'a.json')
      expect(JSON.parse(once)).toEqual(plain)
      expect(formatPolicy(once, 'a.json')).toBe(once)
    }),
    { numRuns: 300 },
  )
})

function described(scalar: string): string {
  return `sallyport: 1\nname: n\ndescription: ${scalar}\nrules: []\n`
}

const shipped = new URL('../../policies/', import.meta.url)

test.each(readdirSync(shipped).filter((name) => name.endsWith('.yaml')))(
  'policies/%s is in canonical form',
  (name) => {
    const source = readFileSync(new URL(name, shipped), 'utf8')
    expect(formatPolicy(source, name)).toBe(source)
  },
)

test.each([
  ['an escape of a letter that would show stays', String.raw`"key \x41KIA"`, undefined],
  ['a double of a letter stays', String.raw`"p\u0430y 'it'"`, undefined],
  [
    'what does not show is escaped one way',
    String.raw`"hi\U000E0072\x07"`,
    String.raw`"hi\U000e0072\u0007"`,
  ],
  ['a backslash is no escape', String.raw`"a\\x41"`, String.raw`'a\x41'`],
  ['quotes that nothing needs are single', '"plain text"', "'plain text'"],
])('%s: %s', (_, written, expected) => {
  expect(formatPolicy(described(written), 'a.yaml')).toBe(described(expected ?? written))
})
