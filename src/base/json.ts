import { endOfString, parseExact } from './json-source.ts'

export type JsonPrimitive = string | number | boolean | null
export type JsonValue = JsonPrimitive | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

export interface JsonBounds {
  /** Longest accepted text in UTF-16 code units. Default 4 MiB. */
  readonly maxLength?: number
  /** Deepest accepted nesting. Default 64. */
  readonly maxDepth?: number
}

export type JsonProblem =
  | 'too long'
  | 'too deep'
  | 'syntax'
  | 'surrogate'
  | 'replacement character'
  | 'duplicate key'
  | 'forbidden key'
  | 'unsafe int'
  | 'number range'
  | 'underflow'

export type JsonResult =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly problem: JsonProblem; readonly message: string }

const forbidden = new Set(['__proto__', 'constructor', 'prototype'])

/** Numbers of so many characters are kept as they are, unless they have an exponent. */
const alwaysKept = 15

/** Above this many members a set is cheaper than a scan over the keys seen so far. */
const scanLimit = 8

interface Failure {
  readonly ok: false
  readonly problem: JsonProblem
  readonly message: string
}

function failure(problem: JsonProblem, message: string): Failure {
  return { ok: false, problem, message }
}

/**
 * Parses JSON (RFC 8259) from outside and refuses what different readers read differently or what
 * a number cannot hold: duplicate keys, keys that reach a prototype, lone surrogates, U+FFFD left
 * by a repaired byte sequence, integers beyond 2^53-1, numbers that overflow, vanish or lose
 * digits in front of the point, nesting and length over the bounds. What is accepted is the value
 * that was sent; only digits behind the point may be rounded to the nearest double (RFC 7493
 * section 2.2).
 *
 * Messages name offsets (in UTF-16 code units) and hold nothing of the text, which may be secret.
 *
 * One scan over the text precedes `JSON.parse`, so that depth is known before anything recurses;
 * the scan jumps from quote to quote and costs about as much as the parse itself (100 bytes in 1 µs).
 */
export function parseJson(text: string, bounds: JsonBounds = {}): JsonResult {
  const maxLength = bounds.maxLength ?? 4 * 1024 * 1024
  if (text.length > maxLength) {
    return failure(
      'too long',
      `the text has ${text.length} characters, at most ${maxLength} are read`,
    )
  }
  if (!text.isWellFormed()) return failure('surrogate', 'the text holds a lone surrogate')
  if (text.includes('\ufffd')) {
    return failure('replacement character', 'the text holds U+FFFD, left by invalid UTF-8')
  }
  const problem = scan(text, bounds.maxDepth ?? 64)
  if (problem !== undefined) return problem
  try {
    return { ok: true, value: parseExact(text) as JsonValue }
  } catch {
    return failure('syntax', 'the text is not JSON')
  }
}

/** Finds what `JSON.parse` would silently accept. Wrong syntax is left to `JSON.parse`. */
function scan(text: string, maxDepth: number): Failure | undefined {
  // one entry for each open container: the keys of an object, undefined for an array
  const open: (KeySet | undefined)[] = []
  const escaped = text.includes('\\u')
  let expectKey = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at + 1)
        if (end < 0) return failure('syntax', `the string at offset ${at} has no end`)
        const keys = expectKey ? open.at(-1) : undefined
        if (keys !== undefined || escaped) {
          const raw = text.slice(at + 1, end)
          const problem = keys === undefined ? checkString(raw) : checkKey(raw, keys, at)
          if (problem !== undefined) return problem
        }
        expectKey = false
        at = end
        break
      }
      case 0x7b:
      case 0x5b: {
        if (open.length === maxDepth) {
          return failure('too deep', `the text is nested deeper than ${maxDepth} levels`)
        }
        expectKey = text.charCodeAt(at) === 0x7b
        open.push(expectKey ? new KeySet() : undefined)
        break
      }
      case 0x7d:
      case 0x5d:
        open.pop()
        expectKey = false
        break
      case 0x2c:
        expectKey = open.at(-1) !== undefined
        break
      case 0x2d:
      case 0x30:
      case 0x31:
      case 0x32:
      case 0x33:
      case 0x34:
      case 0x35:
      case 0x36:
      case 0x37:
      case 0x38:
      case 0x39: {
        const end = endOfNumber(text, at)
        if (end < 0 || end - at > alwaysKept) {
          const problem = checkNumber(text.slice(at, Math.abs(end)), at)
          if (problem !== undefined) return problem
        }
        at = Math.abs(end) - 1
        break
      }
    }
  }
  return undefined
}

class KeySet {
  #list: string[] | undefined = []
  #set: Set<string> | undefined

