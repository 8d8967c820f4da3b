import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { messageOf, SallyportError } from '../base/errors.ts'
import { hashLine } from './chain.ts'
import type { JournalRecord } from './journal.ts'
import { conflict } from './memory.ts'
import { checkJournal, createTables, sqliteCode } from './sqlite-tables.ts'

/** How long another process may hold the file before an append is given up. */
const busyMs = 5_000

/** Rows that are read at a time: a reader must not hold the file while its consumer thinks. */
const pageLength = 256

/** SQLite result code of a failed read or write of the disk, after which its state is unknown. */
const ioError = 10

interface Waiting {
  readonly runId: string
  readonly expectedSeq: number
  readonly records: readonly JournalRecord[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

interface Writer {
  readonly database: DatabaseSync
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly rollback: StatementSync
  readonly addRun: StatementSync
  readonly lengthOf: StatementSync
  readonly extend: StatementSync
  readonly addRecord: StatementSync
  readonly addPayload: StatementSync
}

/** A journal file: one connection for everything once something was written, else read-only. */
export class SqliteFile {
  readonly #path: string
  #writer: Writer | undefined
  #reader: DatabaseSync | undefined
  #waiting: Waiting[] = []
  #flushed: Promise<void> | undefined
  #broken: SallyportError | undefined
  #full = false

  constructor(path: string) {
    this.#path = resolve(path)
  }

  append(runId: string, expectedSeq: number, records: readonly JournalRecord[]): Promise<void> {
    return new Promise((resolveAppend, reject) => {
      this.#waiting.push({ runId, expectedSeq, records, resolve: resolveAppend, reject })
      this.#flushed ??= new Promise((done) => {
        setImmediate(() => {
          this.#flushed = undefined
          this.#flush()
          done()
        })
      })
    })
  }

  /** Resolves when everything appended so far has been written, or could not be. */
  async written(): Promise<void> {
    await this.#flushed
  }

  *read(runId: string, from: number): Generator<JournalRecord, void, undefined> {
    const database = this.#database()
    if (database === undefined) return
    const page = this.#prepare(database, selectRecords)
    for (let next = from; ;) {
      const rows = this.#all(page, runId, next, pageLength)
      for (const { seq, line, payload } of rows) yield recordOf(seq, line, payload)
      if (rows.length < pageLength) return
      next = (rows.at(-1)!['seq'] as number) + 1
    }
  }

  *list(): Generator<string, void, undefined> {
    const database = this.#database()
    if (database === undefined) return
    const page = this.#prepare(database, selectRuns)
    for (let after = 0; ;) {
      const rows = this.#all(page, after, pageLength)
      for (const { id } of rows) yield id as string
      if (rows.length < pageLength) return
      after = rows.at(-1)!['number'] as number
    }
  }

