import { createRequire } from 'node:module'
import type { RE2JS } from 're2js'
import { messageOf } from '../base/errors.ts'
import { visible } from '../base/text.ts'
import { maxTextLength } from './equality.ts'
import { no, truthOf, unknown, type Truth } from './truth.ts'

/** Longest pattern in characters, and largest compiled program in instructions. */
const maxPatternLength = 1000
const maxProgram = 4000

/** Instructions times characters of one match; beyond it the text cannot be evaluated. */
const maxWork = 20_000_000

/** The same for finding all places, which is not asked while a call is decided. */
const maxSearch = 400_000_000

/**
 * A regular expression in RE2 syntax, matched in linear time. The pattern is in NFC, while a tool
 * gets the text as it came: of a text that is not in NFC a match is never certain, and a miss only
 * where both forms miss.
 */
export interface Pattern {
  readonly source: string
  matchesWhole(text: string): Truth
  occursIn(text: string): Truth
  /** Every place, from left to right; undefined where the text is too long or not in NFC. */
  findAll(text: string): readonly Place[] | undefined
}

export function isPattern(value: unknown): value is Pattern {
  return typeof value === 'object' && value !== null && 'matchesWhole' in value
}

/** A part of a text; `end` is not included. */
export interface Place {
  readonly start: number
  readonly end: number
}

export type PatternResult =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly message: string; readonly help?: string }

let engine: typeof RE2JS | undefined

/** Loaded with the first pattern: a policy without one does not pay for it. */
function re2(): typeof RE2JS {
  return (engine ??= (createRequire(import.meta.url)('re2js') as { RE2JS: typeof RE2JS }).RE2JS)
}

/** Compiles RE2 syntax; look-around and back-references do not exist in it. */
export function compilePattern(source: string): PatternResult {
  if (source.length > maxPatternLength) {
    return { ok: false, message: `the pattern is longer than ${maxPatternLength} characters` }
  }
  try {
    const compiled = re2().compile(source.normalize('NFC'))
    const size = compiled.programSize()
    if (size > maxProgram) {
      return { ok: false, message: 'the pattern is too large', help: 'use smaller repeat counts' }
    }
    return { ok: true, pattern: createPattern(source, compiled, size) }
  } catch (error) {
    return {
      ok: false,
      message: `the pattern is not RE2 syntax: ${reason(error)}`,
      ...hint(source),
    }
  }
}

function reason(error: unknown): string {
  return visible(messageOf(error).replace(/^error parsing regexp: /, ''))
}

function hint(source: string): { readonly help?: string } {
  if (/\(\?<?[=!]/.test(source)) {
    return {
      help: 'look-around is not supported: say the exception with `not`, or with a deny rule',
    }
  }
  if (/\\[1-9]/.test(source)) return { help: 'back-references are not supported' }
  if (/\{\d{4,}|\{\d+,\d{4,}/.test(source)) return { help: 'repeat counts go up to 1000' }
  return {}
}

function createPattern(source: string, compiled: RE2JS, size: number): Pattern {
  const maxLength = Math.min(maxTextLength, Math.floor(maxWork / size))
  const run = (text: string, test: (form: string) => boolean): Truth => {
    if (text.length > maxLength) return unknown
    const normal = text.normalize('NFC')
    if (normal === text) return truthOf(test(text))
    return normal.length > maxLength || test(normal) || test(text) ? unknown : no
  }
  return {
    source,
    matchesWhole: (text) => run(text, (form) => compiled.testExact(form)),
    occursIn: (text) => run(text, (form) => compiled.test(form)),
    findAll: (text) =>
      text.length * size > maxSearch || text.normalize('NFC') !== text
        ? undefined
        : placesOf(compiled, text),
  }
}

function placesOf(compiled: RE2JS, text: string): readonly Place[] {
  const matcher = compiled.matcher(text)
  const places: Place[] = []
  while (matcher.find()) {
    const [start, end] = [matcher.start(), matcher.end()]
    if (end > start) places.push({ start, end })
  }
  return places
}
