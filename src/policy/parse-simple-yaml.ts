import {
  endOfKey,
  endOfPlain,
  endOfQuoted,
  isColon,
  isDash,
  isQuote,
  plainValue,
  quotedValue,
} from './simple-scalar.ts'
import {
  Entries,
  forbiddenKeys,
  maxDepth,
  type ListNode,
  type MapNode,
  type Node,
  type ScalarNode,
} from './tree.ts'

const lineFeed = 0x0a
const space = 0x20
const hash = 0x23
const comma = 0x2c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Tabs, other line ends than a line feed, and what is not shown as a character. */
const unusual = /[^\n\x20-\x7e\u00a1-\u2027\u202a-\ufefe\uff00-\ufffc]/

/** The longest implicit key in UTF-16 code units (YAML 1.2.2 section 7.4). */
const maxKeyLength = 1024

/**
 * The tree of a YAML text that is written simply, as nearly all policies are; much faster than
 * `parseYaml`, and the same tree down to every place. Undefined for any other text, right or wrong:
 * `parseYaml` has to read that, and says what is wrong with it.
 *
 * Simple is a block mapping at the left edge with block mappings and lists inside of it; scalars, and
 * lists and mappings in brackets, each on one line; comments. Nothing is simple that is not named
 * here: a text that is refused without need costs time, one that is read otherwise is a hole.
 */
export function parseSimpleYaml(text: string): MapNode | undefined {
  if (unusual.test(text) || !text.isWellFormed()) return undefined
  try {
    return new SimpleWalk(text).document()
  } catch (error) {
    if (error instanceof NotSimple) return undefined
    throw error
  }
}

class NotSimple extends Error {}

function notSimple(): never {
  throw new NotSimple()
}

class SimpleWalk {
  readonly #text: string
  /** One string for all keys that are equal. */
  readonly #keys = new Map<string, string>()
  #at = 0
  #lineStart = 0
  /** Of the line that begins at `#at`, once the one before has ended; -1 at the end of the text. */
  #indent = 0
  /** Where the last value ends for its container: with its line and the comments that belong to it. */
  #tail = 0
  /** How far right the comments stand that belong to no value yet; -1 without any. */
  #comment = -1

  constructor(text: string) {
    this.#text = text
  }

