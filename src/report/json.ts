/** JSON for people: members sorted, indented by two spaces. */
export function prettyJson(value: unknown): string {
  return JSON.stringify(sorted(value), null, 2)
}

/** JSON on one line, members sorted. */
export function compactJson(value: unknown): string {
  return JSON.stringify(sorted(value))
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const keys = Object.keys(value).toSorted()
  // fromEntries defines own members, so that a key such as `__proto__` stays a member
  return Object.fromEntries(
    keys.map((key) => [key, sorted((value as Record<string, unknown>)[key])]),
  )
}
