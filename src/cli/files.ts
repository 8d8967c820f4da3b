import { constants } from 'node:fs'
import { access, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isSallyportError, SallyportError } from '../base/errors.ts'
import { fileFailure, isMissing } from '../base/file-failure.ts'
import { blocksOf } from './io.ts'

/** A whole file, decoded as UTF-8. Throws `bad-file`. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw fileFailure(`\`${path}\``, 'read', cause)
  }
}

/**
 * That `writeText` can write there, as far as that can be told before; makes the folders. Throws
 * `bad-file`.
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const there = await stat(path).catch(unlessMissing)
    await access(there === undefined ? dirname(path) : path, constants.W_OK)
    if (there?.isDirectory() !== true) return
  } catch (cause) {
    throw fileFailure(`\`${path}\``, 'written', cause)
  }
  throw fileFailure(`\`${path}\``, 'written', { code: 'EISDIR' })
}

function unlessMissing(cause: unknown): undefined {
  if (!isMissing(cause)) throw cause
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

/** Writes a file that does not exist yet, whole or not at all. Throws `bad-file`. */
export async function writeNewText(path: string, text: string): Promise<void> {
  try {
    await using file = await open(path, 'wx')
    try {
      await file.writeFile(text)
    } catch (cause) {
      await rm(path, { force: true })
      throw cause
    }
  } catch (cause) {
    throw fileFailure(`\`${path}\``, 'written', cause)
  }
}

/**
 * Writes a file anew; `former`, what was in it, is put back where that fails: a policy that was cut
 * can lack what forbids. Throws `bad-file`.
 */
export async function rewriteText(path: string, text: string, former: string): Promise<void> {
  try {
    await writeFile(path, text)
  } catch (cause) {
    await writeFile(path, former).catch(() => undefined)
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
