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
  const links = [...prefixes(area.root, segments), ...climbedPlaces(area.root, path)].some(
    (place) => probe.kindOf(place) === 'link',
  )
  if (!links) return undefined
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
  const existing = prefixes(area.root, segments).filter((place) => probe.kindOf(place) !== 'absent')
  const missing = segments.slice(existing.length)
  const real = join(probe.realPath(existing.at(-1) ?? area.root), ...missing)
  const below = segmentsBelow(probe.realPath(area.root), real)
  if (below === undefined) return 'leads through a symbolic link out of the folder'
  return area.refuse(below, writing)
}

function prefixes(root: string, segments: readonly string[]): readonly string[] {
  return segments.map((_, index) => join(root, ...segments.slice(0, index + 1)))
}

/** What is passed and left again by `..`; the system follows a link there before it goes up. */
function climbedPlaces(root: string, path: string): readonly string[] {
  if (!climbs(path)) return []
  const places: string[] = []
  const stack: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') stack.pop()
    else {
      stack.push(segment)
      places.push(join(root, ...stack))
    }
  }
  return places
}
