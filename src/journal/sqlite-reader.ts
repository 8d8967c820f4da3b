import { existsSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { messageOf, SallyportError } from '../base/errors.ts'
import type { JournalRecord } from './journal.ts'
import { busyMs, checkJournal } from './sqlite-tables.ts'
import { storedRecord } from './stored-record.ts'

/**
 * Where the folder cannot be written, the file of a journal that was closed is still read: it is
 * whole by itself.
 */
export function openReader(path: string): DatabaseSync {
  try {
    return readable(new DatabaseSync(path, { readOnly: true, timeout: busyMs }), path)
  } catch (error) {
    if (error instanceof SallyportError || existsSync(`${path}-wal`)) throw error
    const still = new URL(`${pathToFileURL(path).href}?immutable=1`)
    return readable(new DatabaseSync(still, { readOnly: true }), path)
  }
}

function readable(database: DatabaseSync, path: string): DatabaseSync {
  try {
    checkJournal(database, path)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

export function unreadable(path: string, cause: unknown): SallyportError {
  if (cause instanceof SallyportError) return cause
  return new SallyportError(
    'bad-journal',
    `journal \`${path}\` cannot be read: ${messageOf(cause)}`,
    { help: 'restore the file from a copy; nothing in it has been changed', cause },
  )
}

/**
 * Records that are read at a time, the first time and at most: a reader must not hold the file while
 * its consumer thinks, and whoever looks at the beginning of a run reads little of the rest.
 */
const firstPage = 1
const longestPage = 256

/**
 * UTF-16 code units after which a page ends early. Of pages as large as the room for new objects (1 MiB)
 * most would move on to where the old ones are, and stay there until all of the heap is looked through.
 */
const pageSize = 2 ** 17

/** Records of a run from the `from`-th on, by `selectRecords`, in pages. */
export function* recordPages(
  statement: StatementSync,
  runId: string,
  from: number,
): Generator<readonly JournalRecord[], void, undefined> {
  let length = firstPage
  for (let next = from; ;) {
    const { records, isLast } = recordPage(statement, runId, { from: next, length })
    if (records.length > 0) yield records
    if (isLast) return
    next = records.at(-1)!.seq + 1
    length = longestPage
  }
}

function recordPage(
  statement: StatementSync,
  runId: string,
  { from, length }: { readonly from: number; readonly length: number },
): { readonly records: readonly JournalRecord[]; readonly isLast: boolean } {
  const records: JournalRecord[] = []
  let size = 0
  // an object for each row would cost a fifth more
  statement.setReturnArrays(true)
  for (const row of statement.iterate(runId, from, length)) {
    const record = storedRecord(...(row as unknown as [number, string, string | null]))
    records.push(record)
    size += record.line.length + (record.payload?.length ?? 0)
    if (size > pageSize) return { records, isLast: false }
  }
  return { records, isLast: records.length < length }
}
