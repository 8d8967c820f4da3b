import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { isSallyportError } from '../../src/base/errors.ts'
import { isMultipleOf } from '../../src/base/decimal.ts'
import { Diagnostics } from '../../src/policy/diagnostic.ts'
import { compileGlob } from '../../src/policy/glob.ts'
import { parseJsonTree } from '../../src/policy/parse-json.ts'
import { parseYaml } from '../../src/policy/parse-yaml.ts'
import { readPolicy } from '../../src/policy/read.ts'
import { Source } from '../../src/policy/source.ts'
import { toJson, type Node } from '../../src/policy/tree.ts'

const key = fc.string({
  unit: fc.constantFrom(...'abc _-:#é😀"\'\\[{&*!|>%@,'),
  minLength: 1,
  maxLength: 6,
})
const leaf = fc.oneof(
  key,
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(0.5, 1e-7, true, false, null, '', 'yes', '1:30', '010', '~', '<<'),
)
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(
      key.filter((name) => name !== '<<'),
      tie('tree'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
}))

type Parser = (text: string, diagnostics: Diagnostics) => Node | undefined

function parseWith(parse: Parser, text: string): Node | undefined {
  const diagnostics = new Diagnostics(new Source('p', text))
  const node = parse(text, diagnostics)
  expect(diagnostics.all()).toEqual([])
  return node
}

test('the readers of JSON and of YAML see the same values at the same places', () => {
  fc.assert(
    fc.property(
      fc.dictionary(key, tree, { minKeys: 1, noNullPrototype: true }),
      fc.nat({ max: 3 }),
      (document, space) => {
        fc.pre(!('<<' in document))
        const text = JSON.stringify(document, undefined, space)
        const fromJson = parseWith(parseJsonTree, text)!
        expect(toJson(fromJson)).toEqual(document)
        expect(parseWith(parseYaml, text)).toEqual(fromJson)
        expect(toJson(parseWith(parseYaml, stringify(document))!)).toEqual(document)
      },
    ),
    { numRuns: 300 },
  )
})

test('whatever the text, reading it ends in a policy or in findings with places inside of it', () => {
  const fragment = fc.constantFrom(
    'sallyport: 1\n',
    'name: t\n',
    'rules:\n',
    '  - { id: a, allow: [t] }\n',
    '  - id: b\n',
    '    deny: [t]\n',
    'roles: { a: {} }\n',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    ': ',
    '- ',
    '&a ',
    '*a',
    '!x ',
    '<<: ',
    '|\n',
    '>\n',
    '#',
    '\t',
    '? ',
    '%',
    '---\n',
    '\u202e',
    '{"a":',
    '1e999',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(fragment, fc.string()), { maxLength: 30 }), (parts) => {
      const text = parts.join('')
      try {
        expect(readPolicy(text, { file: 'p' }).name).toBe('t')
      } catch (error) {
        if (!isSallyportError(error)) throw error
        expect(error.code).toBe('bad-policy')
        const lines = text.split('\n').length
        for (const { range } of error.details as unknown as {
          range: { start: { line: number; column: number } }
        }[]) {
          expect(range.start.line).toBeGreaterThan(0)
          expect(range.start.line).toBeLessThanOrEqual(lines)
          expect(range.start.column).toBeGreaterThan(0)
        }
      }
    }),
    { numRuns: 1500 },
  )
})

test('a glob matches what its translation to a regular expression matches', () => {
  const glob = fc
    .string({ unit: fc.constantFrom('a', 'b', '.', '*'), minLength: 1, maxLength: 8 })
    .filter((text) => !text.includes('***'))
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 })
  fc.assert(
    fc.property(glob, name, (pattern, text) => {
      const translated = pattern.replaceAll(
        /\*\*|\*|\./g,
        (part) => ({ '**': '.*', '*': '[^.]*', '.': '\\.' })[part]!,
      )
      expect(compileGlob(pattern)(text)).toBe(new RegExp(`^${translated}$`).test(text))
    }),
    { numRuns: 2000 },
  )
})

test('a whole number of cents is a multiple of a cent, and half a cent more is not', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), (cents) => {
      const amount = Number(`${cents}e-2`)
      expect(isMultipleOf(amount, 0.01)).toBe(true)
      expect(isMultipleOf(Number(`${cents * 10 + 5}e-3`), 0.01)).toBe(false)
    }),
  )
})
