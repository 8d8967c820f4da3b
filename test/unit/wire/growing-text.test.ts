import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { GrowingText, type BodyText } from '../../../src/wire/growing-text.ts'

function textOf(body: BodyText): string {
  return typeof body === 'string' ? body : Buffer.from(body).toString()
}

const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.toWellFormed()),
  fc
    .tuple(fc.constantFrom('x', 'é', '€', '😀'), fc.nat(40_000))
    .map(([unit, count]) => unit.repeat(count)),
)

test('what was appended stands between what is given, however long it has become', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, piece, piece), { maxLength: 6 }), (steps) => {
      const growing = new GrowingText()
      let whole = ''
      for (const [text, before, after] of steps) {
        growing.append(text)
        whole += text
        expect(textOf(growing.between(before, after))).toBe(`${before}${whole}${after}`)
        expect(growing.isEmpty).toBe(whole === '')
      }
    }),
    { numRuns: 200 },
  )
})

test('a body that was made stays as it is while the text grows on', () => {
  const growing = new GrowingText()
  const bodies: BodyText[] = []
  for (const letter of 'abcdefgh') {
    growing.append(letter.repeat(30_000))
    bodies.push(growing.between('[', ']'))
  }
  const letters = [...'abcdefgh'].map((letter) => letter.repeat(30_000))
  for (const [at, body] of bodies.entries()) {
    expect(textOf(body)).toBe(`[${letters.slice(0, at + 1).join('')}]`)
  }
  expect(bodies.at(-1)).toBeInstanceOf(Uint8Array)
})
