import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { isSallyportError } from '../base/errors.ts'
import type { SharedCounters } from './shared-counters.ts'
import { openWritable, unwritable } from './sqlite-open.ts'

/** The largest amount of one entry; sums of larger ones would leave the integers of SQLite. */
const largest = 2n ** 62n

/** Entries that no window looks back to are dropped after so many new ones of this process. */
const tidyEvery = 1_000

/** What limits look back to at most: `window` of a policy ends at 366 days. */
const longestWindowMs = 366 * 86_400_000

/** Throws `bad-journal` for a file that cannot be written, or is something else. */
export function openCounters(path: string): SqliteCounters {
  try {
    return new SqliteCounters(path)
  } catch (cause) {
    if (isSallyportError(cause)) throw cause
    throw unwritable(path, cause)
  }
}

/**
 * Counters in the file of a journal, over a connection of their own. They reach the disk with the
 * intent of their call, whose fsync covers everything written to the file before it.
 */
class SqliteCounters implements SharedCounters {
  readonly #database: DatabaseSync
  readonly #checkPlace: () => void
  readonly #sum: StatementSync
  readonly #put: StatementSync
  readonly #keep: StatementSync
  readonly #drop: StatementSync
  #puts = 0

  /** Throws what `node:sqlite` throws, and `bad-journal` for a file of something else. */
  constructor(path: string) {
    const { checkPlace, database } = openWritable(path)
    this.#database = database
    this.#checkPlace = checkPlace
    this.#sum = this.#database.prepare(
      'SELECT SUM(amount) AS total FROM counters WHERE key = ? AND at > ? AND entry <> ?',
    )
    this.#sum.setReadBigInts(true)
    const into = 'INTO counters (key, entry, at, amount) VALUES (?, ?, ?, ?)'
    this.#put = this.#database.prepare(`INSERT OR REPLACE ${into}`)
    this.#keep = this.#database.prepare(`INSERT OR IGNORE ${into}`)
    this.#drop = this.#database.prepare('DELETE FROM counters WHERE key = ? AND entry = ?')
  }

  together<Result>(work: () => Result): Result {
    this.#checkPlace()
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  total(key: string, after: number | undefined, except: string): bigint {
    const row = this.#sum.get(key, Math.floor(after ?? -1), except)
    return (row?.['total'] as bigint | null | undefined) ?? 0n
  }

  put(key: string, entry: string, amount: bigint, at: number): void {
    this.#write(this.#put, [key, entry, amount, at])
  }

  keep(key: string, entry: string, amount: bigint, at: number): void {
    this.#write(this.#keep, [key, entry, amount, at])
  }

  #write(
    statement: StatementSync,
    [key, entry, amount, at]: [string, string, bigint, number],
  ): void {
    statement.run(key, entry, Math.floor(at), amount > largest ? largest : amount)
    if (++this.#puts % tidyEvery === 0) this.#tidy(at)
  }

  drop(key: string, entry: string): void {
    this.#drop.run(key, entry)
  }

  close(): void {
    this.#database.close()
  }

  /** Keys of limits with a window begin with `w`; the others count for ever. */
  #tidy(now: number): void {
    this.#database
      .prepare("DELETE FROM counters WHERE key >= 'w' AND key < 'x' AND at < ?")
      .run(Math.floor(now - longestWindowMs))
  }
}