  leaveAnswer(runId: string, answer: string): Promise<void> {
    return new Promise((resolveLeft, reject) => {
      try {
        const { database } = (this.#writer ??= this.#openWriter())
        database.exec('PRAGMA synchronous = FULL')
        this.#full = true
        database.prepare('INSERT INTO answers (run, answer) VALUES (?, ?)').run(runId, answer)
        resolveLeft()
      } catch (thrown) {
        reject(this.#unusable(thrown))
      }
    })
  }

  answers(runId: string): readonly string[] {
    const database = this.#database()
    if (database === undefined) return []
    const rows = this.#all(this.#prepare(database, selectAnswers), runId)
    return rows.map(({ answer }) => answer as string)
  }

  async close(): Promise<void> {
    await this.written()
    this.#writer?.database.close()
    this.#reader?.close()
    this.#writer = undefined
    this.#reader = undefined
  }

  /** Writes what is waiting in one transaction; an append that comes too late fails by itself. */
  #flush(): void {
    const batch = this.#waiting
    this.#waiting = []
    const written: Waiting[] = []
    try {
      if (this.#broken !== undefined) throw this.#broken
      const writer = (this.#writer ??= this.#openWriter())
      this.#sync(writer, batch)
      writer.begin.run()
      for (const each of batch) if (this.#write(writer, each)) written.push(each)
      writer.commit.run()
    } catch (thrown) {
      const error = this.#unusable(thrown)
      try {
        if (this.#writer?.database.isTransaction === true) this.#writer.rollback.run()
      } catch {
        this.#broken = error
      }
      for (const { reject } of batch) reject(error)
      return
    }
    for (const { resolve: done } of written) done()
  }

  /** Only what must outlive the machine waits for the disk. */
  #sync({ database }: Writer, batch: readonly Waiting[]): void {
    const full = batch.some(({ records }) => records.some(({ durable }) => durable))
    if (full === this.#full) return
    database.exec(full ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL')
    this.#full = full
  }

  /** False when another writer has extended the run; nothing of the append is written then. */
  #write(writer: Writer, { runId, expectedSeq, records, reject }: Waiting): boolean {
    if (expectedSeq === 0 && records.length > 0) writer.addRun.run(runId)
    const row = writer.lengthOf.get(runId)
    const length = (row?.['length'] as number | undefined) ?? 0
    if (length !== expectedSeq) {
      reject(conflict(runId, expectedSeq, length))
      return false
    }
    if (row === undefined) return true
    const run = row['number'] as number
    for (const { seq, line, payload } of records) {
      writer.addRecord.run(run, seq, line)
      if (payload !== undefined) writer.addPayload.run(run, seq, payload)
    }
    writer.extend.run(records.length, run)
    return true
  }

  #openWriter(): Writer {
    mkdirSync(dirname(this.#path), { recursive: true })
    // made here, since SQLite would let everybody read it; its other files take the same mode
    closeSync(openSync(this.#path, 'a', 0o600))
    const database = new DatabaseSync(this.#path, { timeout: busyMs })
    try {
      checkJournal(database, this.#path)
      createTables(database)
      this.#reader?.close()
      this.#reader = undefined
      return prepareWriter(database)
    } catch (error) {
      database.close()
      throw error
    }
  }

  /** What is read from: undefined while there is no file. */
  #database(): DatabaseSync | undefined {
    if (this.#writer !== undefined) return this.#writer.database
    if (this.#reader !== undefined) return this.#reader
    if (!existsSync(this.#path)) return undefined
    try {
      this.#reader = openReader(this.#path)
    } catch (error) {
      throw unreadable(this.#path, error)
    }
    return this.#reader
  }

  #prepare(database: DatabaseSync, sql: string): StatementSync {
    try {
      return database.prepare(sql)
    } catch (error) {
      throw unreadable(this.#path, error)
    }
  }

  #all(statement: StatementSync, ...values: (string | number)[]): Record<string, unknown>[] {
    try {
      return statement.all(...values)
    } catch (error) {
      throw unreadable(this.#path, error)
    }
  }

  #unusable(thrown: unknown): SallyportError {
    if (thrown instanceof SallyportError) return thrown
    const error = new SallyportError(
      'bad-journal',
      `journal \`${this.#path}\` cannot be written: ${messageOf(thrown)}`,
      { help: 'check that the folder is writable and has space', cause: thrown },
    )
    if (sqliteCode(thrown) === ioError) this.#broken = error
    return error
  }
}

const selectRecords = `SELECT r.seq AS seq, r.line AS line, p.payload AS payload
  FROM records r LEFT JOIN payloads p ON p.run = r.run AND p.seq = r.seq
  WHERE r.run = (SELECT number FROM runs WHERE id = ?) AND r.seq >= ? ORDER BY r.seq LIMIT ?`

const selectAnswers = 'SELECT answer FROM answers WHERE run = ? ORDER BY number'

const selectRuns = 'SELECT number, id FROM runs WHERE number > ? ORDER BY number LIMIT ?'

function prepareWriter(database: DatabaseSync): Writer {
  return {
    database,
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    addRun: database.prepare('INSERT OR IGNORE INTO runs (id, length) VALUES (?, 0)'),
    lengthOf: database.prepare('SELECT number, length FROM runs WHERE id = ?'),
    extend: database.prepare('UPDATE runs SET length = length + ? WHERE number = ?'),
    addRecord: database.prepare('INSERT INTO records (run, seq, line) VALUES (?, ?, ?)'),
    addPayload: database.prepare('INSERT INTO payloads (run, seq, payload) VALUES (?, ?, ?)'),
  }
}

/**
 * Where the folder cannot be written, the file of a journal that was closed is still read: it is
 * whole by itself.
 */
function openReader(path: string): DatabaseSync {
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

function recordOf(seq: unknown, line: unknown, payload: unknown): JournalRecord {
  return {
    seq: seq as number,
    line: line as string,
    hash: hashLine(line as string),
    durable: false,
    ...(payload === null ? {} : { payload: payload as string }),
  }
}

function unreadable(path: string, cause: unknown): SallyportError {
  if (cause instanceof SallyportError) return cause
  return new SallyportError(
    'bad-journal',
    `journal \`${path}\` cannot be read: ${messageOf(cause)}`,
    { help: 'restore the file from a copy; nothing in it has been changed', cause },
  )
}
