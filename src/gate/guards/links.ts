import { join } from 'node:path'
import { segmentsBelow } from '../../base/path.ts'
import type { FileArea, Located } from '../../tools/access/area.ts'
import { climbs } from './path-text.ts'

/** How a guard looks at the disk while a call is judged. Methods throw when it cannot be told. */
export interface FileProbe {
  /** Of the entry itself: a link is not followed. */
  kindOf(path: string): 'absent' | 'link' | 'other'
  /** The place behind all links. */
  realPath(path: string): string
}

/**
 * What the disk has against a path that is fine by its text: a symbolic link on the way where
 * links are denied, or one that leads out of the root or to a denied place. Opening checks again;
 * this only refuses early and with a reason.
 */
export function linkProblem(
  area: FileArea,
  path: string,
  { segments }: Located,
  writing: boolean,
  probe: FileProbe,
): string | undefined {
  const disk = new Walk(probe)
  const isLinked =
    disk.passesLink(area.root, segments) ||
    (climbs(path) && disk.passesLink(area.root, path.split('/')))
  if (!isLinked) return undefined
  if (area.symlinks === 'deny') return 'leads through a symbolic link'
  if (climbs(path)) return 'leads through a symbolic link and holds `..`; write it without `..`'
  return realProblem(area, segments, writing, probe)
}

function realProblem(
  area: FileArea,
  segments: readonly string[],
  writing: boolean,
  probe: FileProbe,
): string | undefined {
  const existing = new Walk(probe).existing(area.root, segments)
  const real = join(probe.realPath(existing.place), ...segments.slice(existing.count))
  const below = segmentsBelow(probe.realPath(area.root), real)
  if (below === undefined) return 'leads through a symbolic link out of the folder'
  return area.refuse(below, writing)
}

/**
 * Goes down paths step by step. Nothing is below what is not there, so that of a path of thousands
 * of parts only those are looked at that exist.
 */
class Walk {
  readonly #probe: FileProbe
  readonly #kinds = new Map<string, ReturnType<FileProbe['kindOf']>>()

  constructor(probe: FileProbe) {
    this.#probe = probe
  }

  /** Also a link that `..` leaves again: the system follows it before it goes up. */
  passesLink(root: string, segments: readonly string[]): boolean {
    const places: (string | undefined)[] = [root]
    for (const segment of segments) {
      if (segment === '' || segment === '.') continue
      if (segment === '..') {
        if (places.length > 1) places.pop()
        continue
      }
      const above = places.at(-1)
      const place = above === undefined ? undefined : join(above, segment)
      const kind = place === undefined ? 'absent' : this.#kindOf(place)
      if (kind === 'link') return true
      places.push(kind === 'absent' ? undefined : place)
    }
    return false
  }

  /** How many of the parts are there, and where the last of them is. */
  existing(
    root: string,
    segments: readonly string[],
  ): { readonly place: string; readonly count: number } {
    let place = root
    for (const [count, segment] of segments.entries()) {
      const next = join(place, segment)
      if (this.#kindOf(next) === 'absent') return { place, count }
      place = next
    }
    return { place, count: segments.length }
  }

  #kindOf(place: string): ReturnType<FileProbe['kindOf']> {
    const kind = this.#kinds.get(place) ?? this.#probe.kindOf(place)
    this.#kinds.set(place, kind)
    return kind
  }
}
