import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { randomHex } from '../base/ids.ts'

/** The text of a file; undefined where there is none. */
export async function textOf(path: string): Promise<string | undefined> {
  return orNothing(readFile(path, 'utf8'))
}

/** The names in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return (await orNothing(readdir(folder))) ?? []
}

/** Makes a folder for its user alone, and those above it, where they are missing. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
}

/**
 * Makes a file that nobody has made before, whole or not at all: it is written and synced under
 * another name and then linked to its own. False where there is one by that name, or no folder.
 */
export async function makeFile(path: string, text: string): Promise<boolean> {
  const prepared = join(dirname(path), `.${randomHex()}`)
  try {
    const file = await open(prepared, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await link(prepared, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false
    throw error
  } finally {
    await rm(prepared, { force: true })
  }
  await syncFolder(dirname(path))
  return true
}

/** Brings the names in a folder to the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const opened = await open(folder, 'r')
  try {
    await opened.sync()
  } finally {
    await opened.close()
  }
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

async function orNothing<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
