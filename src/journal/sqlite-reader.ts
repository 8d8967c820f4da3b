import { isUtf8 } from 'node:buffer'
import { existsSync } from 'node:fs'
import {
  DatabaseSync,
  type SQLInputValue,
  type SQLOutputValue,
  type StatementSync,
} from 'node:sqlite'
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

/** How records are read. */
export interface RecordStatements {
  /** `selectRecords` */
  readonly page: StatementSync
  /** `selectBytes`; most runs are read without it. */
  readonly bytes: () => StatementSync
}

/** What stands in a file that was made by hand may be of any type. */
type Row = [seq: SQLOutputValue, line: SQLOutputValue, payload: SQLOutputValue, row: Whole]

type Whole = number | bigint

/** Behind which a page begins. */
type Place = readonly [seq: SQLInputValue, row: Whole]

/** Records of a run from the `from`-th on, in pages. */
export function* recordPages(
  statements: RecordStatements,
  runId: string,
  from: number,
): Generator<readonly JournalRecord[], void, undefined> {
  let length = firstPage
  // before the first one there is no number, also none that is negative
  for (let after: Place = [from === 0 ? -Infinity : from - 1, Infinity]; ;) {
    const { last, records } = recordPage(statements, runId, { after, length })
    if (records.length > 0) yield records
    if (last === undefined) return
    after = last
    length = longestPage
  }
}

interface PageStart {
  readonly after: Place
  readonly length: number
}

interface Page {
  readonly records: readonly JournalRecord[]
  readonly last: Place | undefined
}

/** Numbers that no double holds, which only a hand puts there, are read as a BigInt or not at all. */
function recordPage(statements: RecordStatements, runId: string, start: PageStart): Page {
  const { page } = statements
  try {
    return readPage(statements, runId, start)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_OUT_OF_RANGE') throw error
  }
  page.setReadBigInts(true)
  try {
    return readPage(statements, runId, start)
  } finally {
    page.setReadBigInts(false)
  }
}

function readPage(
  { bytes, page }: RecordStatements,
  runId: string,
  { after, length }: PageStart,
): Page {
  const records: JournalRecord[] = []
  let size = 0
  let [lastSeq, lastRow] = after
  // an object for each row would cost a fifth more
  page.setReturnArrays(true)
  for (const row of page.iterate(runId, ...after, length)) {
    const [seq, line, payload, number] = row as unknown as Row
    if (!isBehind(seq, lastSeq) && !(seq === lastSeq && number > lastRow)) throw notInOrder()
    lastSeq = seq
    lastRow = number
    const record = storedRecord(seq, line, payload)
    const isText = isExact(record) || isUtf8Row(bytes().get(runId, seq, number))
    records.push(isText ? record : storedRecord(seq, '', null))
    size += record.line.length + (record.payload?.length ?? 0)
    if (records.length === length || size > pageSize) {
      return { records, last: [lastSeq, lastRow] }
    }
  }
  return { records, last: undefined }
}

/** Of numbers alone: what else stands in a file that was made by hand has no order here. */
function isBehind(seq: SQLOutputValue, before: SQLInputValue): boolean {
  return !isWhole(seq) || !isWhole(before) || seq > before
}

function isWhole(value: unknown): value is Whole {
  return typeof value === 'number' || typeof value === 'bigint'
}

/** In a file that is damaged a page may follow itself, which would be read for ever. */
function notInOrder(): Error {
  return new Error('its records are not in their order')
}

/** Bytes that are no UTF-8 are read as U+FFFD, and several of them as the same text. */
function isExact({ line, payload }: JournalRecord): boolean {
  return !line.includes('\ufffd') && payload?.includes('\ufffd') !== true
}

function isUtf8Row(row: Record<string, SQLOutputValue> | undefined): boolean {
  return Object.values(row ?? {}).every((cell) => cell === null || isUtf8(cell as Uint8Array))
}
