import { pointerTokens, type JsonObject, type JsonValue } from './json.ts'

/** There is no such member or item. */
export const absent = Symbol('absent')

/** The path leads through a scalar, or through a list by a name: it is neither there nor absent. */
export const blocked = Symbol('blocked')

/** The value at a path through own members and items. */
export function valueAt(
  root: JsonValue,
  path: readonly string[],
): JsonValue | typeof absent | typeof blocked {
  let value = root
  for (const token of path) {
    if (typeof value !== 'object' || value === null) return blocked
    // a list has an own member `length`, which is no item
    if (Array.isArray(value) && !/^(0|[1-9][0-9]*)$/.test(token)) return blocked
    if (!Object.hasOwn(value, token)) return absent
    value = (value as JsonObject)[token]!
  }
  return value
}

/** The value at a path through own members and items; undefined if there is none. */
export function presentAt(root: JsonValue, path: readonly string[]): JsonValue | undefined {
  const value = valueAt(root, path)
  return typeof value === 'symbol' ? undefined : value
}

/** The value that a JSON Pointer (RFC 6901) names; undefined if there is none. */
export function getPointer(root: JsonValue, pointer: string): JsonValue | undefined {
  const path = pointerTokens(pointer)
  return path === undefined ? undefined : presentAt(root, path)
}
