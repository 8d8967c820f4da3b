/**
 * The text without the characters of `front` at its beginning and those of `back` at its end. A
 * pattern such as `/x+$/` would take quadratic time for long runs in the middle.
 */
export function trim(text: string, front: ReadonlySet<string>, back: ReadonlySet<string>): string {
  let start = 0
  let end = text.length
  while (start < end && front.has(text[start]!)) start++
  while (end > start && back.has(text[end - 1]!)) end--
  return text.slice(start, end)
}

export const nothing: ReadonlySet<string> = new Set()
