import { isObject, type JsonValue } from '../base/json.ts'

/** True when both JSON values are equal, text compared in NFC. */
export function sameJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true
  if (typeof a === 'string') return typeof b === 'string' && sameText(a, b)
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    return a.every((item: JsonValue, index) => sameJson(item, b[index] as JsonValue))
  }
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every(
    (key) => Object.hasOwn(b, key) && sameJson(a[key] as JsonValue, b[key] as JsonValue),
  )
}

/**
 * Normalizing changes the length of a text by a factor of at most four, so that a text of much
 * different length is told without reading it.
 */
export function sameText(a: string, b: string): boolean {
  if (a === b) return true
  if (a.length > b.length * 12 || b.length > a.length * 12) return false
  return a.normalize('NFC') === b.normalize('NFC')
}

/** Longest text that is searched, in UTF-16 code units; for a longer one a test is unknown. */
export const maxTextLength = 100_000

const sigma = /\u03c2/g
const beyondAscii = /[\u0080-\uffff]/

/** Such a text is its own normal form, in every form. */
export function isAscii(text: string): boolean {
  return !beyondAscii.test(text)
}

/**
 * Text for comparison without regard to case and presentation: NFKC, then folded by way of upper
 * case, so that `ſ`, the Kelvin sign and full-width letters meet their plain forms (UTS 39).
 */
export function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase()
  return text
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .replace(sigma, '\u03c3')
    .normalize('NFKC')
}
