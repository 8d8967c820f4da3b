import { isVisible } from '../../base/text.ts'

/** Percent escapes of separators, dots, NUL and of themselves, overlong UTF-8 forms, `%u` forms. */
const encoded = /%(?:0[0-9a-f]|2[5ef]|5c|c[01]|e0|f0|f8|fc|%|u[0-9a-f]{4})/i

/** Also with an extension, which Windows ignores. */
const device = /^(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9])(?:\.|$)/i

/** `GIT~1` is another name of `.git` on some disks. */
const shortName = /^[^.~]{1,6}~[0-9]{1,6}(?:\.[^.]{0,3})?$/

/** Readers that know it put somebody's home folder there, and the others do not. */
const home = /^~[a-z0-9_.-]*$/i

const maxLength = 4096

/**
 * What is wrong with a path by its text alone, as the rest of a sentence; undefined when all
 * readers of paths see one and the same place in it, on every platform. A path is not decoded and
 * not repaired: what could be decoded to something else is refused.
 */
export function pathTextProblem(path: string): string | undefined {
  if (path === '') return 'is empty'
  if (path.length > maxLength) return `is longer than ${maxLength} characters`
  const problem = problemOf(path)
  if (problem !== undefined) return problem
  const plain = path.normalize('NFKC')
  if (plain === path) return undefined
  if (plain.split('/').length !== path.split('/').length) return 'holds a look-alike of `/`'
  const hidden = problemOf(plain) ?? (climbs(plain) && !climbs(path) ? 'climbs' : undefined)
  return hidden === undefined ? undefined : `holds look-alikes of other characters: it ${hidden}`
}

function problemOf(path: string): string | undefined {
  if (!isVisible(path)) return 'holds a control or invisible character'
  if (path.includes('\\')) return 'holds a backslash; write `/`'
  if (path.includes(':')) return 'holds a colon, which names a drive or a stream'
  if (encoded.test(path)) return 'holds percent-encoded characters; write them as they are'
  if (path.startsWith('//')) return 'begins with two slashes, which names another machine'
  const segments = path.split('/')
  if (home.test(segments[0]!)) return 'begins with `~`; write a path relative to the folder'
  for (const segment of segments) {
    const problem = segmentProblem(segment)
    if (problem !== undefined) return problem
  }
  return undefined
}

function segmentProblem(segment: string): string | undefined {
  if (segment === '' || segment === '.' || segment === '..') return undefined
  if (segment.endsWith('.') || segment.endsWith(' ')) {
    return 'has a part that ends in a dot or a space, which some disks leave out'
  }
  if (segment.startsWith('..;')) return 'has a part `..;`, which some servers read as `..`'
  if (device.test(segment)) return 'has a part that names a device on some platforms'
  if (shortName.test(segment)) return 'has a part that some disks read as a short name'
  return undefined
}

export function climbs(path: string): boolean {
  return path.split('/').includes('..')
}
