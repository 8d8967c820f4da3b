import * as fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { compilePattern, patternBudget, PatternError } from '../../src/tools/pattern.ts'

const atoms = fc.oneof(
  fc.constantFrom('a', 'b', '.', '\\d', '\\w', '\\s', '\\S', '\\D', '\\W', '[ab]', '[^a]', '[[]'),
  fc.constantFrom('[a-c\\d]', '[^\\s]', '[\\S\\n]', '[.]', '[\\]]', '[\\b]', '(a|b)', '(?:ab)'),
  fc.constantFrom('(?<n>a)', '\\u0061', '\\x62', '\\n', '\\.', '\\-', '\\p{L}', '\\P{Lu}'),
  fc.constantFrom('^', '$', '\\b', '\\B', '\\u{1f600}', '(?=a)', '\\1', '[]', '*'),
)
const quantifiers = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '*?', '{0,2}?')
const patterns = fc
  .array(fc.tuple(atoms, quantifiers), { maxLength: 6 })
  .map((parts) => parts.map((part) => part.join('')).join(''))
const texts = fc.string({
  unit: fc.constantFrom(...'abcA1.-[] \n\r\u00a0\u2028é😀\b'),
  maxLength: 8,
})

/**
 * ECMA-262 section 22.2.7.2 tries every code point; V8 also tries between the halves of a
 * surrogate pair, where it finds a `\B` that is not there.
 */
function standard(source: string, text: string): boolean {
  const native = new RegExp(source.replaceAll('\\-', '-'), 'uy')
  const ends = Array.from(text, (point) => point.length)
  return [0, ...ends].some((_, index) => {
    native.lastIndex = ends.slice(0, index).reduce((sum, length) => sum + length, 0)
    return native.test(text)
  })
}

test('a pattern that is compiled answers as ECMA-262 does', () => {
  let compared = 0
  fc.assert(
    fc.property(patterns, fc.array(texts, { minLength: 5, maxLength: 5 }), (source, samples) => {
      let linear
      try {
        linear = compilePattern(RE2JS, source, patternBudget())
      } catch (error) {
        expect(error).toBeInstanceOf(PatternError)
        return
      }
      compared++
      for (const text of samples)
        expect([text, linear.test(text)]).toEqual([text, standard(source, text)])
    }),
    { numRuns: 3000 },
  )
  expect(compared).toBeGreaterThan(500)
})