  /** False when the key is already there. */
  add(key: string): boolean {
    if (this.#set !== undefined) return this.#set.size < this.#set.add(key).size
    const list = this.#list!
    if (list.includes(key)) return false
    list.push(key)
    if (list.length > scanLimit) {
      this.#set = new Set(list)
      this.#list = undefined
    }
    return true
  }
}

/** Where a number ends; negative when it has an exponent. */
function endOfNumber(text: string, from: number): number {
  let exponent = false
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x65 || code === 0x45) exponent = true
    else if ((code < 0x30 || code > 0x39) && code !== 0x2e && code !== 0x2d && code !== 0x2b) {
      return exponent ? -at : at
    }
  }
  return exponent ? -text.length : text.length
}

/** The value of the inside of a JSON string; undefined when it is not the inside of one. */
export function unescaped(raw: string): string | undefined {
  try {
    return JSON.parse(`"${raw}"`) as string
  } catch {
    return undefined
  }
}

function checkString(raw: string): Failure | undefined {
  if (!raw.includes('\\u')) return undefined
  const value = unescaped(raw)
  if (value === undefined || value.isWellFormed()) return undefined
  return failure('surrogate', 'a string holds a lone surrogate')
}

function checkKey(raw: string, keys: KeySet, at: number): Failure | undefined {
  const escaped = raw.includes('\\')
  const key = escaped ? unescaped(raw) : raw
  if (key === undefined) return failure('syntax', 'a key is not a JSON string')
  // what is not escaped was looked at with the whole text
  if (escaped && !key.isWellFormed()) return failure('surrogate', 'a key holds a lone surrogate')
  if (forbidden.has(key)) return failure('forbidden key', `the key \`${key}\` is not accepted`)
  if (!keys.add(key)) {
    return failure('duplicate key', `the key at offset ${at} occurs twice in one object`)
  }
  return undefined
}

/** True for a number as `parseJson` accepts it; what is not written as a number is not looked at. */
export function keepsNumber(raw: string): boolean {
  return (raw.length <= alwaysKept && !/[eE]/.test(raw)) || checkNumber(raw, 0) === undefined
}

function checkNumber(raw: string, at: number): Failure | undefined {
  const value = Number(raw)
  if (Number.isNaN(value)) return undefined
  const place = `the number at offset ${at}`
  if (!Number.isFinite(value)) return failure('number range', `${place} is too large`)
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER && !keepsDigits(raw, value)) {
    return failure('unsafe int', `${place} is beyond 2^53-1 and would be altered`)
  }
  if (value === 0 && /[1-9]/.test(raw.split(/[eE]/, 1)[0]!)) {
    return failure('underflow', `${place} is too small and would become 0`)
  }
  return undefined
}

/**
 * True when a number beyond 2^53-1 is written as a double would print it, so that it names that
 * double and no neighbour. A plain integer never does: its last digit claims to count.
 */
function keepsDigits(raw: string, value: number): boolean {
  return /[.eE]/.test(raw) && digits(raw) === digits(String(value))
}

function digits(text: string): string {
  const mantissa = text.split(/[eE]/, 1)[0]!.replace(/[-+.]/g, '')
  return trimZeros(mantissa)
}

function trimZeros(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) === 0x30) start++
  while (end > start && text.charCodeAt(end - 1) === 0x30) end--
  return text.slice(start, end)
}

/** True for an object that is neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

/** Freezes a JSON value and everything in it; returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    // a frozen container says nothing about what it holds, so nothing is skipped
    Object.freeze(value)
    for (const key of Object.keys(value)) deepFreeze((value as Record<string, unknown>)[key])
  }
  return value
}

/** A copy of a JSON value, of which nothing that can be written over is shared. */
export function copyJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => copyJson(item) as unknown) as T
  // spread keeps a member `__proto__` a member, to which the loop then assigns
  const copy = { ...value } as Record<string, unknown>
  for (const key of Object.keys(copy)) copy[key] = copyJson(copy[key])
  return copy as T
}

/** The unescaped reference tokens of a JSON Pointer (RFC 6901); undefined if malformed. */
export function pointerTokens(pointer: string): readonly string[] | undefined {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** True when `token` names a member of the object or an item of the array `container`. */
export function hasToken(container: object, token: string): boolean {
  return Array.isArray(container)
    ? Object.hasOwn(container, token) && token !== 'length'
    : Object.hasOwn(container, token)
}

/** The JSON Pointer with these reference tokens. */
export function pointerOf(tokens: readonly string[]): string {
  return tokens.map((token) => `/${escapeToken(token)}`).join('')
}

/** `token` as it is written inside a JSON Pointer. */
export function escapeToken(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1')
}
