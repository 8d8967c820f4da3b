import { keepsNumber } from '../base/json.ts'
import type { JsonPrimitive } from '../base/json.ts'
import type { Diagnostics } from './diagnostic.ts'
import { Entries, forbiddenKeys, maxDepth, type ListNode, type MapNode, type Node } from './tree.ts'

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * The tree of a text that `parseJson` accepts, in one pass; undefined for any other text, of which
 * the reader of YAML, whose subset JSON is, has to say what is wrong. Nesting that is too deep is
 * reported here.
 */
export function parseJsonTree(text: string, diagnostics: Diagnostics): Node | undefined {
  if (text.includes('\ufffd') || !text.isWellFormed()) return undefined
  const walk = new JsonWalk(text)
  try {
    return walk.document()
  } catch (error) {
    if (error === notJson) return undefined
    if (error !== tooDeep) throw error
    const span = { start: walk.at, end: walk.at + 1 }
    const message = `the file is nested deeper than ${maxDepth} levels`
    return diagnostics.error(span, 'too-deep', message, {
      help: 'no part of a policy needs as many: take levels out',
    })
  }
}

const notJson = new Error('not JSON')
const tooDeep = new Error('too deep')

function refuse(): never {
  throw notJson
}

class JsonWalk {
  readonly #text: string
  /** One string for all keys that are equal. */
  readonly #keys = new Map<string, string>()
  at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): Node {
    this.#skipSpace()
    const root = this.#value(0)
    this.#skipSpace()
    return this.at === this.#text.length ? root : refuse()
  }

  #value(depth: number): Node {
    if (depth > maxDepth) throw tooDeep
    const start = this.at
    switch (this.#text.charCodeAt(start)) {
      case openBrace:
        return this.#map(depth)
      case openBracket:
        return this.#list(depth)
      case quote:
        return { kind: 'scalar', value: this.#string(), start, end: this.at }
      default:
        return { kind: 'scalar', value: this.#literal(), start, end: this.at }
    }
  }

  #map(depth: number): MapNode {
    const start = this.at
    const entries = new Entries()
    while (this.#next(closeBrace, entries.size > 0)) {
      const from = this.at
      const name = this.#key(entries)
      const end = this.at
      this.#skipSpace()
      if (this.#text.charCodeAt(this.at) !== colon) refuse()
      this.at++
      this.#skipSpace()
      entries.add(name, this.#value(depth + 1), { start: from, end })
    }
    return { kind: 'map', entries, start, end: this.at }
  }

  #list(depth: number): ListNode {
    const start = this.at
    if (!this.#next(closeBracket, false)) return { kind: 'list', items: [], start, end: this.at }
    // most lists hold one item, and an empty one that grows makes room for seventeen
    const items = [this.#value(depth + 1)]
    while (this.#next(closeBracket, true)) items.push(this.#value(depth + 1))
    return { kind: 'list', items, start, end: this.at }
  }

  /** Steps to the next thing in brackets; false, and over it, at the one that closes. */
  #next(close: number, afterFirst: boolean): boolean {
    if (!afterFirst) this.at++
    this.#skipSpace()
    const code = this.#text.charCodeAt(this.at)
    if (code === close) {
      this.at++
      return false
    }
    if (!afterFirst) return true
    if (code !== comma) refuse()
    this.at++
    this.#skipSpace()
    return true
  }

  /** A key that the mapping does not have yet. */
  #key(entries: Entries): string {
    if (this.#text.charCodeAt(this.at) !== quote) refuse()
    const written = this.#string()
    if (forbiddenKeys.has(written) || entries.has(written)) refuse()
    const known = this.#keys.get(written)
    if (known === undefined) this.#keys.set(written, written)
    return known ?? written
  }

  #string(): string {
    const text = this.#text
    const start = this.at
    let isEscaped = false
    let at = start + 1
    for (let code = text.charCodeAt(at); code !== quote; code = text.charCodeAt(at)) {
      if (code === backslash) {
        isEscaped = true
        at++
      } else if (!(code >= 0x20)) refuse()
      at++
    }
    this.at = at + 1
    return isEscaped ? unescaped(text.slice(start, at + 1)) : text.slice(start + 1, at)
  }

  #literal(): JsonPrimitive {
    const text = this.#text
    for (const [word, value] of words) {
      if (!text.startsWith(word, this.at)) continue
      this.at += word.length
      return value
    }
    const start = this.at
    while (isPartOfNumber(text.charCodeAt(this.at))) this.at++
    return numberOf(text.slice(start, this.at))
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.at))) this.at++
  }
}

const words = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const

function unescaped(written: string): string {
  let value: unknown
  try {
    value = JSON.parse(written)
  } catch {
    return refuse()
  }
  return (value as string).isWellFormed() ? (value as string) : refuse()
}

const number = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/

function numberOf(written: string): number {
  return number.test(written) && keepsNumber(written) ? Number(written) : refuse()
}

function isPartOfNumber(code: number): boolean {
  // `+`, `-`, `.`, the digits, `E` and `e`
  return (
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x2b ||
    code === 0x2e ||
    code === 0x65 ||
    code === 0x45
  )
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
