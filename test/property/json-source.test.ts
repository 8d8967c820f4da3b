import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { itemsAt, locate, sourceAt } from '../../src/base/json-source.ts'

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
