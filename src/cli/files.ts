import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileFailure } from '../base/file-failure.ts'

/** A whole file, decoded as UTF-8. Throws `bad-file`. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw fileFailure(`\`${path}\``, 'read', cause)
  }
}

/** Writes a file, and the folders it is in where they are missing. Throws `bad-file`. */
export async function writeText(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  } catch (cause) {
    throw fileFailure(`\`${path}\``, 'written', cause)
  }
}

/** Writes a file that does not exist yet. Throws `bad-file`. */
export async function writeNewText(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (cause) {
    throw fileFailure(`\`${path}\``, 'written', cause)
  }
}
