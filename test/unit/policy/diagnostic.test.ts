import { describe, expect, test } from 'vitest'
import {
  diagnosticCodes,
  Diagnostics,
  formatDiagnostic,
  throwAll,
  throwFindings,
  type Diagnostic,
} from '../../../src/policy/diagnostic.ts'
import { Source } from '../../../src/policy/source.ts'
import { isSallyportError, type SallyportError } from '../../../src/base/errors.ts'
import { linesOf } from './said.ts'

const text = 'a: 1\nbb: 22\n\nccc: 333\n'
const at = (part: string): { start: number; end: number } => {
  const start = text.indexOf(part)
  return { start, end: start + part.length }
}
const collect = (file = 'p'): Diagnostics => new Diagnostics(new Source(file, text))

function thrown(act: () => void): SallyportError | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (!isSallyportError(error)) throw error
    return error
  }
}

test.each(Object.entries(diagnosticCodes))('the code `%s` says what it is about', (code, about) => {
  expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/)
  expect(about).toMatch(/^[a-z].{8,}[^.]$/i)
})

test('every offset has its line and column', () => {
  const source = new Source('p', text)
  let [line, column] = [1, 1]
  for (let offset = 0; offset <= text.length; offset++) {
    expect(source.point(offset)).toEqual({ line, column })
    if (text[offset] === '\n') [line, column] = [line + 1, 1]
    else column++
  }
  expect(source.range({ start: 6, end: 2 })).toEqual({
    start: { line: 2, column: 2 },
    end: { line: 2, column: 2 },
  })
  expect(new Source('p', '').point(0)).toEqual({ line: 1, column: 1 })
})

describe('findings', () => {
  test('are plain data that say what is known, and nothing else', () => {
    const found = collect()
    expect(found.error(at('22'), 'bad-value', 'too much')).toBeUndefined()
    found.warning(at('ccc'), 'unknown-key', 'what?', { help: 'h', suggestion: 's', secret: true })
    found.error(at('333'), 'tag', 'tag', { help: undefined, suggestion: undefined, secret: false })
    expect(found.all()).toStrictEqual([
      {
        code: 'bad-value',
        severity: 'error',
        message: 'too much',
        file: 'p',
        range: { start: { line: 2, column: 5 }, end: { line: 2, column: 7 } },
      },
      {
        code: 'unknown-key',
        severity: 'warning',
        message: 'what?',
        help: 'h',
        file: 'p',
        range: { start: { line: 4, column: 1 }, end: { line: 4, column: 4 } },
        suggestion: 's',
        secret: true,
      },
      {
        code: 'tag',
        severity: 'error',
        message: 'tag',
        file: 'p',
        range: { start: { line: 4, column: 6 }, end: { line: 4, column: 9 } },
      },
    ])
    expect([found.errors, found.hasErrors]).toEqual([2, true])
  })

  test('stand in the order of the file, by line and then by column', () => {
    const found = collect()
    for (const part of ['333', '22', 'ccc', 'a', 'bb']) found.warning(at(part), 'tag', part)
    expect(found.all().map(({ message }) => message)).toEqual(['a', 'bb', '22', 'ccc', '333'])
    expect([found.errors, found.hasErrors]).toEqual([0, false])
    expect(thrown(() => found.throwErrors())).toBeUndefined()
  })

  test('beyond a thousand are counted and not kept', () => {
    const found = collect()
    for (let index = 0; index < 1000; index++) found.warning(at('a'), 'tag', `${index}`)
    found.error(at('bb'), 'tag', 'one more')
    expect(found.all()).toHaveLength(1000)
    expect(found.errors).toBe(1)
  })
})

describe('the error about findings', () => {
  test('names the first error with its place and repair; all findings are its details', () => {
    const found = collect('a\u202e.yaml')
    found.warning(at('a'), 'tag', 'mild')
    found.error(at('333'), 'tag', 'late', { help: 'no' })
    found.error(at('22'), 'bad-value', 'bad', { help: 'mend it' })
    found.error(at('22'), 'bad-value', 'worse')
    const error = thrown(() => found.throwErrors())!
    expect(error.code).toBe('bad-policy')
    expect(error.message).toBe('a\\u{202e}.yaml:2:5: bad and 2 more')
    expect(error.help).toBe('mend it')
    expect(error.details).toEqual(found.all())
  })

  test('says neither how many follow nor how to mend it where there is nothing to say', () => {
    const found = collect()
    found.error(at('ccc'), 'tag', 'alone')
    const error = thrown(() => found.throwErrors())!
    expect(error.message).toBe('p:4:1: alone')
    expect(error.help).toBeUndefined()
  })

  test('about several files tells first of those that are wrong', () => {
    const [fine, wrong, worse] = [collect('fine'), collect('wrong'), collect('worse')]
    fine.warning(at('a'), 'tag', 'mild')
    wrong.error(at('22'), 'tag', 'bad')
    worse.error(at('a'), 'tag', 'worse')
    const error = thrown(() => throwAll([fine, wrong, worse]))!
    expect(error.message).toBe('wrong:2:5: bad and 1 more')
    expect(linesOf(error.details as unknown as readonly Diagnostic[])).toEqual([
      'wrong:2:5-7 tag: bad',
      'worse:1:1-2 tag: worse',
      'fine:1:1-2 (warning) tag: mild',
    ])
    expect(thrown(() => throwAll([fine, fine]))).toBeUndefined()
  })

  test('counts the errors of a list itself', () => {
    const found = collect()
    found.warning(at('a'), 'tag', 'mild')
    expect(thrown(() => throwFindings(found.all()))).toBeUndefined()
    found.error(at('22'), 'tag', 'bad')
    found.error(at('333'), 'tag', 'bad')
    expect(thrown(() => throwFindings(found.all()))?.message).toBe('p:2:5: bad and 1 more')
  })
})

