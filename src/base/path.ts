import { join, relative, sep } from 'node:path'

/** The segments from `root` to `path`, both absolute; undefined when `path` is not below it. */
export function segmentsBelow(root: string, path: string): readonly string[] | undefined {
  const way = relative(root, path)
  if (way === '') return []
  const segments = way.split(sep)
  // on platforms with drives the way to another one is absolute
  return segments[0] === '..' || join(root, way) !== path ? undefined : segments
}
