import { closeSync, fstatSync, mkdirSync, openSync, statSync, type BigIntStats } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Clock } from '../base/clock.ts'
import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import type { HistoryEntry } from './entry.ts'
import { historyConflict, type KeptHistory } from './store.ts'

/** How long another process may hold the file before a write is given up. */
const busyMs = 5_000

/** "Salh" in ASCII, by which a file tells that it holds conversations of ours. */
const applicationId = 0x53616c68

const tables = `PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  BEGIN IMMEDIATE;
  PRAGMA application_id = ${applicationId};
  CREATE TABLE IF NOT EXISTS entries
    (conversation TEXT NOT NULL, number INTEGER NOT NULL, said_at TEXT NOT NULL, entry TEXT NOT NULL,
     PRIMARY KEY (conversation, number)) STRICT;
  CREATE TABLE IF NOT EXISTS leases
    (conversation TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) STRICT;
  COMMIT`

const lastEntries = `SELECT conversation, said_at, number + 1 AS length FROM entries AS last
  WHERE (?1 IS NULL OR conversation > ?1) AND number =
    (SELECT MAX(number) FROM entries WHERE conversation = last.conversation)
  ORDER BY conversation LIMIT 100`

type Rows = ReturnType<StatementSync['all']>

/** The tables of a `sqliteHistory`. */
export class SqliteTable {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #clock: Clock
  /** As it was opened. */
  readonly #file: BigIntStats

  private constructor(path: string, file: BigIntStats, database: DatabaseSync, clock: Clock) {
    this.#path = path
    this.#file = file
    this.#database = database
    this.#clock = clock
    // SQLite has opened it by its name once more
    this.#checkPlace()
  }

  static open(path: string, clock: Clock): SqliteTable {
    let database: DatabaseSync | undefined
    try {
      mkdirSync(dirname(path), { recursive: true })
      // made here, since SQLite would let everybody read it; its other files take the same mode
      const descriptor = openSync(path, 'a', 0o600)
      const file = fstatSync(descriptor, { bigint: true })
      closeSync(descriptor)
      database = new DatabaseSync(path, { timeout: busyMs })
      checkOwn(database, path)
      database.exec(tables)
      return new SqliteTable(path, file, database, clock)
    } catch (error) {
      database?.close()
      throw unusable(path, error)
    }
  }

  read(key: string): readonly HistoryEntry[] {
    return this.#guarded(() => {
      const sql = 'SELECT entry FROM entries WHERE conversation = ? ORDER BY number'
      const rows = this.#database.prepare(sql).all(key)
      return rows.map(({ entry }) => JSON.parse(entry as string) as HistoryEntry)
    })
  }

  append(key: string, expectedLength: number, entries: readonly HistoryEntry[]): void {
    this.#transact(() => {
      const length = this.#lengthOf(key)
      if (length !== expectedLength) throw historyConflict(key, expectedLength, length)
      const add = this.#database.prepare(
        'INSERT INTO entries (conversation, number, said_at, entry) VALUES (?, ?, ?, ?)',
      )
      for (const [index, entry] of entries.entries()) {
        add.run(key, length + index, entry.at, JSON.stringify(entry))
      }
    })
  }

  remove(key: string, expectedLength?: number): boolean {
    const isRemoved = this.#transact(() => {
      const length = this.#lengthOf(key)
      if (length === 0 || length !== (expectedLength ?? length)) return false
      this.#database.prepare('DELETE FROM entries WHERE conversation = ?').run(key)
      return true
    })
    // out of the log too, unless others are reading there
    if (isRemoved) this.#guarded(() => this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)'))
    return isRemoved
  }

  /** Read in pages: a reader must not hold the file while its consumer thinks. */
  *list(): Generator<KeptHistory, void, undefined> {
    for (let after: string | null = null; ;) {
      const rows: Rows = this.#guarded(() => this.#database.prepare(lastEntries).all(after))
      for (const row of rows) {
        const { conversation, length, said_at: lastAt } = row
        yield {
          key: conversation as string,
          length: length as number,
          lastAt: lastAt as string,
        }
      }
      if (rows.length === 0) return
      after = rows.at(-1)!['conversation'] as string
    }
  }

  lease(key: string, holder: string, ms: number): boolean {
    return this.#transact(() => {
      const now = this.#clock.now()
      this.#database.prepare('DELETE FROM leases WHERE until <= ?').run(now)
      const taken = this.#database
        .prepare(
          `INSERT INTO leases (conversation, holder, until) VALUES (?, ?, ?)
            ON CONFLICT (conversation) DO UPDATE SET until = excluded.until
            WHERE holder = excluded.holder`,
        )
        .run(key, holder, Math.ceil(now + ms))
      return taken.changes === 1
    })
  }

  release(key: string, holder: string): void {
    this.#guarded(() => {
      const sql = 'DELETE FROM leases WHERE conversation = ? AND holder = ?'
      this.#database.prepare(sql).run(key, holder)
    })
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #lengthOf(key: string): number {
    const sql = 'SELECT COUNT(*) AS length FROM entries WHERE conversation = ?'
    return this.#database.prepare(sql).get(key)!['length'] as number
  }

  #transact<Value>(work: () => Value): Value {
    return this.#guarded(() => {
      this.#checkPlace()
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        const value = work()
        this.#database.exec('COMMIT')
        return value
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        throw error
      }
    })
  }

  /** What is written to a file that is no longer there, nobody finds again. */
  #checkPlace(): void {
    const found = statSync(this.#path, { bigint: true, throwIfNoEntry: false })
    if (found?.ino === this.#file.ino && found.dev === this.#file.dev) return
    throw new Error('the file was removed or replaced while it was in use')
  }

  #guarded<Value>(work: () => Value): Value {
    try {
      return work()
    } catch (error) {
      throw unusable(this.#path, error)
    }
  }
}

/** Throws for a database of something else. */
function checkOwn(database: DatabaseSync, path: string): void {
  const application = database.prepare('PRAGMA application_id').get()!['application_id']
  const { count } = database.prepare('SELECT COUNT(*) AS count FROM sqlite_schema').get()!
  if (application === applicationId || (application === 0 && count === 0)) return
  throw new SallyportError('bad-history', `\`${path}\` is a database of something else`, {
    help: 'choose another file',
  })
}

function unusable(path: string, thrown: unknown): SallyportError {
  if (isSallyportError(thrown)) return thrown as SallyportError
  return new SallyportError(
    'bad-history',
    `conversations in \`${path}\` cannot be used: ${messageOf(thrown)}`,
    { help: 'check that it is a file that may be written, with space', cause: thrown },
  )
}
