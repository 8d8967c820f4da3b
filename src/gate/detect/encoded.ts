import type { Found } from './span.ts'

/** Shorter values, and shorter pieces of encoded ones, occur by chance. */
export const shortestKnown = 6

/**
 * How texts are decoded before a value is looked for: what becomes of each match, and of all else
 * nothing.
 */
interface Reading {
  readonly pattern: RegExp
  readonly replace: (match: string) => string
  /** How a value looks in a text that was read so. */
  readonly formsOf: (value: string) => readonly string[]
  /** What a text must hold for a value that was found in it. */
  readonly needs?: RegExp
}

const inBase64 = (value: string): readonly string[] =>
  [0, 1, 2].map((offset) => base64Of(bytesOf(value), offset))

const inHex = (value: string): readonly string[] => [bytesOf(value).toString('hex')]

const lowerHex = (match: string): string => (/^[A-F]$/.test(match) ? match.toLowerCase() : '')

const signs: Readonly<Record<string, string>> = {
  '-': '+',
  _: '/',
  '%2b': '+',
  '%2f': '/',
  '\\u002b': '+',
  '\\u002f': '/',
}

const jsonEscape = /\\+(?:u[0-9a-fA-F]{4})?/g

/** In JSON these may be a letter behind a backslash as well, which is left out. */
const named: Readonly<Record<string, string>> = {
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\f': 'f',
  '\r': 'r',
  '\\': '',
}

const unescaped = (match: string): string => {
  if (match.endsWith('\\')) return ''
  const sign = String.fromCharCode(Number.parseInt(match.slice(-4), 16))
  return named[sign] ?? sign
}

const readings: readonly Reading[] = [
  { pattern: /(?!)/g, replace: (match) => match, formsOf: (value) => [value, inJson(value)] },
  // writers of JSON differ in what they escape, and a text may be in a text
  {
    pattern: jsonEscape,
    replace: unescaped,
    formsOf: (value) => [inJson(value).replace(jsonEscape, unescaped)],
    needs: /\\/,
  },
  // what needs no escape may have one, and what needs one none; `+` is a space in forms
  {
    pattern: /%[0-9a-f]{2}|\+|[^\0-\x7f]+/gi,
    replace: (match) => spaced(match.startsWith('%') ? byteOf(match.slice(1)) : bytesIn(match)),
    formsOf: (value) => [spaced(bytesIn(value))],
  },
  // escapes broken into groups and lines
  {
    pattern: /%[0-9a-f]{2}|\\[nrt]|[%\\]|[\0-$&-/:-@[\]-`{-\x7f]+|[^\0-\x7f]+/gi,
    replace: (match) => {
      if (/^%./.test(match)) return lettersOf(byteOf(match.slice(1)))
      return match.startsWith('\\') ? '' : lettersOf(bytesIn(match))
    },
    formsOf: (value) => [lettersOf(bytesIn(value))],
    needs: /%[0-9a-f]{2}/i,
  },
  // any case; groups and lines apart, or each byte by itself
  {
    pattern: /0[xX]|[A-F]|[^0-9a-fA-F]+/g,
    replace: lowerHex,
    formsOf: inHex,
  },
  // apart by what is escaped
  {
    pattern: /0[xX]|%(?:0[9aAdD]|2[0cCdD]|3[aAbB])|[A-F]|%|[^0-9a-fA-F%]+/g,
    replace: lowerHex,
    formsOf: inHex,
    needs: /%(?:0[9ad]|2[0cd]|3[ab])/i,
  },
  // for URLs, by the other alphabet or with escapes
  {
    pattern: /%[0-9a-fA-F]{2}|\\u002[bBfF]|[-_]|\\[nrt]|[%\\]|[^A-Za-z0-9+/_%\\-]+/g,
    replace: (match) => signs[match.toLowerCase()] ?? '',
    formsOf: inBase64,
  },
  // groups and lines apart (RFC 2045), also in the escapes of a text in a text
  { pattern: /\\[nrt]|[^A-Za-z0-9+/]+/g, replace: () => '', formsOf: inBase64 },
  // groups and lines by its own signs
  {
    pattern: /%[0-9a-f]{2}|\\[nrt]|[%\\]|[^A-Za-z0-9%\\]+/gi,
    replace: () => '',
    formsOf: (value) => inBase64(value).map(lettersOf),
  },
]

/**
 * Finds values as they are or in JSON, percent-encoding, hex or base64, at any offset and however
 * these are broken into groups and lines; in time linear in the text for each value.
 */
export function encodedFinder(values: readonly string[]): (text: string) => readonly Found[] {
  const searches = readings.map(({ formsOf, ...reading }) => ({
    ...reading,
    forms: [...new Set(values.flatMap(formsOf))].filter((form) => form.length >= shortestKnown),
  }))
  return (text) => {
    return widest(searches.flatMap(({ forms, ...reading }) => findRead(text, forms, reading)))
  }
}

/** Without what lies in others: what no reading changes is found by several. */
function widest(found: readonly Found[]): readonly Found[] {
  let reached = -1
  return found
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
    .filter(({ end }) => {
      const isNew = end > reached
      reached = Math.max(reached, end)
      return isNew
    })
}

function findRead(
  text: string,
  forms: readonly string[],
  { needs, pattern, replace }: Omit<Reading, 'formsOf'>,
): readonly Found[] {
  if (forms.length === 0 || needs?.test(text) === false) return []
  const read = text.replace(pattern, replace)
  const found = forms.flatMap((form) => findForm(read, form))
  if (found.length === 0 || read === text) return found
  const places = placesOf(text, pattern, replace)
  return found
    .map(({ start, end }) => ({ start: places[start]!.start, end: places[end - 1]!.end }))
    .filter(({ start, end }) => needs?.test(text.slice(start, end)) !== false)
}

/** Where each character of the text that was read stands in the text. */
function placesOf(
  text: string,
  pattern: RegExp,
  replace: (match: string) => string,
): readonly Found[] {
  const places: Found[] = []
  let at = 0
  const keep = (end: number): void => {
    for (; at < end; at++) places.push({ start: at, end: at + 1 })
  }
  for (const { 0: match, index } of text.matchAll(pattern)) {
    keep(index)
    // what becomes several characters does so sign by sign
    for (const sign of replace(match).length > 1 ? match : [match]) {
      const place = { start: at, end: at + sign.length }
      for (const _ of replace(sign)) places.push(place)
      at = place.end
    }
  }
  keep(text.length)
  return places
}

function findForm(text: string, form: string): readonly Found[] {
  const found: Found[] = []
  for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length)) {
    found.push({ start: at, end: at + form.length })
  }
  return found
}

function bytesOf(value: string): Buffer {
  return Buffer.from(value.toWellFormed(), 'utf8')
}

/** Each byte as one character. */
function bytesIn(text: string): string {
  return bytesOf(text).toString('latin1')
}

function byteOf(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16))
}

function spaced(text: string): string {
  return text.replaceAll('+', ' ')
}

/** Also digits, and what is no ASCII. */
function lettersOf(text: string): string {
  return text.replace(/[\0-/:-@[-`{-\x7f]+/g, '')
}

function inJson(value: string): string {
  return JSON.stringify(value.toWellFormed()).slice(1, -1)
}

/** What stays the same of the base64 of the bytes behind so many others. */
function base64Of(bytes: Buffer, offset: number): string {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  // characters that also hold bits of a neighbour
  const first = offset === 0 ? 0 : offset + 1
  return whole.slice(first, Math.floor(((offset + bytes.length) * 8) / 6))
}
