/** Names are compared as the most forgiving disk would: any case, any normal form. */
export function foldName(name: string): string {
  // upper case first, since it unfolds what lower case alone leaves apart: the long s, the sharp s
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC')
}

type Segment = '**' | ((name: string) => boolean)

/** A glob over the places below a root. */
export interface PathGlob {
  readonly text: string
  /** Folded segments; a place below a matching one matches too. */
  matches(segments: readonly string[]): boolean
}

/**
 * `*` is any characters of one segment, `**` any segments, none included; all else stands for
 * itself, in any case. What matches covers everything below it, and `x/**` covers `x` itself. The
 * cost is the product of both lengths at worst.
 */
export function compilePathGlob(text: string): PathGlob {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  const segments = parts.map((part): Segment => (part === '**' ? '**' : compileSegment(part)))
  return { text, matches: (names) => matchPrefix(segments, names) }
}

/** Whether the glob matches the first so many of the names. */
function matchPrefix(segments: readonly Segment[], names: readonly string[]): boolean {
  let places = enter(segments, [0])
  for (const name of names) {
    if (places.has(segments.length)) return true
    const next: number[] = []
    for (const place of places) {
      const segment = segments[place]
      if (segment === '**') next.push(place)
      else if (segment?.(name) === true) next.push(place + 1)
    }
    places = enter(segments, next)
  }
  return places.has(segments.length)
}

/** `**` may stand for nothing, so whoever stands before it also stands behind it. */
function enter(segments: readonly Segment[], from: readonly number[]): ReadonlySet<number> {
  const places = new Set<number>()
  for (const start of from) {
    places.add(start)
    for (let at = start; segments[at] === '**'; at++) places.add(at + 1)
  }
  return places
}

function compileSegment(glob: string): (name: string) => boolean {
  const [first = '', ...rest] = glob.split('*').map(foldName)
  const last = rest.pop()
  if (last === undefined) return (name) => name === first
  return (name) => {
    if (!name.startsWith(first)) return false
    let at = first.length
    // the leftmost fit of each piece leaves most to the others
    for (const piece of rest) {
      const found = name.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
    return name.length - last.length >= at && name.endsWith(last)
  }
}
