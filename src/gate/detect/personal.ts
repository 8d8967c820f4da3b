import { hasIbanCheckDigits, ibanLength } from '../iban.ts'
import { findAll, findWithin, type Detector, type Found } from './span.ts'

const ibanShape = /(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,29}/g

/** Account numbers (ISO 13616) of the length of their country with right check digits. */
export const findIbans: Detector = (text) =>
  findWithin(ibanShape, text, (shape, start) => {
    const length = endOfNth(shape, ibanLength(shape.slice(0, 2)) ?? Infinity)
    if (length === undefined || !hasIbanCheckDigits(compact(shape.slice(0, length)))) {
      return undefined
    }
    const end = start + length
    return /[A-Za-z0-9]/.test(text.charAt(end)) ? undefined : end
  })

/** Where the text has had so many letters and digits; undefined when it has fewer. */
function endOfNth(text: string, count: number): number | undefined {
  let seen = 0
  for (const { index } of text.matchAll(/[A-Za-z0-9]/g)) {
    if (++seen === count) return index + 1
  }
  return undefined
}

function compact(text: string): string {
  return text.replaceAll(/[ -]/g, '')
}

/** In one piece, or in the groups that are printed on cards. */
const cardShapes: readonly RegExp[] = [
  /(?<![0-9A-Za-z])[0-9]{12,19}(?![0-9A-Za-z])/g,
  /(?<![0-9A-Za-z])[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}\1[0-9]{3}(?![0-9A-Za-z])/g,
  /(?<![0-9A-Za-z])[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?![0-9A-Za-z])/g,
  /(?<![0-9A-Za-z])[0-9]{4}([ -])[0-9]{6}\1[0-9]{4,5}(?![0-9A-Za-z])/g,
]

/** First digits and lengths of the issuers. */
const issuers: readonly (readonly [prefix: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^35(2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^(30[0-5]|309|3[689])/, [14, 15, 16, 17, 18, 19]],
  [/^81/, [16, 17, 18, 19]],
  [/^(50|5[6-9]|6[0-9])/, [12, 13, 14, 15, 16, 17, 18, 19]],
]

/** Payment card numbers (ISO/IEC 7812) of a known issuer with the right check digit. */
export const findCards: Detector = (text) =>
  cardShapes.flatMap((shape) =>
    findWithin(shape, text, (match, start) =>
      isCard(compact(match)) ? start + match.length : undefined,
    ),
  )

function isCard(digits: string): boolean {
  const fits = issuers.some(
    ([prefix, lengths]) => prefix.test(digits) && lengths.includes(digits.length),
  )
  return fits && isLuhn(digits) && !/^(.)\1*$/.test(digits)
}

function isLuhn(digits: string): boolean {
  let sum = 0
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at])
    const doubled = at % 2 === 0 ? digit : digit * 2
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

const localCharacter = /[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]/u
const domain = /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})\.){1,8}\p{L}[\p{L}\p{N}-]{1,62}/uy

/** Mail addresses with a domain of at least two labels. */
export const findEmails: Detector = (text) => {
  const found: Found[] = []
  let after = 0
  for (const { index: at } of text.matchAll(/@/g)) {
    let start = at
    while (start > after && at - start < 64 && localCharacter.test(text[start - 1]!)) start--
    domain.lastIndex = at + 1
    const name = domain.exec(text)?.[0]
    if (start === at || name === undefined) continue
    after = at + 1 + name.length
    found.push({ start, end: after })
  }
  return found
}

const international = /(?<![\w+.])(?:\+|00)[1-9](?:[ .()/-]{0,2}[0-9]){7,14}(?![0-9])/g
const american =
  /(?<![\w.-])(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-. ])[2-9][0-9]{2}[-. ][0-9]{4}(?![\w-])/g

/** Telephone numbers: international with `+` or `00`, and those of North America. */
export const findPhones: Detector = (text) => [
  ...findAll(international, text),
  ...findAll(american, text),
]
