import type { DatabaseSync } from 'node:sqlite'
import { SallyportError } from '../base/errors.ts'

/** How long another process may hold the file before a write is given up. */
export const busyMs = 5_000

/** "Saly" in ASCII, by which a file tells that it is a journal of ours. */
const applicationId = 0x53616c79

/** Version of the tables below. */
const formatVersion = 3

/**
 * Throws `bad-journal` for a database of something else, or of a later version than this one, and for
 * one in which reading or writing a table does something else: a view may have no end.
 */
export function checkJournal(database: DatabaseSync, path: string): void {
  const application = pragma(database, 'application_id', path)
  const version = pragma(database, 'user_version', path)
  if (application === 0 && version === 0 && isEmpty(database)) return
  if (application !== applicationId) throw noJournal(path)
  checkVersion(version, path)
  const strange = strangeIn(database, version)
  if (strange !== undefined) throw changed(`journal \`${path}\` has ${strange} of its own`)
}

/** Tables that are read or written, of all versions. */
const tables = ['runs', 'entries', 'records', 'payloads', 'answers', 'counters', 'checkpoints']

function strangeIn(database: DatabaseSync, version: number): string | undefined {
  const has = (sql: string): boolean => database.prepare(sql).get() !== undefined
  if (has("SELECT 1 FROM sqlite_schema WHERE type = 'trigger'")) return 'triggers'
  // as statements, for a table could have the name that each of them has as a function
  const found = database.prepare('PRAGMA main.table_list').all()
  for (const { name, type } of found.filter((each) => tables.includes(each['name'] as string))) {
    if (type !== 'table') return `a ${String(type)} \`${String(name)}\``
    const columns = database.prepare(`PRAGMA main.table_xinfo(${String(name)})`).all()
    if (columns.some(({ hidden }) => hidden !== 0)) return 'computed columns'
  }
  if (version < formatVersion) return undefined
  // no two records have one place, and each place is a whole number, only where it is the key
  const made = database.prepare("SELECT sql FROM sqlite_schema WHERE name = 'records'").get()
  return made?.['sql'] === recordsTable ? undefined : 'a table `records`'
}

function checkVersion(version: number, path: string): void {
  if (version <= formatVersion) return
  throw new SallyportError(
    'bad-journal',
    `journal \`${path}\` has format ${version}, this version knows ${formatVersion}`,
    { help: 'use the version of sallyport that wrote it, or a later one' },
  )
}

/**
 * A record stands at the number of its run times 2^32 plus its own: those of a run beside each other, in
 * their order, without an index to keep beside them. A payload stands beside its line.
 */
const recordsTable =
  'CREATE TABLE records (place INTEGER PRIMARY KEY, line TEXT NOT NULL, payload TEXT) STRICT'

/**
 * Makes the tables that are missing, and those of this version from those of an earlier one, all or
 * none. A page is large enough for most runs that are in flight together, each of which writes to its
 * own place.
 */
export function createTables(database: DatabaseSync, path: string): void {
  database.exec(`PRAGMA page_size = 8192;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA secure_delete = ON;
    BEGIN IMMEDIATE;`)
  // looked up while nobody else may write: another process may be doing the same
  const { user_version: version } = database.prepare(selectVersion).get()!
  checkVersion(version as number, path)
  database.exec(`
    CREATE TABLE IF NOT EXISTS runs (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
    ${version === formatVersion ? '' : recordsFrom(database, version as number, path)}
    CREATE TABLE IF NOT EXISTS answers
      (number INTEGER PRIMARY KEY, run TEXT NOT NULL, answer TEXT NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS answers_by_run ON answers (run);
    CREATE TABLE IF NOT EXISTS counters
      (key TEXT NOT NULL, entry TEXT NOT NULL, at INTEGER NOT NULL, amount INTEGER NOT NULL,
       PRIMARY KEY (key, entry)) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS counters_by_time ON counters (key, at, amount);
    CREATE TABLE IF NOT EXISTS checkpoints
      (number INTEGER PRIMARY KEY, run TEXT NOT NULL, checkpoint TEXT NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS checkpoints_by_run ON checkpoints (run);
    PRAGMA application_id = ${applicationId};
    PRAGMA user_version = ${formatVersion};
    COMMIT;`)
}

/** The table of records, with those of an earlier version; an empty one where there is none. */
function recordsFrom(database: DatabaseSync, version: number, path: string): string {
  if (version === 0) return `${recordsTable};`
  checkNumbers(database, version, path)
  const taken = (from: string): string => `${recordsTable};
    INSERT INTO records SELECT (r.run << 32) + r.seq, r.line, payload FROM ${from}
      ORDER BY r.run, r.seq;`
  if (version === 2) return `${taken('entries r')} DROP TABLE entries;`
  // version 1 kept lines and payloads apart, and counted the records of each run
  const joined = 'earlier r LEFT JOIN payloads p ON p.run = r.run AND p.seq = r.seq'
  return `ALTER TABLE records RENAME TO earlier; ${taken(joined)}
    DROP TABLE payloads; DROP TABLE earlier; ALTER TABLE runs DROP COLUMN length;`
}

/** Numbers that only a hand can have put there would become the place of another record. */
function checkNumbers(database: DatabaseSync, version: number, path: string): void {
  const isOurs = `typeof(run) = 'integer' AND run BETWEEN 1 AND 0x7fffffff
    AND typeof(seq) = 'integer' AND seq BETWEEN 0 AND 0xffffffff`
  const table = version === 1 ? 'records' : 'entries'
  const odd = database.prepare(`SELECT 1 FROM ${table} WHERE NOT (${isOurs}) LIMIT 1`).get()
  if (odd === undefined) return
  throw changed(`journal \`${path}\` has records with numbers of no run`)
}

function changed(message: string): SallyportError {
  return new SallyportError('bad-journal', message, {
    help: 'somebody has changed its tables: restore the file from a copy',
  })
}

/** The version of the tables in a file, 0 where there are none. */
export const selectVersion = 'PRAGMA user_version'

/** SQLite's own result code of an error. */
export function sqliteCode(thrown: unknown): number | undefined {
  const code = (thrown as { errcode?: unknown } | null)?.errcode
  // the low byte is the code, the rest says more
  return typeof code === 'number' ? code & 0xff : undefined
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
}

/** SQLite result code of a file that is no database. */
const notADatabase = 26

function pragma(database: DatabaseSync, name: string, path: string): number {
  try {
    return database.prepare(`PRAGMA ${name}`).get()?.[name] as number
  } catch (error) {
    if (sqliteCode(error) === notADatabase) throw noJournal(path)
    throw error
  }
}

function noJournal(path: string): SallyportError {
  return new SallyportError('bad-journal', `\`${path}\` is no journal`, {
    help: 'name the file a run was recorded in, such as `.sallyport/journal.db`; if this was one, restore it from a copy',
  })
}
