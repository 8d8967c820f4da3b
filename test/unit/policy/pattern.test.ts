import { describe, expect, test } from 'vitest'
import { compilePattern, type Pattern } from '../../../src/policy/pattern.ts'
import { no, unknown, yes } from '../../../src/policy/truth.ts'

function patternOf(source: string): Pattern {
  const result = compilePattern(source)
  if (!result.ok) throw new Error(result.message)
  return result.pattern
}

/** Of 4,000 instructions. */
const largest = 'a{1000}b{1000}c{1000}d{998}'

const text = (length: number): string => 'a'.repeat(length)

describe('a pattern', () => {
  test('keeps its source, and matches the whole of a text or a part', () => {
    const pattern = patternOf('[a-c]+')
    expect(pattern.source).toBe('[a-c]+')
    const all = (given: string) => [pattern.matchesWhole(given), pattern.occursIn(given)]
    expect(all('abc')).toEqual([yes, yes])
    expect(all('xabc')).toEqual([no, yes])
    expect(all('abcx')).toEqual([no, yes])
    expect(all('a\nb')).toEqual([no, yes])
    expect(all('x')).toEqual([no, no])
    expect(all('')).toEqual([no, no])
  })

  test('of another normal form is never certain of a match, and certain of a miss of both', () => {
    const pattern = patternOf('caf\u00e9')
    expect(patternOf('cafe\u0301').matchesWhole('caf\u00e9')).toBe(yes)
    expect(pattern.matchesWhole('caf\u00e9')).toBe(yes)
    // only the composed form
    expect(pattern.matchesWhole('cafe\u0301')).toBe(unknown)
    expect(pattern.occursIn('a cafe\u0301')).toBe(unknown)
    expect(pattern.matchesWhole('tee\u0301')).toBe(no)
    // only the form as it came
    expect(patternOf('cafe.').matchesWhole('cafe\u0301')).toBe(unknown)
    // both
    expect(patternOf('c.*').matchesWhole('cafe\u0301')).toBe(unknown)
  })

  test('is held against texts of 100,000 characters, and of less where its program is large', () => {
    const small = patternOf('a*')
    expect(small.matchesWhole(text(100_000))).toBe(yes)
    expect(small.occursIn(text(100_001))).toBe(unknown)
    const large = patternOf(largest)
    expect(large.occursIn(text(5_000))).toBe(no)
    expect(large.occursIn(text(5_001))).toBe(unknown)
    // a text that is twice as long when it is composed
    expect(large.occursIn('\u0958'.repeat(2_500))).toBe(no)
    expect(large.occursIn('\u0958'.repeat(2_501))).toBe(unknown)
  })

  test('finds every place that is not empty, from left to right', () => {
    expect(patternOf('a+').findAll('aa b a')).toEqual([
      { start: 0, end: 2 },
      { start: 5, end: 6 },
    ])
    expect(patternOf('a*').findAll('baab')).toEqual([{ start: 1, end: 3 }])
    expect(patternOf('a').findAll('bbb')).toEqual([])
    expect(patternOf('e').findAll('e\u0301')).toBeUndefined()
  })

  test('finds in texts twenty times as long as it decides about', () => {
    const large = patternOf(largest)
    expect(large.findAll(text(100_000))).toEqual([])
    expect(large.findAll(text(100_001))).toBeUndefined()
  })
})

describe('a pattern is refused', () => {
  const lookAround =
    'look-around is not supported: say the exception with `not`, or with a deny rule'
  const references = 'back-references are not supported'
  const counts = 'repeat counts go up to 1000'

  test.each<[string, string, string | undefined]>([
    ['(?=a)b', '(?=', lookAround],
    ['(?!a)b', '(?!', lookAround],
    ['(?<=a)b', '(?<', lookAround],
    ['(?<!a)b', '(?<', lookAround],
    ['(a)\\1', '\\1', references],
    ['(a)\\9', '\\9', references],
    ['a{1001}', '{1001}', counts],
    ['a{2,1001}', '{2,1001}', counts],
    ['a{10,1001}', '{10,1001}', counts],
    ['a{1001,}', '{1001,}', counts],
    ['a{2,1}', '{2,1}', undefined],
    ['[', '[', undefined],
    ['(', '(', undefined],
    ['a**', '**', undefined],
    ['\\', '', undefined],
  ])('that is %s', (source, part, help) => {
    const result = compilePattern(source)
    expect(result).toEqual({
      ok: false,
      message: expect.stringMatching(/^the pattern is not RE2 syntax: (?!error parsing)/) as string,
      ...(help === undefined ? {} : { help }),
    })
    if (!result.ok) expect(result.message).toContain(part)
  })

  test('with what is wrong made visible', () => {
    const result = compilePattern('a\u202e[')
    expect(result).toMatchObject({ ok: false })
    expect(JSON.stringify(result)).not.toContain('\u202e')
  })

  test('that is longer than 1,000 characters, and one of 1,000 is not', () => {
    expect(compilePattern('a'.repeat(1000)).ok).toBe(true)
    expect(compilePattern('a'.repeat(1001))).toEqual({
      ok: false,
      message: 'the pattern is longer than 1000 characters',
    })
  })

  test('that is too large for its program', () => {
    expect(compilePattern(largest).ok).toBe(true)
    expect(compilePattern('a{1000}b{1000}c{1000}d{999}')).toEqual({
      ok: false,
      message: 'the pattern is too large',
      help: 'use smaller repeat counts',
    })
  })
})
