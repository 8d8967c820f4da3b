const whiteSpace: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])

/** White space, comma and colon. */
const between: ReadonlySet<number> = new Set([...whiteSpace, 0x2c, 0x3a])

/**
 * Like `JSON.parse`, also for keys with escapes, which V8 since 12.8 may take for another key: once
 * an object with the keys `a` and a single backslash was parsed, the key after `a` is read as a
 * backslash also where the text has `\n`. Throws a SyntaxError for what is not JSON. Only texts with
 * such keys cost more: they are read a second time, recursively.
 */
export function parseExact(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return text.includes('\\') && hasEscapedKey(text)
    ? valueAt(text, skipSpace(text, 0)).value
    : value
}

function hasEscapedKey(text: string): boolean {
  let escape = -1
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) {
    const end = endOfString(text, at + 1)
    // searched anew only once it was passed, or a far one would be looked for at every string
    if (escape < at) escape = text.indexOf('\\', at)
    if (escape < 0) return false
    if (escape < end && isKey(text, end + 1)) return true
    at = end
  }
  return false
}

/** True when a colon follows, as it does after a key and never after a value. */
function isKey(text: string, from: number): boolean {
  let at = from
  while (at < text.length && whiteSpace.has(text.charCodeAt(at))) at++
  return text.charCodeAt(at) === 0x3a
}

interface Read {
  readonly value: unknown
  readonly end: number
}

/** The value at an offset of a text that is JSON. */
function valueAt(text: string, at: number): Read {
  if (text[at] === '{') return objectAt(text, at)
  if (text[at] === '[') return arrayAt(text, at)
  const end = endOfValue(text, at)
  return { value: JSON.parse(text.slice(at, end)), end }
}

function objectAt(text: string, from: number): Read {
  const members: [string, unknown][] = []
  let at = skipSpace(text, from + 1)
  while (text[at] !== '}') {
    const end = endOfValue(text, at)
    const member = valueAt(text, skipSpace(text, end))
    members.push([JSON.parse(text.slice(at, end)) as string, member.value])
    at = skipSpace(text, member.end)
  }
  return { value: Object.fromEntries(members), end: at + 1 }
}

function arrayAt(text: string, from: number): Read {
  const items: unknown[] = []
  let at = skipSpace(text, from + 1)
  while (text[at] !== ']') {
    const item = valueAt(text, at)
    items.push(item.value)
    at = skipSpace(text, item.end)
  }
  return { value: items, end: at + 1 }
}

/** The offset of the quote that ends a string whose inside begins at `from`; -1 if there is none. */
export function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === 0x5c && at - 1 - slashes >= from) slashes++
    if (slashes % 2 === 0) return at
  }
  return -1
}

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
