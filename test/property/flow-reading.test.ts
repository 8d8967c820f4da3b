import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { amountsIn } from '../../src/gate/flow/amounts.ts'
import { piecesWith, markers } from '../../src/gate/flow/pieces.ts'
import { secretsIn } from '../../src/gate/flow/secrets.ts'
import { trim } from '../../src/gate/flow/trim.ts'
import { wordsOf } from '../../src/gate/flow/words.ts'
import { fold } from '../../src/policy/equality.ts'

const runs = { numRuns: 20_000 }
const separators =
  ' \t\n\r\u000b\u001f\u007f\u0085\u00a0\u2003\u3000\ufeff,.;:!?-_=+/\\@#*•–—\'"`´’«»()[]{}<>|…~$€%'
const letters =
  'a|Z|é|ß|ſ|İ|ς|字|\u{1d400}|\u{1d7d8}|\u{10107}|٣|½|ﬁ|\u0301|\u200b|\ud800|\udc00|\u{1f600}|0|7|42'
const words =
  'word|two words|a.b|a-13|ann@x.example|https://x.example/a?b|DE89 3704 0044|abcdefghijklmnop|ab1cd2|1,000.5|123456|4111 1111|//x|192.168.0.1/|x.example.|http:x'
const pieces = fc.constantFrom(...separators, ...letters.split('|'), ...words.split('|'))
const text = fc.array(pieces, { maxLength: 24 }).map((list) => list.join(''))

test('words are what stands between the separators', () => {
  const between = /(?:[\s\p{Cc}\p{Z}'"`´‘’‚“”„«»‹›()[\]{}<>;|!…]|(?<!\p{N}),|,(?!\p{N}))+/u
  const front = new Set('#@_=:•–—*')
  const back = new Set('.:_=#@•–—-*?')
  fc.assert(
    fc.property(text, (written) => {
      const expected = fold(written)
        .split(between)
        .map((chunk) => trim(chunk, front, back))
        .filter((word) => word !== '')
      expect(wordsOf(written)).toEqual(expected)
    }),
    runs,
  )
})

test('parts that may be secrets are those that patterns find', () => {
  fc.assert(
    fc.property(text, (written) => {
      expect([...secretsIn(written)].toSorted()).toEqual([...secretsByPatterns(written)].toSorted())
    }),
    runs,
  )
})

test('an amount is found however its digits are grouped', () => {
  const sizes = fc.constantFrom([3], [3, 2])
  const signs = fc.constantFrom(
    ['', '.'],
    [',', '.'],
    ['.', ','],
    ["'", '.'],
    ['’', ','],
    ['_', '.'],
    [' ', ','],
    ['\u202f', '.'],
    [' ', '.'],
  )
  const amount = fc.tuple(
    fc.integer({ min: 100_000, max: 10 ** 12 }),
    fc.integer({ min: 1, max: 99 }),
  )
  fc.assert(
    fc.property(amount, sizes, signs, ([units, cents], groups, [sign, point]) => {
      fc.pre(!/\s/.test(sign!) || groups.length === 1)
      const shortest = `${units}.${String(cents).padStart(2, '0').replace(/0$/, '')}`
      const written = `${inGroups(String(units), groups, sign!)}${point}${String(cents).padStart(2, '0')}`
      expect(secretsIn(`the sum is ${written} in all`)).toContain(shortest)
    }),
    runs,
  )
})

test('a pattern finds in the marked pieces what it finds in the text', () => {
  const pattern = /(?<![\p{L}@])[^\s,]*[.@][^\s,]*(?![@])/gu
  fc.assert(
    fc.property(text, (written) => {
      const whole = [...written.matchAll(pattern)].map(([found]) => found)
      const marked = piecesWith(written, markers('.@'))
      const found = marked.flatMap((piece) => [...piece.matchAll(pattern)].map(([one]) => one))
      expect(found).toEqual(whole)
    }),
    runs,
  )
})

test('text is folded as by way of both cases and both normal forms, also where it is plain', () => {
  fc.assert(
    fc.property(text, (written) => {
      const slow = written.normalize('NFKC').toUpperCase().toLowerCase().replaceAll('ς', 'σ')
      expect(fold(written)).toBe(slow.normalize('NFKC'))
    }),
    runs,
  )
})

function secretsByPatterns(written: string): ReadonlySet<string> {
  const folded = fold(written.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, ''))
  const found = new Set<string>()
  const offer = (part: string): void => {
    if (part.length >= 16 || (part.length >= 6 && /\p{N}/u.test(part))) found.add(part)
  }
  for (const [part] of folded.matchAll(/[\p{L}\p{N}]+(?:[-_.@:/+=][\p{L}\p{N}]+)*/gu)) offer(part)
  let group = ''
  let end = 0
  for (const { 0: part, index } of folded.matchAll(/[\p{L}\p{N}]+/gu)) {
    offer(part)
    const hasDigit = /\p{N}/u.test(part)
    const goes = group !== '' && hasDigit && /^[ \u00a0-]$/.test(folded.slice(end, index))
    if (!goes) offer(group)
    group = goes ? group + part : hasDigit ? part : ''
    end = index + part.length
  }
  offer(group)
  for (const amount of amountsIn(folded)) found.add(amount)
  if (folded.length <= 256) offer(folded.replaceAll(/[^\p{L}\p{N}]+/gu, ''))
  return found
}

/** The digits with a sign between groups of these sizes, from the end; the last size repeats. */
function inGroups(digits: string, [size, ...sizes]: readonly number[], sign: string): string {
  if (digits.length <= size!) return digits
  const front = inGroups(digits.slice(0, -size!), sizes.length === 0 ? [size!] : sizes, sign)
  return front + sign + digits.slice(-size!)
}
