import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { giveBack, GrowingText, type BodyText } from '../../../src/wire/growing-text.ts'

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
    fc.property(
      fc.array(fc.tuple(piece, piece, piece, fc.boolean()), { maxLength: 6 }),
      (steps) => {
        const growing = new GrowingText()
        const kept: { readonly body: BodyText; readonly expected: string }[] = []
        let whole = ''
        for (const [text, before, after, isGivenBack] of steps) {
          growing.append(text)
          whole += text
          const body = growing.between(before, after)
          const expected = `${before}${whole}${after}`
          expect(textOf(body)).toBe(expected)
          expect(growing.isEmpty).toBe(whole === '')
          if (isGivenBack) giveBack(body)
          else kept.push({ body, expected })
        }
        for (const { body, expected } of kept) expect(textOf(body)).toBe(expected)
      },
    ),
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

test('the next body is written where one lies that was given back, and only there', () => {
  const growing = new GrowingText()
  growing.append('a'.repeat(30_000))
  const first = growing.between('[', ']') as Uint8Array<ArrayBuffer>
  giveBack(first)
  growing.append('b')
  const second = growing.between('[', ']') as Uint8Array<ArrayBuffer>
  expect(second.buffer).toBe(first.buffer)
  // given back once more, the first is no longer what was lent
  giveBack(first)
  growing.append('c')
  const third = growing.between('[', ']') as Uint8Array<ArrayBuffer>
  expect(third.buffer).not.toBe(second.buffer)
  expect(textOf(second)).toBe(`[${'a'.repeat(30_000)}b]`)
  expect(textOf(third)).toBe(`[${'a'.repeat(30_000)}bc]`)
})
