import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SallyportError } from '../base/errors.ts'
import { reasonOf } from '../base/file-failure.ts'
import { rememberPlace } from './in-place.ts'
import { checkOneName } from './one-name.ts'
import { busyMs, checkJournal, createTables } from './sqlite-tables.ts'

/** A journal file that is open for writing. */
export interface Writable {
  readonly database: DatabaseSync
  /** Throws `bad-journal` once the file is no longer at its path. */
  readonly checkPlace: () => void
}

/**
 * Opens a journal file for writing, and makes it where it is missing. Throws what `node:sqlite` and
 * the file system throw, and `bad-journal` for a file of something else or with several names.
 */
export function openWritable(path: string): Writable {
  mkdirSync(dirname(path), { recursive: true })
  // made here, since SQLite would let everybody read it; its other files take the same mode
  const descriptor = openSync(path, 'a', 0o600)
  const file = fstatSync(descriptor, { bigint: true })
  closeSync(descriptor)
  checkOneName(path, Number(file.nlink))
  const checkPlace = rememberPlace(path, file)
  const database = new DatabaseSync(path, { timeout: busyMs })
  try {
    checkJournal(database, path)
    createTables(database, path)
    // SQLite has opened it by its name once more
    checkPlace()
    return { database, checkPlace }
  } catch (error) {
    database.close()
    throw error
  }
}

export function unwritable(path: string, cause: unknown): SallyportError {
  const { why, help } = reasonOf(
    'written',
    cause,
    'check that the folder is writable and has space',
  )
  return new SallyportError('bad-journal', `journal \`${path}\` cannot be written: ${why}`, {
    help,
    cause,
  })
}
