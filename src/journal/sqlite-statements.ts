import type { StatementSync } from 'node:sqlite'
import type { Writable } from './sqlite-open.ts'

/**
 * The connection that writes, with its statements. They are carried out by `get`, also those that
 * give no row: `run` would make an object of what was changed each time, which nobody asks for.
 */
export interface Writer extends Writable {
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly rollback: StatementSync
  readonly addRun: StatementSync
  /** The number of a run and how many records it has. */
  readonly lengthOf: StatementSync
  readonly addRecord: StatementSync
}

/** Where the records of a run stand, by its number; see `sqlite-tables.ts`. */
export const placesOf = (number: string): string =>
  `BETWEEN (${number} << 32) AND (${number} << 32) + 0xffffffff`

/** The place of the last record of a run by its number. */
export const lastPlaceOf = (number: string): string =>
  `(SELECT max(place) FROM records WHERE place ${placesOf(number)})`

/** How the records of a run `u` are found in the tables of a version. */
interface Tables {
  readonly from: string
  readonly seq: string
  /** Tells records of one number apart, which only a hand can have made. */
  readonly row: string
  readonly order: string
  /** Takes a number and a row, also where the number is enough; so does `behind`. */
  readonly at: string
  readonly behind: string
}

const tables: Tables = {
  from: 'records r',
  seq: 'place - (u.number << 32)',
  row: '0',
  order: 'place',
  at: 'place = (u.number << 32) + ? AND ? IS NOT NULL',
  behind: `place > (u.number << 32) + max(?, -1) AND place <= (u.number << 32) + 0xffffffff
    AND ? IS NOT NULL`,
}

/** Files that cannot be written stay as they are. */
function tablesOf(version: number): Tables {
  if (version === 1) {
    return earlier('records r LEFT JOIN payloads p ON p.run = r.run AND p.seq = r.seq', '0')
  }
  return version === 2 ? earlier('entries r', 'r.number') : tables
}

function earlier(from: string, row: string): Tables {
  return {
    from,
    seq: 'r.seq',
    row,
    order: 'r.seq, row',
    at: `r.run = u.number AND (r.seq, ${row}) = (?, ?)`,
    behind: `r.run = u.number AND (r.seq, ${row}) > (?, ?)`,
  }
}

/**
 * The records of a run behind a number and a row, so that none is left out or read again, whatever
 * stands in the file. Loops as they are written: records are read in their order, not sorted.
 *
 * SQLite prepares a statement anew for every value that it can plan with, such as that of a bare
 * `LIMIT ?`: a tenth of the time in which many short runs are verified.
 */
export function selectRecords(version: number): string {
  const { behind, from, order, row, seq } = tablesOf(version)
  return `SELECT ${seq} AS seq, r.line, payload, ${row} AS row
    FROM runs u CROSS JOIN ${from} WHERE u.id = ? AND ${behind} ORDER BY ${order} LIMIT +?`
}

/** The record of a run with a number and a row, as its bytes are. */
export function selectBytes(version: number): string {
  const { at, from } = tablesOf(version)
  return `SELECT CAST(r.line AS BLOB) AS line, CAST(payload AS BLOB) AS payload
    FROM runs u CROSS JOIN ${from} WHERE u.id = ? AND ${at}`
}

export const selectAnswers = 'SELECT answer FROM answers WHERE run = ? ORDER BY number'

export const selectCheckpoints = 'SELECT checkpoint FROM checkpoints WHERE run = ? ORDER BY number'

/** Files that were written before there were checkpoints have no table for them. */
export const selectCheckpointTable = "SELECT 1 FROM sqlite_schema WHERE name = 'checkpoints'"

export const selectRuns = 'SELECT number, id FROM runs WHERE number > ? ORDER BY number LIMIT +?'

/** The runs that were begun last, from the tables of a version. */
export function selectLatest(version: number): string {
  const table = version === 2 ? 'entries' : 'records'
  const [first, last] =
    version < 3
      ? [
          'f.run = u.number AND f.seq = 0',
          `l.run = u.number AND l.seq = (SELECT max(seq) FROM ${table} WHERE run = u.number)`,
        ]
      : ['f.place = u.number << 32', `l.place = ${lastPlaceOf('u.number')}`]
  return `SELECT u.id AS runId, f.line AS first, l.line AS last
    FROM (SELECT number, id FROM runs ORDER BY number DESC LIMIT +?) u
    JOIN ${table} f ON ${first} JOIN ${table} l ON ${last}`
}

export function prepareWriter({ checkPlace, database }: Writable): Writer {
  return {
    database,
    checkPlace,
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    addRun: database.prepare('INSERT OR IGNORE INTO runs (id) VALUES (?)'),
    lengthOf: database.prepare(
      `SELECT number, ifnull(${lastPlaceOf('number')} - (number << 32) + 1, 0) AS length
        FROM runs WHERE id = ?`,
    ),
    addRecord: database.prepare(
      'INSERT INTO records (place, line, payload) VALUES ((? << 32) + ?, ?, ?)',
    ),
  }
}
