import { isAbsolute, join, resolve } from 'node:path'
import { segmentsBelow } from '../../base/path.ts'
import type { PathGuard } from '../../policy/document.ts'
import type { FileArea, Located, Refused } from '../../tools/access/area.ts'
import { linkProblem, type FileProbe } from './links.ts'
import { compilePathGlob, foldName, type PathGlob } from './path-globs.ts'
import { climbs, pathTextProblem } from './path-text.ts'

/** What the system shows there is no file, whoever asks. */
const systemFolders = ['/proc', '/dev', '/sys']

/** The area of a guard; a relative `root` starts at `folder`, that of the policy file. */
export function fileArea(guard: PathGuard, folder: string): FileArea {
  const root = resolve(folder, guard.root)
  const deny = guard.deny.map((text) => compileBelow(text, root))
  const readOnly = guard.readOnly.map((text) => compileBelow(text, root))
  const refuse: FileArea['refuse'] = (segments, writing) => {
    if (isOfSystem(root, join(root, ...segments))) return outOf(guard.root)
    const folded = segments.map(foldName)
    const denied = deny.find((glob) => glob.matches(folded))
    if (denied !== undefined) return `is denied by the pattern \`${denied.text}\``
    if (!writing) return undefined
    const kept = readOnly.find((glob) => glob.matches(folded))
    return kept === undefined ? undefined : `is read-only by the pattern \`${kept.text}\``
  }
  return {
    root,
    symlinks: guard.symlinks,
    refuse,
    locate(path, writing) {
      const located = locate(path, root, guard.root)
      if (!located.ok) return located
      const reason = refuse(located.segments, writing)
      return reason === undefined ? located : { ok: false, reason }
    },
  }
}

function locate(path: string, root: string, shown: string): Located | Refused {
  const problem = pathTextProblem(path)
  if (problem !== undefined) return { ok: false, reason: problem }
  if (isAbsolute(path) && climbs(path)) {
    return { ok: false, reason: 'is absolute and holds `..`; write it without `..`' }
  }
  const out: Refused = { ok: false, reason: outOf(shown) }
  if (!isAbsolute(path) && climbsOut(path)) return out
  const full = resolve(root, path)
  const segments = segmentsBelow(root, full)
  return segments === undefined ? out : { ok: true, path: full, segments }
}

function outOf(root: string): string {
  return `leads out of the folder \`${root}\`; stay below it`
}

/** Whether the system shows something there that is no file, below a root that is further up. */
function isOfSystem(root: string, full: string): boolean {
  return systemFolders.some(
    (folder) =>
      segmentsBelow(folder, full) !== undefined && segmentsBelow(folder, root) === undefined,
  )
}

/** Also where the path comes back in: what it passes outside may be a link. */
function climbsOut(path: string): boolean {
  let depth = 0
  for (const segment of path.split('/')) {
    if (segment === '..') depth--
    else if (segment !== '' && segment !== '.') depth++
    if (depth < 0) return true
  }
  return false
}

/** Patterns are relative to the root; one that begins with the root is taken relative to it. */
function compileBelow(text: string, root: string): PathGlob {
  const prefix = root.endsWith('/') ? root : `${root}/`
  const below = text.startsWith(prefix) ? text.slice(prefix.length) : text
  return { ...compilePathGlob(below), text }
}

/** Why a path may not be used by a call, as the rest of a sentence. */
export function pathProblem(
  area: FileArea,
  path: string,
  writing: boolean,
  probe: FileProbe | undefined,
): string | undefined {
  const located = area.locate(path, writing)
  if (!located.ok) return located.reason
  return probe === undefined ? undefined : linkProblem(area, path, located, writing, probe)
}
