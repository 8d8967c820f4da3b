import { endOfString } from '../base/json-source.ts'
import type { Diagnostics } from './diagnostic.ts'
import { maxDepth, type Entry, type Node } from './tree.ts'

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * The tree of a text that is already known to be strict JSON; about forty times as fast as the
 * YAML reader, which would accept the same text.
 */
export function parseJsonTree(text: string, diagnostics: Diagnostics): Node | undefined {
  return new JsonWalk(text, diagnostics).value(0)
}

class JsonWalk {
  readonly #text: string
  readonly #diagnostics: Diagnostics
  /** One string for all keys that are equal. */
  readonly #keys = new Map<string, string>()
  #at = 0

  constructor(text: string, diagnostics: Diagnostics) {
    this.#text = text
    this.#diagnostics = diagnostics
  }

  value(depth: number): Node | undefined {
    this.#skipSpace()
    const start = this.#at
    if (depth > maxDepth) {
      const span = { start, end: start + 1 }
      return this.#diagnostics.error(
        span,
        'too-deep',
        `the file is nested deeper than ${maxDepth} levels`,
      )
    }
    switch (this.#text.charCodeAt(start)) {
      case openBrace:
        return this.#map(start, depth)
      case openBracket:
        return this.#list(start, depth)
      case quote:
        return { kind: 'scalar', value: this.#string(), start, end: this.#at }
      default:
        return { kind: 'scalar', value: this.#literal(), start, end: this.#at }
    }
  }

  #map(start: number, depth: number): Node | undefined {
    const entries = new Map<string, Entry>()
    while (this.#next(closeBrace)) {
      const from = this.#at
      const key = this.#key()
      const span = { start: from, end: this.#at }
      this.#skipSpace()
      this.#at++
      const value = this.value(depth + 1)
      if (value === undefined) return undefined
      entries.set(key, { key: span, value })
    }
    return { kind: 'map', entries, start, end: this.#at }
  }

  #list(start: number, depth: number): Node | undefined {
    const items: Node[] = []
    while (this.#next(closeBracket)) {
      const value = this.value(depth + 1)
      if (value === undefined) return undefined
      items.push(value)
    }
    return { kind: 'list', items, start, end: this.#at }
  }

  /** Steps over an opening bracket or a comma; false, and over it, at the closing bracket. */
  #next(close: number): boolean {
    this.#skipSpace()
    if (this.#text.charCodeAt(this.#at) !== close) {
      this.#at++
      this.#skipSpace()
      if (this.#text.charCodeAt(this.#at) !== close) return true
    }
    this.#at++
    return false
  }

  #string(): string {
    const start = this.#at
    const end = endOfString(this.#text, start + 1)
    this.#at = end + 1
    const inside = this.#text.slice(start + 1, end)
    return inside.includes('\\') ? (JSON.parse(`"${inside}"`) as string) : inside
  }

  #key(): string {
    const written = this.#string()
    const known = this.#keys.get(written)
    if (known === undefined) this.#keys.set(written, written)
    return known ?? written
  }

  #literal(): number | boolean | null {
    const start = this.#at
    let end = start
    while (end < this.#text.length && !endsLiteral(this.#text.charCodeAt(end))) end++
    this.#at = end
    return JSON.parse(this.#text.slice(start, end)) as number | boolean | null
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

function endsLiteral(code: number): boolean {
  return code === comma || code === closeBracket || code === closeBrace || isSpace(code)
}
