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
  readonly entries: ReadonlyMap<string, Entry>
}

/** The place is that of the key. */
export interface Entry extends Span {
  readonly value: Node
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
  for (const [key, { value }] of node.entries) object[key] = toJson(value)
  return object
}
