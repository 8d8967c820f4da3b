/** A part of a text that was recognised; `end` is not included. */
export interface Found {
  readonly start: number
  readonly end: number
}

/** Finds all parts of one kind, in order, in time linear in the text. */
export type Detector = (text: string) => readonly Found[]

/** The matches of a global pattern for which `accept` holds. */
export function findAll(
  pattern: RegExp,
  text: string,
  accept: (match: string) => boolean = () => true,
): readonly Found[] {
  const found: Found[] = []
  for (const match of text.matchAll(pattern)) {
    const [whole] = match
    if (accept(whole)) found.push({ start: match.index, end: match.index + whole.length })
  }
  return found
}

/**
 * What begins with a match, up to where `endOf` says it ends; undefined where it says there is none.
 * The search then goes on inside of the match, which may hold the beginning of another one: only
 * for patterns of bounded length.
 */
export function findWithin(
  pattern: RegExp,
  text: string,
  endOf: (match: string, start: number) => number | undefined,
): readonly Found[] {
  const found: Found[] = []
  pattern.lastIndex = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const { index: start } = match
    const end = endOf(match[0], start)
    if (end !== undefined) found.push({ start, end })
    pattern.lastIndex = end ?? start + 1
  }
  return found
}

/**
 * `text` with every part replaced; parts, none of them empty, may overlap, and are then taken
 * together.
 */
export function replaceFound(
  text: string,
  parts: readonly Found[],
  replace: (part: string) => string,
): { readonly text: string; readonly count: number } {
  const pieces: string[] = []
  let at = 0
  let count = 0
  const sorted = parts.toSorted((a, b) => a.start - b.start)
  for (let index = 0; index < sorted.length;) {
    const { start } = sorted[index]!
    let { end } = sorted[index]!
    for (index++; index < sorted.length && sorted[index]!.start < end; index++) {
      end = Math.max(end, sorted[index]!.end)
    }
    pieces.push(text.slice(at, start), replace(text.slice(start, end)))
    at = end
    count++
  }
  pieces.push(text.slice(at))
  return { text: pieces.join(''), count }
}