const finding = (
  [line, column]: readonly [number, number],
  [endLine, endColumn]: readonly [number, number],
  fields: Partial<Diagnostic> = {},
): Diagnostic => ({
  code: 'tag',
  severity: 'warning',
  message: 'm',
  file: 'p',
  range: { start: { line, column }, end: { line: endLine, column: endColumn } },
  ...fields,
})

const frame = (diagnostic: Diagnostic, whole: string): readonly string[] =>
  formatDiagnostic(diagnostic, whole).split('\n').slice(2)

describe('a finding is shown', () => {
  test('without a text by its place alone, with the repair', () => {
    expect(formatDiagnostic(finding([3, 4], [3, 5]))).toBe('warning[tag]: m\n  --> p:3:4')
    const fields = { help: 'mend it', suggestion: 'a\u202eb' }
    expect(formatDiagnostic(finding([3, 4], [3, 5], fields))).toBe(
      'warning[tag]: m\n  --> p:3:4\n   = help: mend it\n   = try: `a\\u{202e}b`',
    )
  })

  test('without its line where that may be a secret', () => {
    const secret = finding([1, 1], [1, 2], { secret: true })
    expect(formatDiagnostic(secret, text)).toBe('warning[tag]: m\n  --> p:1:1')
    expect(frame(finding([1, 1], [1, 2], { secret: false }), text)).toHaveLength(4)
  })

  test('with its line, the place underlined, and room for the number of the line', () => {
    expect(frame(finding([2, 5], [2, 7]), text)).toEqual(['  |', '2 | bb: 22', '  |     ^^', '  |'])
    expect(frame(finding([12, 1], [12, 4]), `${'\n'.repeat(11)}abc`)).toEqual([
      '   |',
      '12 | abc',
      '   | ^^^',
      '   |',
    ])
  })

  test('with one mark where the place is empty, and up to the end of the first of several lines', () => {
    expect(frame(finding([2, 7], [2, 7]), text)[2]).toBe('  |       ^')
    expect(frame(finding([2, 3], [4, 2]), text)).toEqual(['  |', '2 | bb: 22', '  |   ^^^^', '  |'])
  })

  test('without the carriage return of its line, and as it is on the screen', () => {
    expect(frame(finding([1, 4], [1, 5]), 'a: 1\r\nb: 2\r\n').slice(1, 3)).toEqual([
      '1 | a: 1',
      '  |    ^',
    ])
    expect(frame(finding([1, 3], [1, 5]), 'x\u202e😀y\r\r\n').slice(1, 3)).toEqual([
      '1 | x\\u{202e}😀y\\u{d}',
      `  | ${' '.repeat(9)}^`,
    ])
  })

  test('with a carriage return that stands within its line', () => {
    expect(frame(finding([1, 1], [1, 2]), 'a\rb\n')[1]).toBe('1 | a\\u{d}b')
  })

  test('with an empty line where the text has no such line', () => {
    expect(frame(finding([9, 1], [9, 2]), text)).toEqual(['  |', '9 | ', '  | ^', '  |'])
  })

  test('with 160 characters of its line at most, about half of them before the place', () => {
    const long = `${'a'.repeat(100)}${'b'.repeat(300)}${'c'.repeat(100)}`
    const shown = (from: number, to: number): readonly string[] =>
      frame(finding([1, from], [1, to]), long).slice(1, 3)
    expect(shown(101, 103)).toEqual([
      `1 | ${'a'.repeat(80)}${'b'.repeat(80)}`,
      `  | ${' '.repeat(80)}^^`,
    ])
    expect(shown(101, 401)).toEqual([
      `1 | ${'a'.repeat(80)}${'b'.repeat(80)}`,
      `  | ${' '.repeat(80)}${'^'.repeat(80)}`,
    ])
    expect(shown(1, 2)).toEqual([`1 | ${'a'.repeat(100)}${'b'.repeat(60)}`, '  | ^'])
    expect(shown(401, 402)).toEqual([
      `1 | ${'b'.repeat(80)}${'c'.repeat(80)}`,
      `  | ${' '.repeat(80)}^`,
    ])
    expect(shown(82, 83)).toEqual([
      `1 | ${'a'.repeat(99)}${'b'.repeat(61)}`,
      `  | ${' '.repeat(80)}^`,
    ])
  })
})
