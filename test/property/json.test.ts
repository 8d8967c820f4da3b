import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from '../../src/base/digest.ts'
import { parseJson, type JsonValue } from '../../src/base/json.ts'

const forbidden = new Set(['__proto__', 'constructor', 'prototype'])

const key = fc
  .string({ unit: 'grapheme' })
  .filter((text) => !forbidden.has(text) && !text.includes('\ufffd'))
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }),
)
const { value: json } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constant(null),
    fc.boolean(),
    number,
    fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\ufffd')),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6 }),
  ),
}))

/** Texts that are JSON now and then: JSON with one change. */
const nearly = fc
  .tuple(
    json,
    fc.nat(),
    fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '1', 'e', '-', '\\u', '\ud800'),
  )
  .map(([value, at, change]) => {
    const text = JSON.stringify(value)
    const place = at % (text.length + 1)
    return text.slice(0, place) + change + text.slice(place + 1)
  })

test('what is plain comes back as it was', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(parseJson(JSON.stringify(value))).toEqual({
        ok: true,
        value: JSON.parse(JSON.stringify(value)) as unknown,
      })
    }),
  )
})

test('what is accepted is exactly what JSON.parse reads, what it refuses is refused', () => {
  fc.assert(
    fc.property(fc.oneof(nearly, fc.string(), fc.json()), (text) => {
      const result = parseJson(text)
      let expected: { readonly value: unknown } | undefined
      try {
        expected = { value: JSON.parse(text) as unknown }
      } catch {
        expected = undefined
      }
      if (result.ok) expect({ value: result.value }).toEqual(expected)
      else if (result.problem === 'syntax') expect(expected).toBeUndefined()
    }),
    { numRuns: 2000 },
  )
})

test('a key that occurs twice is always found', () => {
  const members = fc.uniqueArray(key, { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(members, fc.nat(), fc.nat(), (keys, from, to) => {
      const texts = keys.map((name) => `${JSON.stringify(name)}:1`)
      expect(parseJson(`{${texts.join()}}`).ok).toBe(true)
      texts.splice(to % texts.length, 0, texts[from % texts.length]!)
      expect(parseJson(`{${texts.join()}}`)).toMatchObject({ problem: 'duplicate key' })
    }),
  )
})

test('every integer is read exactly or refused', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (integer) => {
      const result = parseJson(String(integer))
      if (result.ok) expect(BigInt(result.value as number)).toBe(integer)
      else expect(Number.isSafeInteger(Number(integer))).toBe(false)
    }),
  )
})

test('every double that is printed is read back', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = value.toExponential()
      expect(parseJson(text)).toEqual({ ok: true, value: Number(text) })
    }),
  )
})

test('canonical text is a fixed point and does not depend on the order of members', () => {
  const reverse = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(reverse)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).toReversed()
    return Object.fromEntries(entries.map(([name, member]) => [name, reverse(member)]))
  }
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value)
      expect(canonicalJson(JSON.parse(text))).toBe(text)
      expect(canonicalJson(reverse(value))).toBe(text)
    }),
  )
})
