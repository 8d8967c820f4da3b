import { nothing, trim } from './trim.ts'

const unspaced = /\d[\d.,'’_]*/g
/** By signs that also stand between numbers. */
const rarely = /\d[\d.,'’`_·٬]*/g
const rare = /[`·٬]/
const spaced = /(?<![\p{L}\p{N}])\d{1,3}(?: \d{3})+(?![\p{L}\p{N}])(?:[.,]\d+)?/gu
const stops = new Set(".,'’`_·٬")

const plain = /^(\d+)(?:[.,](\d+))?$/
/** `1.234.567,8`; also with fewer digits in front of the last group: `12,34,567`. */
const inThrees = /^(\d{1,3}([.,'’`_·٬ ])(?:\d{2,3}\2)*\d{3})(?:([.,])(\d+))?$/
const inFours = /^(\d{1,4}([,'’`_·٬])(?:\d{4}\2)*\d{4})(?:([.,])(\d+))?$/
const signs = /['’`_·٬]/g
const notDigit = /\D/g

const maxLength = 40
const minDigits = 6

/**
 * The amounts in a folded text that have at least 6 digits, or characters, in their shortest form:
 * `1,250.00`, `1 250,00` and `1250.00` are `1250`. A number with one point or comma has two readings
 * where it could also group: `125.000`.
 */
export function* amountsIn(text: string): Generator<string> {
  for (const pattern of rare.test(text) ? [unspaced, rarely, spaced] : [unspaced, spaced]) {
    for (const [found] of text.matchAll(pattern)) {
      const amount = trim(found, nothing, stops)
      if (amount.length > maxLength) continue
      for (const value of readingsOf(amount)) {
        if (value.length >= minDigits || amount.replace(notDigit, '').length >= minDigits) {
          yield value
        }
      }
    }
  }
}

function readingsOf(written: string): readonly string[] {
  const readings: string[] = []
  for (const amount of new Set([written, written.replace(signs, ',')])) {
    const [, whole, fraction] = plain.exec(amount) ?? []
    // three digits behind a comma are a group
    if (whole !== undefined && !/,\d{3}$/.test(amount)) readings.push(shortest(whole, fraction))
    for (const grouped of [inThrees, inFours]) {
      const [, groups, sign, point, rest] = grouped.exec(amount) ?? []
      if (groups !== undefined && sign !== point) readings.push(shortest(groups, rest))
    }
  }
  return readings
}

function shortest(whole: string, fraction = ''): string {
  const units = whole.replace(notDigit, '').replace(/^0+(?=\d)/, '')
  const rest = fraction.replace(/0+$/, '')
  return rest === '' ? units : `${units}.${rest}`
}
