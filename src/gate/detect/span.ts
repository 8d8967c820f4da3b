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

/** `text` with every part replaced; parts may overlap, and are then taken together. */
export function replaceFound(
  text: string,
  parts: readonly Found[],
  replace: (part: string) => string,
): { readonly text: string; readonly count: number } {
  if (parts.length === 0) return { text, count: 0 }
  const pieces: string[] = []
  let at = 0
  let count = 0
  const sorted = parts.toSorted((a, b) => a.start - b.start || b.end - a.end)
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
