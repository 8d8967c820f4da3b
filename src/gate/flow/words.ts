import { fold } from '../../policy/equality.ts'
import { cutBetween } from './pieces.ts'
import { nothing, trim } from './trim.ts'

// punctuation around words that says nothing about them; only in sources also wildcards
const front = new Set('#@_=:•–—')
const back = new Set('.:_=#@•–—-')
const sourceFront = new Set([...front, '*'])
const sourceBack = new Set([...back, '*', '?'])
const pathlike = /[\\/]/

/**
 * The words of a trusted or untrusted text, for comparison: NFKC, folded, split at space, quotes,
 * brackets and commas, without the punctuation around them. Characters that join (`a-b`, `a.b`,
 * `a/b`, `a@b`) stay inside a word, so that a part of an address or a file name is no word.
 */
export function wordsOf(text: string): readonly string[] {
  return cutBetween(fold(text))
    .map((chunk) => trim(chunk, sourceFront, sourceBack))
    .filter((word) => word !== '')
}

/**
 * The words of a value that is looked for. Wildcards at its ends and a final dot of a path change
 * what it means and are kept, and so it is not found where the text has it without them.
 */
export function wordsOfValue(value: string): readonly string[] {
  return cutBetween(fold(value))
    .map((chunk) => trim(chunk, front, pathlike.test(chunk) ? nothing : back))
    .filter((word) => word !== '')
}

const amount = /^[-+]?[\p{Sc}]?\d[\d.,]*\p{Sc}?%?$/u

/**
 * The decimal number a word stands for, in its shortest form: `98.70`, `$98.7` and `98.7` are one.
 * Commas in threes group, otherwise they are a decimal point; undefined for anything else.
 */
export function decimalOf(word: string): string | undefined {
  if (word.length > 40 || !amount.test(word)) return undefined
  const plain = word.replaceAll(/[\p{Sc}%+]/gu, '')
  const digits = ungroup(plain)
  if (digits === undefined) return undefined
  const [, sign = '', whole = '', fraction = ''] = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(digits) ?? []
  const rest = fraction === '' ? '' : `.${fraction}`
  const value = `${whole === '' ? '0' : whole}${rest}`
  return value === '0' ? '0' : sign + value
}

function ungroup(text: string): string | undefined {
  if (/^-?\d+(\.\d+)?$/.test(text)) return text
  if (/^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text)) return text.replaceAll(',', '')
  if (/^-?\d{1,3}(\.\d{3})+,\d+$/.test(text)) {
    return text.replaceAll('.', '').replace(',', '.')
  }
  return /^-?\d+,\d+$/.test(text) ? text.replace(',', '.') : undefined
}

/** A JSON number as `decimalOf` writes it. */
export function decimalOfNumber(value: number): string {
  const text = String(value)
  return decimalOf(text) ?? text
}
