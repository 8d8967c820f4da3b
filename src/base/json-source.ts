import { endOfString } from './json.ts'

/**
 * Where values stand in a text that `JSON.parse` accepts, for whoever needs a value exactly as it
 * was written: parsing alters large numbers and keeps one of two equal keys. Nothing recurses, and
 * every function costs one scan of the container it looks into.
 */

/**
 * The offset of what a path of keys and positions leads to; undefined when there is nothing, and
 * when a key on the way stands twice in its object, so that readers could differ.
 */
export function locate(
  text: string,
  path: readonly (string | number)[],
  from = 0,
): number | undefined {
  let at: number | undefined = skipSpace(text, from)
  for (const step of path) {
    if (at === undefined) return undefined
    at = typeof step === 'number' ? itemsAt(text, at)[step] : memberAt(text, at, step)
  }
  return at
}

/** The offsets of the items of the array at `at`; none when there is no array. */
export function itemsAt(text: string, at: number): readonly number[] {
  const items: number[] = []
  if (text[at] !== '[') return items
  let item = skipSpace(text, at + 1)
  while (item < text.length && text[item] !== ']') {
    items.push(item)
    item = skipSpace(text, endOfValue(text, item))
  }
  return items
}

/** The value at `at` as it is written. */
export function sourceAt(text: string, at: number): string {
  return text.slice(at, endOfValue(text, at))
}

function memberAt(text: string, at: number, key: string): number | undefined {
  if (text[at] !== '{') return undefined
  let found: number | undefined
  let member = skipSpace(text, at + 1)
  while (member < text.length && text[member] !== '}') {
    const end = endOfValue(text, member)
    const value = skipSpace(text, end)
    if (JSON.parse(text.slice(member, end)) === key) {
      if (found !== undefined) return undefined
      found = value
    }
    member = skipSpace(text, endOfValue(text, value))
  }
  return found
}

/** The next offset at which a value, a key or the end of a container stands. */
function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && between.has(text.charCodeAt(at))) at++
  return at
}

/** White space, comma and colon. */
const between: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0x2c, 0x3a])

function endOfValue(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      at = endOfString(text, at + 1)
      if (depth === 0) return at + 1
    } else if (code === 0x7b || code === 0x5b) depth++
    else if (code === 0x7d || code === 0x5d) {
      // a number or a word ends before what closes its container
      if (depth <= 1) return depth === 0 ? at : at + 1
      depth--
    } else if (depth === 0 && between.has(code)) return at
  }
  return text.length
}
