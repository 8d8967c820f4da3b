import { writeFile } from 'node:fs/promises'
import { messageOf, SallyportError } from '../base/errors.ts'

/** Writes a file that does not exist yet. Throws `bad-file`. */
export async function writeNewFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    throw new SallyportError('bad-file', `\`${path}\` cannot be written: ${messageOf(error)}`, {
      help: 'an existing file is not overwritten; choose another name',
      cause: error,
    })
  }
}
