import { lstat, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SallyportError } from '../base/errors.ts'
import { isMissing } from '../base/file-failure.ts'

/**
 * The file a path leads to, through links: what stands beside a journal, its lock above all, must be
 * the same for everybody, by whatever path they come. A file that is not there yet has its name in
 * the folder it will be in. Throws `bad-journal` for a link that leads nowhere.
 */
export async function realFile(path: string): Promise<string> {
  const real = await existing(path)
  if (real !== undefined) return real
  if (await isLink(path)) {
    throw new SallyportError('bad-journal', `journal \`${path}\` is a link to nothing`, {
      help: 'name the file itself, or make the folder it is to be in',
    })
  }
  const folder = dirname(path)
  return join((await existing(folder)) ?? folder, basename(path))
}

/** Undefined also where it cannot be looked up, of which whoever opens it tells. */
async function existing(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined)
}

async function isLink(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isSymbolicLink() === true
}

/** How many names (hard links) a file has; one that is not there yet will have one. */
export async function countNames(path: string): Promise<number> {
  try {
    return (await stat(path)).nlink
  } catch (error) {
    if (isMissing(error)) return 1
    throw error
  }
}
