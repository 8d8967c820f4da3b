import { expect, test } from 'vitest'
import { compilePattern, type Pattern } from '../../../src/policy/pattern.ts'
import { no, unknown, yes } from '../../../src/policy/truth.ts'

function patternOf(source: string): Pattern {
  const result = compilePattern(source)
  if (!result.ok) throw new Error(result.message)
  return result.pattern
}

/** Text that a backtracking engine tries in ever so many ways: a beginning, many of these, an end. */
type Pump = readonly [source: string, before: string, pumped: string, after: string]

/** Patterns that have stopped services, and the textbook forms they come down to. */
const literature: readonly Pump[] = [
  // nested repetition
  ['(a+)+', '', 'a', '!'],
  ['(a*)*b', '', 'a', '!'],
  ['([a-zA-Z]+)*', '', 'a', '!'],
  ['(x+x+)+y', '', 'x', '!'],
  ['((a+)+)+', '', 'a', '!'],
  ['(([a-z])+.)+[A-Z]([a-z])+', '', 'a', '!'],
  // alternatives that overlap
  ['(a|aa)+', '', 'a', '!'],
  ['(a|a?)+', '', 'a', '!'],
  ['(a|b|ab)*c', '', 'ab', '!'],
  [String.raw`(\w|\d)+!`, '', '1', '?'],
  // repetitions that follow each other
  ['a*a*a*a*a*a*b', '', 'a', '!'],
  ['(.*a){12}', '', 'a', '!'],
  ['(.*)=(.*)', '', 'x', '!'],
  [String.raw`\s+$`, 'a', ' ', 'b'],
  [String.raw`[\s\x{200c}]+|[\s\x{200c}]+`, '', ' ', 'x'],
  ['a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaa', '', 'a', '!'],
  // as they were in use: an address, a number, a path, an attribute
  [String.raw`([a-zA-Z0-9])(([-.]|[_]+)?([a-zA-Z0-9]+))*(@)[a-z0-9]+[.][a-z]{2,3}`, '', 'a', '!'],
  [String.raw`\d*[1-9]\d*\.?\d*e?\d*`, '', '0', 'x'],
  [String.raw`(/?[^/]+)+/end`, '', '/a', '\n'],
  [String.raw`<a(\s+\w+="[^"]*")*\s*>`, '<a', ' x=""', '!'],
]

test.each(literature)(
  'M01: %s answers about texts of any length',
  (source, before, pumped, after) => {
    const pattern = patternOf(source)
    for (const count of [10, 1000, 20_000]) {
      const text = before + pumped.repeat(count) + after
      // work is bounded: where it would be too much, nobody can tell, and that is read the strict way
      const answers = [no, unknown]
      if (count * pumped.length < 10_000) answers.pop()
      expect(answers).toContain(pattern.matchesWhole(text))
      expect([no, unknown, yes]).toContain(pattern.occursIn(text))
    }
  },
)

test('M01: ten times the text takes about ten times the work', () => {
  const ratios = literature.map(([source, before, pumped, after]) => {
    const pattern = patternOf(source)
    const work = (length: number): number => {
      const text = before + pumped.repeat(length / pumped.length) + after
      let least = Number.POSITIVE_INFINITY
      for (let round = 0; round < 5; round++) {
        const { user } = process.cpuUsage()
        for (let again = 0; again < 40_000 / length; again++) pattern.matchesWhole(text)
        least = Math.min(least, process.cpuUsage().user - user)
      }
      // of one text, whatever the number of repetitions was
      return Math.max(least, 1) * length
    }
    work(400)
    return work(4_000) / work(400)
  })
  // squares would be a hundred; the middle one is not moved by what else the machine does
  expect(ratios.toSorted((a, b) => a - b)[ratios.length >> 1]).toBeLessThan(40)
})
