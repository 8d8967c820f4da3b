import { blocked } from '../../base/json-path.ts'
import { escapeToken, hasToken, type JsonObject, type JsonValue } from '../../base/json.ts'

/** A part of the arguments and where it is. */
export interface Found<Value = JsonValue> {
  /** JSON pointer. */
  readonly pointer: string
  readonly value: Value
}

/**
 * The values at a path; `*` is every member and item. Null stands for an argument left out. A path
 * that leads through a scalar is blocked: what it names is not what the guard was written for.
 */
export function findValues(
  args: JsonObject,
  path: readonly string[],
): readonly Found[] | typeof blocked {
  let found: readonly Found[] = [{ pointer: '', value: args }]
  for (const token of path) {
    if (found.some(({ value }) => typeof value !== 'object')) return blocked
    found = found.flatMap((container) => childrenOf(container, token))
  }
  return found.filter(({ value }) => value !== null)
}

function childrenOf({ pointer, value }: Found, token: string): readonly Found[] {
  if (typeof value !== 'object' || value === null) return []
  const keys = token === '*' ? Object.keys(value) : hasToken(value, token) ? [token] : []
  return keys.map((key) => ({
    pointer: `${pointer}/${escapeToken(key)}`,
    value: (value as JsonObject)[key]!,
  }))
}

/** Every scalar below a value, null left out; keys of objects count as texts. */
export function* scalarsOf({ pointer, value }: Found): Generator<Found<string | number | boolean>> {
  if (value === null) return
  if (typeof value !== 'object') {
    yield { pointer, value }
    return
  }
  for (const [key, member] of Object.entries(value)) {
    const inner = `${pointer}/${escapeToken(key)}`
    if (!Array.isArray(value)) yield { pointer: inner, value: key }
    yield* scalarsOf({ pointer: inner, value: member as JsonValue })
  }
}
