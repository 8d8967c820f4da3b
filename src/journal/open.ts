import { open } from 'node:fs/promises'
import { encryptionIn } from './environment-keys.ts'
import type { Journal } from './journal.ts'
import { jsonlJournal } from './jsonl.ts'
import { forReading } from './lines.ts'
import { sqliteJournal } from './sqlite.ts'

/** The first bytes of every SQLite database (SQLite file format, section 1.3). */
const sqliteMark = 'SQLite format 3\0'

/** True for a file that is an SQLite database, whatever its name. */
export async function isSqlite(path: string): Promise<boolean> {
  return (await beginningOf(path)) === sqliteMark
}

/**
 * The journal in a file: what the file is decides, and for one that is still to be made its name,
 * lines of JSON for `.jsonl` and SQLite for every other. What is encrypted is read, and everything
 * written is encrypted, with the keys of `SALLYPORT_JOURNAL_KEYS`, if it is set.
 */
export async function openJournal(
  path: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Journal> {
  const encryption = encryptionIn(environment)
  const options = encryption === undefined ? {} : { encryption }
  const beginning = await beginningOf(path)
  const isLines = beginning === '' ? path.endsWith('.jsonl') : beginning !== sqliteMark
  return isLines ? jsonlJournal(path, options) : sqliteJournal(path, options)
}

/** Empty for a file that is missing or cannot be read, of which its reader tells. */
async function beginningOf(path: string): Promise<string> {
  try {
    await using file = await open(path, forReading)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sqliteMark.length), 0)
    return buffer.toString('latin1', 0, bytesRead)
  } catch {
    return ''
  }
}
