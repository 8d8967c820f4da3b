import { constants, type Stats } from 'node:fs'
import { open, readlink, realpath, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { SallyportError } from '../../base/errors.ts'
import { segmentsBelow } from '../../base/path.ts'
import type { FileArea, ToolAccess } from './area.ts'
import { agreed, denied, noGuard } from './denied.ts'

export type OpenedFile = FileHandle

/** As `fs.open` has them: read, read and write, write anew, append; `x` only what is not there. */
export type OpenFlags = 'r' | 'r+' | 'w' | 'wx' | 'a' | 'ax'

const {
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  O_CREAT,
  O_EXCL,
  O_APPEND,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
} = constants

// what is there is emptied only after it has been looked at
const flagBits: Readonly<Record<OpenFlags, number>> = {
  r: O_RDONLY,
  'r+': O_RDWR,
  w: O_WRONLY | O_CREAT,
  wx: O_WRONLY | O_CREAT | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
  ax: O_WRONLY | O_CREAT | O_APPEND | O_EXCL,
}

/**
 * Opens a regular file below the root of the guards that are about the tool. The path is judged
 * again, by its text and by the disk, and the file is then reached step by step from the root
 * without following any link, so that what is opened is what was judged. A file with a second name
 * (hard link) is not opened for writing, except below `.git/objects`. The caller closes the handle.
 *
 * Throws `access-denied` for what the guards do not allow, `bad-option` for unknown flags, and
 * errors with the `code` of the system (`ENOENT`, ...) for what they allow and the system does not.
 */
export async function openFile(
  access: ToolAccess | undefined,
  tool: string,
  path: string,
  flags: OpenFlags = 'r',
): Promise<OpenedFile> {
  if (access === undefined || access.files.length === 0) throw noGuard(tool, 'paths')
  const isKnown = typeof flags === 'string' && Object.hasOwn(flagBits, flags)
  const bits = isKnown ? flagBits[flags] : undefined
  if (bits === undefined || typeof path !== 'string') {
    throw new SallyportError('bad-option', 'a file is opened by its path and flags', {
      help: `pass a string and one of ${Object.keys(flagBits).join(', ')}`,
    })
  }
  const writing = flags !== 'r'
  if (writing && access.readOnly) {
    throw denied('the file', 'cannot be written: the policy calls this tool one that reads')
  }
  const { root, segments } = await placeOf(access, path, writing)
  const handle = await openBelow(root, segments, bits)
  try {
    checkOpened(await handle.stat(), segments, writing)
    await compareOpened(handle, join(root, ...segments))
    if (flags === 'w') await handle.truncate(0)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

interface Place {
  /** Without links. */
  readonly root: string
  readonly segments: readonly string[]
}

/** Where the path really leads, after every guard has agreed to it. */
async function placeOf(access: ToolAccess, path: string, writing: boolean): Promise<Place> {
  const areas = agreed(access.files, (area) => area.locate(path, writing))
  if ('reason' in areas) throw denied('the path', areas.reason)
  const [first] = areas
  const target = first!.found.path
  if (areas.some(({ found }) => found.path !== target)) {
    throw denied('the path', 'is relative, and guards read it below different folders')
  }
  const real = await realPlace(target)
  const places: Place[] = []
  for (const { area, found } of areas) {
    places.push(await realBelow(area, found.segments, { real, writing }))
  }
  return places[0]!
}

async function realBelow(
  area: FileArea,
  written: readonly string[],
  { real, writing }: { readonly real: string; readonly writing: boolean },
): Promise<Place> {
  const root = await system(() => realpath(area.root))
  const segments = segmentsBelow(root, real)
  if (segments === undefined) {
    throw denied('the path', 'leads through a symbolic link out of the folder')
  }
  if (area.symlinks === 'deny' && segments.join(sep) !== written.join(sep)) {
    throw denied('the path', 'leads through a symbolic link')
  }
  const reason = area.refuse(segments, writing)
  if (reason !== undefined) throw denied('the path', reason)
  return { root, segments }
}

/** The path without links; only the last part may be missing. */
async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw systemError(error)
    return join(await system(() => realpath(dirname(path))), basename(path))
  }
}

async function openBelow(
  root: string,
  segments: readonly string[],
  bits: number,
): Promise<FileHandle> {
  const last = segments.at(-1)
  if (last === undefined) throw denied('the path', 'names a folder, not a file')
  // a FIFO would block, and is no regular file
  const flags = bits | O_NOFOLLOW | O_NONBLOCK
  // elsewhere a folder may be swapped between these two, and only the comparison tells: what is
  // opened so is closed again unused, but with `w` or `a` an empty file may have been made
  if (process.platform !== 'linux') return system(() => open(join(root, ...segments), flags))
  let folder = await system(() => open(root, O_RDONLY | O_DIRECTORY))
  try {
    for (const segment of segments.slice(0, -1)) {
      const at = inside(folder, segment)
      const next = await system(() => open(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
      await folder.close()
      folder = next
    }
    const at = inside(folder, last)
    return await system(() => open(at, flags))
  } finally {
    await folder.close()
  }
}

/** An entry of the folder that is open, whatever has been put in its place meanwhile. */
function inside(folder: FileHandle, segment: string): string {
  return `/proc/self/fd/${folder.fd}/${segment}`
}

function checkOpened(stats: Stats, segments: readonly string[], writing: boolean): void {
  if (!stats.isFile()) throw denied('the path', 'names no regular file')
  const git = segments.indexOf('.git')
  const isObject = git >= 0 && segments[git + 1] === 'objects'
  if (writing && stats.nlink > 1 && !isObject) {
    throw denied(
      'the file',
      'has a second name (hard link), under which it may be out of the folder',
    )
  }
}

/** The handle is for the file at `path` now, and no link is on the way. */
async function compareOpened(handle: FileHandle, path: string): Promise<void> {
  const opened =
    process.platform === 'linux'
      ? await system(() => readlink(`/proc/self/fd/${handle.fd}`))
      : await openedElsewhere(handle, path)
  if (opened !== path) throw denied('the path', 'was changed while it was opened')
}

async function openedElsewhere(handle: FileHandle, path: string): Promise<string | undefined> {
  const real = await system(() => realpath(path))
  const other = await system(() => open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
  try {
    const [a, b] = [await handle.stat(), await other.stat()]
    return a.dev === b.dev && a.ino === b.ino ? real : undefined
  } finally {
    await other.close()
  }
}

async function system<Value>(act: () => Promise<Value>): Promise<Value> {
  try {
    return await act()
  } catch (error) {
    throw systemError(error)
  }
}

/** What the system says, without the paths of this process. */
function systemError(error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code ?? 'EIO'
  if (code === 'ELOOP' || code === 'ENOTDIR') {
    return denied('the path', 'leads through a symbolic link, or through a file')
  }
  return Object.assign(new Error(`the file cannot be opened: ${code}`), { code })
}
