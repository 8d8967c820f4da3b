import type { DatabaseSync, StatementSync } from 'node:sqlite'

/**
 * The connection that writes, with its statements. They are carried out by `get`, also those that
 * give no row: `run` would make an object of what was changed each time, which nobody asks for.
 */
export interface Writer {
  readonly database: DatabaseSync
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly rollback: StatementSync
  readonly addRun: StatementSync
  /** The number of a run and how many records it has. */
  readonly placeOf: StatementSync
  readonly addRecord: StatementSync
}

/**
 * The records of a run behind a place, from the tables of a version: files that cannot be written stay
 * as they are. A place is a number and that of the row, so that no row is left out, and none is read
 * again, whatever stands in it.
 *
 * SQLite prepares a statement anew for every value that it can plan with, such as that of a bare
 * `LIMIT ?`: a tenth of the time in which many short runs are verified.
 */
export function selectRecords(version: number): string {
  const { place, tables } = entriesOf(version)
  return `SELECT r.seq, r.line, payload, ${place} AS place FROM ${tables} AND (r.seq, ${place}) > (?, ?)
    ORDER BY r.seq, place LIMIT +?`
}

/** The record of a run at a place, as its bytes are. */
export function selectBytes(version: number): string {
  const { place, tables } = entriesOf(version)
  return `SELECT CAST(r.line AS BLOB) AS line, CAST(payload AS BLOB) AS payload FROM ${tables}
    AND (r.seq, ${place}) = (?, ?)`
}

function entriesOf(version: number): { readonly place: string; readonly tables: string } {
  const ofRun = 'WHERE r.run = (SELECT number FROM runs WHERE id = ?)'
  if (version > 1) return { place: 'r.number', tables: `entries r ${ofRun}` }
  const joined = 'records r LEFT JOIN payloads p ON p.run = r.run AND p.seq = r.seq'
  return { place: '0', tables: `${joined} ${ofRun}` }
}

export const selectAnswers = 'SELECT answer FROM answers WHERE run = ? ORDER BY number'

export const selectCheckpoints = 'SELECT checkpoint FROM checkpoints WHERE run = ? ORDER BY number'

/** Files that were written before there were checkpoints have no table for them. */
export const selectCheckpointTable = "SELECT 1 FROM sqlite_schema WHERE name = 'checkpoints'"

export const selectRuns = 'SELECT number, id FROM runs WHERE number > ? ORDER BY number LIMIT +?'

/** The runs that were begun last, from the tables of a version. */
export function selectLatest(version: number): string {
  const records = version === 1 ? 'records' : 'entries'
  return `SELECT u.id AS runId, f.line AS first, l.line AS last
    FROM (SELECT number, id FROM runs ORDER BY number DESC LIMIT +?) u
    JOIN ${records} f ON f.run = u.number AND f.seq = 0
    JOIN ${records} l ON l.run = u.number
      AND l.seq = (SELECT max(seq) FROM ${records} WHERE run = u.number)`
}

export function prepareWriter(database: DatabaseSync): Writer {
  return {
    database,
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    addRun: database.prepare('INSERT OR IGNORE INTO runs (id) VALUES (?)'),
    placeOf: database.prepare(
      `SELECT number, ifnull((SELECT max(seq) FROM entries WHERE run = runs.number) + 1, 0) AS length
        FROM runs WHERE id = ?`,
    ),
    addRecord: database.prepare(
      'INSERT INTO entries (run, seq, line, payload) VALUES (?, ?, ?, ?)',
    ),
  }
}
