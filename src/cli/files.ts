import { constants } from 'node:fs'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isSallyportError, SallyportError } from '../base/errors.ts'
import { fileFailure } from '../base/file-failure.ts'
import { blocksOf } from './io.ts'

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

/** Writes a file of pieces of text, and the folders it is in. Throws `bad-file`. */
export async function writePieces(path: string, pieces: AsyncIterable<string>): Promise<void> {
  // what cannot be made must not cost what was there
  const blocks = blocksOf(pieces)[Symbol.asyncIterator]()
  let next = await blocks.next()
  try {
    await mkdir(dirname(path), { recursive: true })
    await using file = await open(path, 'w')
    for (; next.done !== true; next = await blocks.next()) await file.appendFile(next.value)
  } catch (cause) {
    if (isSallyportError(cause)) throw cause
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

/** A journal without a file is an empty one; here it has to be there. Throws `bad-file`. */
export async function checkReadable(path: string): Promise<void> {
  const named = `journal \`${path}\``
  try {
    // a named pipe would be waited for
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if ((await file.stat()).isFile()) return
  } catch (cause) {
    throw fileFailure(named, 'read', cause)
  }
  throw new SallyportError('bad-file', `${named} cannot be read: it is not a file`, {
    help: 'name the file, such as `.sallyport/journal.db`',
  })
}
