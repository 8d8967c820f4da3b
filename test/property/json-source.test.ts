import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson } from '../../src/base/json.ts'
import { itemsAt, locate, parseExact, sourceAt } from '../../src/base/json-source.ts'

const space = fc.constantFrom('', ' ', '\n', '\t ')

/** The same value with white space wherever it may stand. */
function spaced(value: unknown, gap: () => string): string {
  const inner = (): string => {
    if (Array.isArray(value)) return `[${value.map((item) => spaced(item, gap)).join()}${gap()}]`
    if (typeof value !== 'object' || value === null) return JSON.stringify(value)
    const members = Object.entries(value).map(
      ([key, member]) => `${gap()}${JSON.stringify(key)}${gap()}:${spaced(member, gap)}`,
    )
    return `{${members.join()}${gap()}}`
  }
  return `${gap()}${inner()}${gap()}`
}

test('what a path leads to is written as the value that parsing finds there', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.infiniteStream(space), (value, gaps) => {
      const text = spaced(value, () => gaps.next().value)
      const walk = (part: unknown, path: readonly (string | number)[]): void => {
        const at = locate(text, path)
        expect(at).toBeDefined()
        expect(JSON.parse(sourceAt(text, at!))).toEqual(part)
        expect(sourceAt(text, at!)).toBe(sourceAt(text, at!).trim())
        if (Array.isArray(part)) {
          expect(itemsAt(text, at!)).toHaveLength(part.length)
          part.forEach((item, index) => walk(item, [...path, index]))
        } else if (typeof part === 'object' && part !== null) {
          for (const [key, member] of Object.entries(part)) walk(member, [...path, key])
        }
      }
      walk(JSON.parse(text), [])
    }),
  )
})

test('a path to nothing, or through a key that stands twice, leads nowhere', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), fc.jsonValue(), (key, one, two) => {
      const member = (value: unknown): string => `${JSON.stringify(key)}:${JSON.stringify(value)}`
      expect(locate(`{${member(one)},${member(two)}}`, [key])).toBeUndefined()
      expect(locate(`{${member(one)}}`, [`${key}x`])).toBeUndefined()
      expect(locate(`[${JSON.stringify(one)}]`, [1])).toBeUndefined()
      expect(locate('7', [key])).toBeUndefined()
      expect(locate('7', [0])).toBeUndefined()
    }),
  )
  expect(locate('{"a":1,"\\u0061":2}', ['a'])).toBeUndefined()
})

test('values nested 100,000 levels deep are found', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)
  expect(sourceAt(`{"a":${deep},"b":1}`, locate(`{"a":${deep},"b":1}`, ['a'])!)).toBe(deep)
})

/** Few texts, so that objects meet the shapes of others before them. */
const key = fc.oneof(
  fc.constantFrom('', 'a', 'a\\', 'a\n', '\\', '"', '\n', '\t', '\u0001', 'é', '__proto__', '7'),
  fc.string({ unit: 'binary' }),
)

const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.jsonValue({ maxDepth: 0 }).map((each) => (Object.is(each, -0) ? 0 : each)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map(Object.fromEntries),
  ),
}))

test('every text is read as the value it was written for, whatever was read before', () => {
  fc.assert(
    fc.property(anyValue, fc.infiniteStream(space), (value, gaps) => {
      expect(parseExact(JSON.stringify(value))).toStrictEqual(value)
      expect(parseExact(spaced(value, () => gaps.next().value))).toStrictEqual(value)
    }),
    { numRuns: 2_000 },
  )
})

test.each(['n', 't', '"', 'u0001', 'u0074'])('a key with \\%s is never another one', (escape) => {
  const before = JSON.stringify(`before ${escape}`)
  for (let times = 0; times < 5; times++) parseExact(`{${before}:0,"amoun\\\\":1}`)
  const text = `{${before}:0,"amoun\\${escape}":1}`
  const expected = `amoun${JSON.parse(`"\\${escape}"`)}`
  expect(Object.keys(parseExact(text) as object)[1]).toBe(expected)
  expect(parseJson(text)).toMatchObject({ ok: true, value: { [expected]: 1 } })
})

test.each(['{"a\\n":1', '{"a\\n":1}}', '{"a\\n" 1}', '{"a\\x":1}', '["a\\n":1]'])(
  'what is not JSON is refused: %s',
  (text) => {
    expect(() => parseExact(text)).toThrow(SyntaxError)
  },
)
