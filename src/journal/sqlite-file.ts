import { existsSync } from 'node:fs'
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { SallyportError } from '../base/errors.ts'
import type { JournalRecord, LatestRun } from './journal.ts'
import { conflict } from './memory.ts'
import { planPrune, type PruneOptions, type Pruned } from './retention.ts'
import { openWritable, unwritable } from './sqlite-open.ts'
import { openReader, recordPages, unreadable } from './sqlite-reader.ts'
import { eraseRun, pruneRuns, removeRun } from './sqlite-retention.ts'
import {
  prepareWriter,
  selectAnswers,
  selectBytes,
  selectCheckpoints,
  selectCheckpointTable,
  selectLatest,
  selectRecords,
  selectRuns,
  type Writer,
} from './sqlite-statements.ts'
import { selectVersion, sqliteCode } from './sqlite-tables.ts'
import { storedText } from './stored-record.ts'

/** Runs that are listed at a time: a reader must not hold the file while its consumer thinks. */
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

/** A journal file: one connection for everything once something was written, else read-only. */
export class SqliteFile {
  readonly #path: string
  /** By connection and text. */
  readonly #statements = new WeakMap<DatabaseSync, Map<string, StatementSync>>()
  #writer: Writer | undefined
  #reader: DatabaseSync | undefined
  #waiting: Waiting[] = []
  #flushed: Promise<void> | undefined
  #broken: SallyportError | undefined
  #full = false

  constructor(path: string) {
    this.#path = path
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
    const format = this.#formatOf(database)
    const page = this.#prepare(database, selectRecords(format))
    const bytes = (): StatementSync => this.#prepare(database, selectBytes(format))
    try {
      for (const records of recordPages({ page, bytes }, runId, from)) yield* records
    } catch (error) {
      throw unreadable(this.#path, error)
    }
  }

  *list(): Generator<string, void, undefined> {
    const database = this.#database()
    if (database === undefined) return
    const page = this.#prepare(database, selectRuns)
    // in a file that was made by hand the numbers may be any that SQLite has
    page.setReadBigInts(true)
    for (let after: number | bigint = -Infinity; ;) {
      const rows = this.#all(page, after, pageLength)
      for (const { id } of rows) yield this.#runId(id)
      if (rows.length < pageLength) return
      const last = rows.at(-1)!['number'] as bigint
      if (last <= after) throw unreadable(this.#path, new Error('its runs are not in their order'))
      after = last
    }
  }

  latestRuns(count: number): readonly LatestRun[] {
    const database = this.#database()
    if (database === undefined) return []
    const rows = this.#all(this.#prepare(database, selectLatest(this.#formatOf(database))), count)
    return rows as unknown as readonly LatestRun[]
  }

  leaveAnswer(runId: string, answer: string): Promise<void> {
    return this.#change(({ database }) => {
      database.prepare('INSERT INTO answers (run, answer) VALUES (?, ?)').run(runId, answer)
    })
  }

