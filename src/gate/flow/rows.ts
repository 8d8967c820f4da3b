import { markers } from './pieces.ts'

const asciiDigits = '0123456789'
const digits = markers(asciiDigits)
const rowed = markers(`${asciiDigits}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ`)
const letterOrDigit = /[\p{L}\p{N}]/u
const digit = /\p{N}/u

/** Tells the longest rows of letters and digits in a text, one after the other. */
export function eachRow(
  text: string,
  tell: (start: number, end: number, hasDigit: boolean) => void,
): void {
  let start = 0
  let hasDigit = false
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    const wide = code < 128 ? undefined : String.fromCodePoint(text.codePointAt(at)!)
    if (wide === undefined ? rowed[code] === 1 : letterOrDigit.test(wide)) {
      hasDigit ||= wide === undefined ? digits[code] === 1 : digit.test(wide)
      at += wide?.length ?? 1
      continue
    }
    if (at > start) tell(start, at, hasDigit)
    at += wide?.length ?? 1
    start = at
    hasDigit = false
  }
  if (text.length > start) tell(start, text.length, hasDigit)
}
