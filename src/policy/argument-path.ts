import type { JsonObject, JsonValue } from '../base/json.ts'

/** There is no such argument. */
export const absent = Symbol('absent')

/** The path leads through a scalar: the argument is neither present nor absent. */
export const blocked = Symbol('blocked')

/** The value at a path through own members and items. */
export function valueAt(
  args: JsonObject,
  path: readonly string[],
): JsonValue | typeof absent | typeof blocked {
  let value: JsonValue = args
  for (const token of path) {
    if (typeof value !== 'object' || value === null) return blocked
    // a list has an own member `length`, which is no item
    if (Array.isArray(value) && !/^(0|[1-9][0-9]*)$/.test(token)) return blocked
    if (!Object.hasOwn(value, token)) return absent
    value = (value as JsonObject)[token]!
  }
  return value
}
