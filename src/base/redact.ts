import { hasToken, isObject, pointerTokens, type JsonValue } from './json.ts'

/** What stands in place of a redacted value. */
export const redacted = '[redacted]'

/**
 * A copy of `value` in which everything the pointers name is replaced by `[redacted]`. A `*` token
 * names every member or item; a malformed pointer redacts everything. The shape stays, so that a
 * reader sees that something was there; branches no pointer touches are shared with the input, not
 * copied.
 */
export function redactPointers(value: JsonValue, pointers: readonly string[]): JsonValue {
  let result = value
  for (const pointer of pointers) result = redactPath(result, pointerTokens(pointer) ?? [], 0)
  return result
}

/**
 * The arguments of a call without what its tool calls sensitive. Pointers of a tool lead into an
 * object, so of anything else nothing is shown; null stands for arguments that could not be read.
 */
export function redactArguments(args: JsonValue, sensitive: readonly string[]): JsonValue {
  if (args === null || sensitive.length === 0 || isObject(args)) {
    return redactPointers(args, sensitive)
  }
  return redacted
}

function redactPath(value: JsonValue, path: readonly string[], at: number): JsonValue {
  if (at === path.length) return redacted
  if (typeof value !== 'object' || value === null) return value
  const token = path[at]!
  const keys = token === '*' ? Object.keys(value) : hasToken(value, token) ? [token] : []
  if (keys.length === 0) return value
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, JsonValue>
  for (const key of keys) copy[key] = redactPath(copy[key]!, path, at + 1)
  return copy as JsonValue
}