  document(): MapNode {
    this.#skipLines(-1)
    if (this.#indent !== 0) notSimple()
    return this.#map(0, 0)
  }

  #map(indent: number, depth: number): MapNode {
    if (depth > maxDepth) notSimple()
    const start = this.#at
    const entries = new Entries()
    do {
      const from = this.#at
      const name = this.#key(entries)
      const end = this.#at
      this.#at++
      entries.add(name, this.#entry(indent, depth + 1), { start: from, end })
    } while (this.#indent === indent)
    return { kind: 'map', entries, start, end: this.#close(indent) }
  }

  #list(indent: number, depth: number): ListNode {
    if (depth > maxDepth) notSimple()
    const start = this.#at
    const items: Node[] = []
    do {
      this.#at++
      this.#skipSpaces()
      items.push(this.#item(indent, depth + 1))
    } while (this.#indent === indent && isDash(this.#text, this.#at))
    return { kind: 'list', items, start, end: this.#close(indent) }
  }

  /**
   * Where the container at `indent` ends. What surrounds it ends later when comments follow that
   * stand as far right as the container: they are not of it, but in front of nothing else.
   */
  #close(indent: number): number {
    if (this.#indent > indent) notSimple()
    const end = this.#tail
    if (indent > 0 && this.#comment >= indent) {
      this.#tail = this.#at
      this.#comment = -1
    }
    return end
  }

  #item(container: number, depth: number): Node {
    if (this.#isKey()) return this.#map(this.#at - this.#lineStart, depth)
    return this.#valueOfLine(container, depth)
  }

  /** What a key of the mapping at `container` has: on its line, or on the next ones. */
  #entry(container: number, depth: number): Node {
    this.#skipSpaces()
    const code = this.#text.charCodeAt(this.#at)
    if (code !== lineFeed && code !== hash) return this.#valueOfLine(container, depth)
    this.#endLine(container)
    const isList = isDash(this.#text, this.#at)
    if (this.#indent < container || (this.#indent === container && !isList)) notSimple()
    return isList ? this.#list(this.#indent, depth) : this.#map(this.#indent, depth)
  }

  #valueOfLine(container: number, depth: number): Node {
    const value = this.#value(depth, false)
    this.#endLine(container)
    return value
  }

  #value(depth: number, inBrackets: boolean): Node {
    if (depth > maxDepth) notSimple()
    switch (this.#text.charCodeAt(this.#at)) {
      case openBracket:
        return this.#flowList(depth)
      case openBrace:
        return this.#flowMap(depth)
      default:
        return this.#scalar(inBrackets)
    }
  }

  #flowMap(depth: number): MapNode {
    const start = this.#at
    const entries = new Entries()
    while (this.#next(closeBrace, entries.size > 0)) {
      const from = this.#at
      const name = this.#key(entries)
      const end = this.#at
      this.#at++
      this.#skipSpaces()
      entries.add(name, this.#value(depth + 1, true), { start: from, end })
    }
    return { kind: 'map', entries, start, end: this.#at }
  }

  #flowList(depth: number): ListNode {
    const start = this.#at
    if (!this.#next(closeBracket, false)) return { kind: 'list', items: [], start, end: this.#at }
    // most lists hold one item, and an empty one that grows makes room for seventeen
    const items = [this.#value(depth + 1, true)]
    while (this.#next(closeBracket, true)) items.push(this.#value(depth + 1, true))
    return { kind: 'list', items, start, end: this.#at }
  }

  /** Steps to the next thing in brackets; false, and over it, at the one that closes. */
  #next(close: number, afterFirst: boolean): boolean {
    if (!afterFirst) this.#at++
    this.#skipSpaces()
    const code = this.#text.charCodeAt(this.#at)
    if (code === close) {
      this.#at++
      return false
    }
    if (!afterFirst) return true
    if (code !== comma) notSimple()
    this.#at++
    this.#skipSpaces()
    return true
  }

  /** A key that the mapping does not have yet; ends at its colon. */
  #key(entries: Entries): string {
    const start = this.#at
    const written = isQuote(this.#text.charCodeAt(start)) ? this.#quoted() : this.#plainKey()
    const name = this.#interned(written)
    const isRefused = name === '<<' || forbiddenKeys.has(name) || entries.has(name)
    if (isRefused || !isColon(this.#text, this.#at) || this.#at - start > maxKeyLength) notSimple()
    return name
  }

  #plainKey(): string {
    const start = this.#at
    this.#at = endOfKey(this.#text, start)
    return this.#at === start ? notSimple() : this.#text.slice(start, this.#at)
  }

  #interned(written: string): string {
    const known = this.#keys.get(written)
    if (known === undefined) this.#keys.set(written, written)
    return known ?? written
  }

  #isKey(): boolean {
    const isQuoted = isQuote(this.#text.charCodeAt(this.#at))
    const end = isQuoted ? endOfQuoted(this.#text, this.#at) : endOfKey(this.#text, this.#at)
    return isColon(this.#text, end)
  }

  #scalar(inBrackets: boolean): ScalarNode {
    const start = this.#at
    const isQuoted = isQuote(this.#text.charCodeAt(start))
    const value = isQuoted ? this.#quoted() : this.#plain(inBrackets)
    return { kind: 'scalar', value, start, end: this.#at }
  }

  #plain(inBrackets: boolean): ScalarNode['value'] {
    const start = this.#at
    this.#at = endOfPlain(this.#text, start, inBrackets)
    if (this.#at === start) notSimple()
    const value = plainValue(this.#text.slice(start, this.#at))
    return value === undefined ? notSimple() : value
  }

  #quoted(): string {
    const start = this.#at
    this.#at = endOfQuoted(this.#text, start)
    if (this.#at === 0) notSimple()
    return quotedValue(this.#text.slice(start, this.#at)) ?? notSimple()
  }

  #skipSpaces(): void {
    while (this.#text.charCodeAt(this.#at) === space) this.#at++
  }

  /** From behind a value, or the colon of a key, to the next line that says something. */
  #endLine(container: number): void {
    this.#skipSpaces()
    const code = this.#text.charCodeAt(this.#at)
    if (code === hash && this.#text.charCodeAt(this.#at - 1) === space) this.#skipComment()
    else if (code === lineFeed) this.#at++
    else if (this.#at < this.#text.length) notSimple()
    this.#tail = this.#at
    this.#comment = -1
    this.#skipLines(container)
  }

  /**
   * Comments farther right than the container belong to the value above them, up to the first
   * one that does not.
   */
  #skipLines(container: number): void {
    while (this.#at < this.#text.length) {
      this.#lineStart = this.#at
      this.#skipSpaces()
      const indent = this.#at - this.#lineStart
      const code = this.#text.charCodeAt(this.#at)
      if (code === lineFeed) this.#at++
      else if (code === hash) {
        this.#skipComment()
        if (this.#comment < 0 && indent > container) this.#tail = this.#at
        else this.#comment = Math.max(this.#comment, indent)
      } else if (this.#at < this.#text.length) {
        this.#indent = indent
        return
      }
    }
    this.#indent = -1
  }

  #skipComment(): void {
    const end = this.#text.indexOf('\n', this.#at)
    this.#at = end < 0 ? this.#text.length : end + 1
  }
}
