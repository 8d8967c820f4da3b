import { endOfString } from '../base/json-source.ts'
import type { JsonPrimitive } from '../base/json.ts'

const lineFeed = 0x0a
const space = 0x20
const doubleQuote = 0x22
const hash = 0x23
const singleQuote = 0x27
const comma = 0x2c
const dash = 0x2d
const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

const alphanumeric = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const keyStart = table(`${alphanumeric}_$/`)
const keyPart = table(`${alphanumeric}_$/.-+*@~`)
const plainStart = table(`${alphanumeric}_$/.~+^(\\`)
const afterDash = table(`${alphanumeric}_$/.~+^(\\-`)

function table(characters: string): Uint8Array {
  const codes = new Uint8Array(128)
  for (const character of characters) codes[character.charCodeAt(0)] = 1
  return codes
}

/** False for what is not ASCII, and behind the end of a text. */
function has(codes: Uint8Array, code: number): boolean {
  return code < 0x80 && codes[code] === 1
}

/** Where a key without quotes ends that begins at an offset; the offset itself if none does. */
export function endOfKey(text: string, from: number): number {
  if (!has(keyStart, text.charCodeAt(from))) return from
  let at = from + 1
  for (;;) {
    const code = text.charCodeAt(at)
    if (!has(keyPart, code) && (code !== colon || isColon(text, at))) return at
    at++
  }
}

/** True for the colon behind a key: a space or the end of the line follows. */
export function isColon(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== colon) return false
  const next = text.charCodeAt(at + 1)
  return next === space || next === lineFeed
}

/** True for the dash before an item of a list. */
export function isDash(text: string, at: number): boolean {
  return text.charCodeAt(at) === dash && text.charCodeAt(at + 1) === space
}

export function isQuote(code: number): boolean {
  return code === doubleQuote || code === singleQuote
}

/**
 * Where a plain scalar (YAML 1.2.2 section 7.3.3) ends on its line; the offset itself if none begins
 * there. In brackets it ends earlier, at what has a meaning in them.
 */
export function endOfPlain(text: string, from: number, inBrackets: boolean): number {
  if (!startsPlain(text, from)) return from
  let end = from
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === space) continue
    if (code === lineFeed || (code === hash && end < at)) break
    if (code === colon && endsAtColon(text, at, inBrackets)) break
    if (inBrackets && isFlowIndicator(code)) break
    end = at + 1
  }
  return end
}

function startsPlain(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code === dash) return has(afterDash, text.charCodeAt(at + 1))
  return code >= 0x80 || has(plainStart, code)
}

function endsAtColon(text: string, at: number, inBrackets: boolean): boolean {
  const next = text.charCodeAt(at + 1)
  const isEnd = next === space || next === lineFeed || at + 1 === text.length
  return isEnd || (inBrackets && isFlowIndicator(next))
}

function isFlowIndicator(code: number): boolean {
  return (
    code === comma ||
    code === openBracket ||
    code === closeBracket ||
    code === openBrace ||
    code === closeBrace
  )
}

const words: ReadonlyMap<string, boolean | null> = new Map([
  ...['~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
])
const longestWord = 5

/**
 * What a plain scalar is in the core schema (YAML 1.2.2 section 10.3.2). Undefined for a number that
 * is not finite or beyond 2^53-1.
 */
export function plainValue(written: string): JsonPrimitive | undefined {
  const code = written.charCodeAt(0)
  // `+`, `-`, `.` and the digits
  if (code <= 0x39 && code >= 0x2b && code !== 0x2c && code !== 0x2f) return numeric(written)
  if (written.length > longestWord) return written
  const word = words.get(written)
  return word === undefined ? written : word
}

const integer = /^[-+]?[0-9]+$/
const octal = /^0o[0-7]+$/
const hexadecimal = /^0x[0-9a-fA-F]+$/
const float = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/
const notFinite = /^([-+]?\.(inf|Inf|INF)|\.nan|\.NaN|\.NAN)$/

function numeric(written: string): string | number | undefined {
  const value = numberOf(written)
  if (value === undefined) return notFinite.test(written) ? undefined : written
  const isExact =
    Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
  return isExact ? value : undefined
}

function numberOf(written: string): number | undefined {
  if (integer.test(written)) return Number.parseInt(written, 10)
  if (float.test(written)) return Number.parseFloat(written)
  if (octal.test(written)) return Number.parseInt(written.slice(2), 8)
  return hexadecimal.test(written) ? Number.parseInt(written.slice(2), 16) : undefined
}

/** Behind the quote that ends the scalar which begins with the one at `at`; 0 if there is none. */
export function endOfQuoted(text: string, at: number): number {
  if (text.charCodeAt(at) === doubleQuote) return endOfString(text, at + 1) + 1
  let end = text.indexOf("'", at + 1)
  while (end >= 0 && text.charCodeAt(end + 1) === singleQuote) end = text.indexOf("'", end + 2)
  return end + 1
}

/**
 * The text of a quoted scalar; undefined when it goes on on another line, or has escapes that are
 * not those of JSON, which mean in YAML what they mean there.
 */
export function quotedValue(written: string): string | undefined {
  if (written.includes('\n')) return undefined
  const inside = written.slice(1, -1)
  if (written.charCodeAt(0) === singleQuote) return inside.replaceAll("''", "'")
  return inside.includes('\\') ? unescaped(written) : inside
}

function unescaped(written: string): string | undefined {
  try {
    const value = JSON.parse(written) as string
    return value.isWellFormed() ? value : undefined
  } catch {
    return undefined
  }
}