  addCheckpoint(runId: string, checkpoint: string): Promise<void> {
    return this.#change(({ database }) => {
      database
        .prepare('INSERT INTO checkpoints (run, checkpoint) VALUES (?, ?)')
        .run(runId, checkpoint)
    })
  }

  checkpoints(runId: string): readonly string[] {
    const database = this.#database()
    if (database === undefined) return []
    if (this.#all(this.#prepare(database, selectCheckpointTable)).length === 0) return []
    const rows = this.#all(this.#prepare(database, selectCheckpoints), runId)
    return rows.map(({ checkpoint }) => storedText(checkpoint))
  }

  erase(runId: string): Promise<number> {
    return this.#erasing((database) => eraseRun(database, runId))
  }

  remove(runId: string): Promise<boolean> {
    return this.#erasing((database) => removeRun(database, runId))
  }

  async prune(options: PruneOptions): Promise<Pruned> {
    const plan = planPrune(options)
    return this.#erasing((database) => pruneRuns(database, plan, options.dryRun === true))
  }

  answers(runId: string): readonly string[] {
    const database = this.#database()
    if (database === undefined) return []
    const rows = this.#all(this.#prepare(database, selectAnswers), runId)
    return rows.map(({ answer }) => storedText(answer))
  }

  async close(): Promise<void> {
    await this.written()
    this.#writer?.database.close()
    this.#reader?.close()
    this.#writer = undefined
    this.#reader = undefined
  }

  /** Deletes, and takes what was deleted out of the log too, unless others are reading there. */
  async #erasing<Value>(work: (database: DatabaseSync) => Value): Promise<Value> {
    const value = await this.#change(({ database }) => work(database))
    try {
      this.#writer?.database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch (thrown) {
      throw this.#unusable(thrown)
    }
    return value
  }

  /** Does something else than appending in a transaction of its own, on disk when it resolves. */
  async #change<Value>(work: (writer: Writer) => Value): Promise<Value> {
    await this.written()
    try {
      return this.#transact(true, work)
    } catch (thrown) {
      throw this.#undone(thrown)
    }
  }

  /** Writes what is waiting in one transaction; an append that comes too late fails by itself. */
  #flush(): void {
    const batch = this.#waiting
    this.#waiting = []
    // only what must outlive the machine waits for the disk
    const full = batch.some(({ records }) => records.some(({ durable }) => durable))
    let written: readonly Waiting[]
    try {
      written = this.#transact(full, (writer) => batch.filter((each) => this.#write(writer, each)))
    } catch (thrown) {
      const error = this.#undone(thrown)
      for (const { reject } of batch) reject(error)
      return
    }
    for (const { resolve: done } of written) done()
  }

  #transact<Value>(full: boolean, work: (writer: Writer) => Value): Value {
    if (this.#broken !== undefined) throw this.#broken
    const writer = (this.#writer ??= this.#openWriter())
    writer.checkPlace()
    if (full !== this.#full) {
      writer.database.exec(`PRAGMA synchronous = ${full ? 'FULL' : 'NORMAL'}`)
      this.#full = full
    }
    writer.begin.get()
    const value = work(writer)
    writer.commit.get()
    return value
  }

  /** Takes back a transaction that has failed; where that fails too, nothing more is accepted. */
  #undone(thrown: unknown): SallyportError {
    const error = this.#unusable(thrown)
    try {
      if (this.#writer?.database.isTransaction === true) this.#writer.rollback.get()
    } catch {
      this.#broken = error
    }
    return error
  }

  /** False when another writer has extended the run; nothing of the append is written then. */
  #write(writer: Writer, { runId, expectedSeq, records, reject }: Waiting): boolean {
    if (expectedSeq === 0 && records.length > 0) writer.addRun.get(runId)
    const run = writer.lengthOf.get(runId) as { number: number; length: number } | undefined
    const length = run?.length ?? 0
    if (length !== expectedSeq) {
      reject(conflict(runId, expectedSeq, length))
      return false
    }
    for (const { seq, line, payload } of records) {
      writer.addRecord.get(run!.number, seq, line, payload ?? null)
    }
    return true
  }

  #openWriter(): Writer {
    const opened = openWritable(this.#path)
    try {
      this.#full = false
      this.#reader?.close()
      this.#reader = undefined
      return prepareWriter(opened)
    } catch (error) {
      opened.database.close()
      throw error
    }
  }

  /** What is read from: undefined while there is no file, or its first writer has died too early. */
  #database(): DatabaseSync | undefined {
    if (this.#writer !== undefined) return this.#writer.database
    if (this.#reader !== undefined) return this.#reader
    if (!existsSync(this.#path)) return undefined
    const reader = this.#attempt(() => openReader(this.#path))
    if (this.#formatOf(reader) > 0) return (this.#reader = reader)
    reader.close()
    return undefined
  }

  /** Preparing costs as much as reading a short run; nobody uses a statement while another does. */
  #prepare(database: DatabaseSync, sql: string): StatementSync {
    const statements = this.#statements.get(database) ?? new Map<string, StatementSync>()
    this.#statements.set(database, statements)
    const statement = statements.get(sql) ?? this.#attempt(() => database.prepare(sql))
    statements.set(sql, statement)
    return statement
  }

  #runId(id: unknown): string {
    if (typeof id === 'string') return id
    throw unreadable(this.#path, new TypeError('the id of a run is no text'))
  }

  #formatOf(database: DatabaseSync): number {
    const [format] = this.#all(this.#prepare(database, selectVersion))
    return format!['user_version'] as number
  }

  #all(statement: StatementSync, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return this.#attempt(() => statement.all(...values))
  }

  #attempt<Value>(read: () => Value): Value {
    try {
      return read()
    } catch (error) {
      throw unreadable(this.#path, error)
    }
  }

  #unusable(thrown: unknown): SallyportError {
    if (thrown instanceof SallyportError) return thrown
    const error = unwritable(this.#path, thrown)
    if (sqliteCode(thrown) === ioError) this.#broken = error
    return error
  }
}
