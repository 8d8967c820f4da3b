import * as fc from 'fast-check'
import { expect, test } from 'vitest'
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
  for (const [amount] of folded.matchAll(/[0-9][0-9.,'’]*/g)) offer(plainAmount(amount))
  if (folded.length <= 256) offer(folded.replaceAll(/[^\p{L}\p{N}]+/gu, ''))
  return found
}

/** Without groups and needless zeros; empty for what is no amount. */
function plainAmount(written: string): string {
  const amount = written.replace(/[.,'’]+$/, '').replaceAll(/['’]/g, ',')
  const isGrouped = /^\d{1,3}(,\d{3})+(\.\d+)?$/.test(amount)
  const isPointed = /^\d{1,3}(\.\d{3})+,\d+$/.test(amount)
  const plain = isGrouped
    ? amount.replaceAll(',', '')
    : (isPointed ? amount.replaceAll('.', '') : amount).replace(',', '.')
  if (amount.length > 40 || !/^\d+(\.\d+)?$/.test(plain)) return ''
  const [whole = '', fraction = ''] = plain.split('.')
  const digits = whole.replace(/^0+(?=\d)/, '')
  const rest = fraction.replace(/0+$/, '')
  return rest === '' ? digits : `${digits}.${rest}`
}
