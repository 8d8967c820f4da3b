import type { JsonObject, JsonPrimitive, JsonValue } from '../base/json.ts'
import type { Span } from './source.ts'

/** A value of a policy file with its place. */
export type Node = ScalarNode | ListNode | MapNode

export interface ScalarNode extends Span {
  readonly kind: 'scalar'
  readonly value: JsonPrimitive
}

export interface ListNode extends Span {
  readonly kind: 'list'
  readonly items: readonly Node[]
}

export interface MapNode extends Span {
  readonly kind: 'map'
  readonly entries: Entries
}

/** One name of a mapping and its value; the place is that of the key. */
export interface Entry extends Span {
  readonly name: string
  readonly value: Node
  /** What follows in the mapping. */
  readonly next: Entry | undefined
}

/** Up to so many entries, comparing names is faster than an index of them. */
const fewEntries = 8

/**
 * The entries of a mapping, in the order of the file: a chain, since a `Map` takes several times the
 * memory, and a policy of 10,000 rules may have 50,000 mappings, nearly all of a few entries.
 */
export class Entries {
  #first: Entry | undefined
  #last: { next: Entry | undefined } | undefined
  #index: Map<string, Entry> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): Entry | undefined {
    return this.#first
  }

  /** A name that is not there yet. */
  add(name: string, value: Node, { start, end }: Span): void {
    const entry = { name, value, start, end, next: undefined }
    if (this.#last === undefined) this.#first = entry
    else this.#last.next = entry
    this.#last = entry
    this.#size++
    if (this.#index !== undefined) this.#index.set(name, entry)
    else if (this.#size > fewEntries) this.#index = this.#indexed()
  }

  get(name: string): Entry | undefined {
    if (this.#index !== undefined) return this.#index.get(name)
    let entry = this.#first
    while (entry !== undefined && entry.name !== name) entry = entry.next
    return entry
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** What `read` gives for each, in a list of just that length. */
  map<T>(read: (entry: Entry) => T): T[] {
    // Array.from takes thirty times as long, a list that grows makes room for seventeen
    // oxlint-disable-next-line unicorn/no-new-array
    const items = new Array<T>(this.#size)
    let at = 0
    for (let entry = this.#first; entry !== undefined; entry = entry.next) items[at++] = read(entry)
    return items
  }

  *[Symbol.iterator](): Generator<Entry, void> {
    for (let entry = this.#first; entry !== undefined; entry = entry.next) yield entry
  }

  #indexed(): Map<string, Entry> {
    const index = new Map<string, Entry>()
    for (const entry of this) index.set(entry.name, entry)
    return index
  }
}

/** Deepest nesting of a policy file. */
export const maxDepth = 32

/** Keys that reach a prototype when a map becomes an object. */
export const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** What the node is called in messages. */
export function describe(node: Node): string {
  switch (node.kind) {
    case 'list':
      return 'a list'
    case 'map':
      return 'a mapping'
    case 'scalar':
      return node.value === null ? 'nothing' : `a ${typeof node.value}`
  }
}

/** The plain value of a node; forbidden keys have been refused before. */
export function toJson(node: Node): JsonValue {
  switch (node.kind) {
    case 'scalar':
      return node.value
    case 'list':
      return node.items.map(toJson)
    case 'map':
      return mapToJson(node)
  }
}

export function mapToJson(node: MapNode): JsonObject {
  const object: Record<string, JsonValue> = {}
  for (const { name, value } of node.entries) object[name] = toJson(value)
  return object
}
