import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** The connection that writes, with its statements. */
export interface Writer {
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

export const selectRecords = `SELECT r.seq AS seq, r.line AS line, p.payload AS payload
  FROM records r LEFT JOIN payloads p ON p.run = r.run AND p.seq = r.seq
  WHERE r.run = (SELECT number FROM runs WHERE id = ?) AND r.seq >= ? ORDER BY r.seq LIMIT ?`

export const selectAnswers = 'SELECT answer FROM answers WHERE run = ? ORDER BY number'

export const selectCheckpoints = 'SELECT checkpoint FROM checkpoints WHERE run = ? ORDER BY number'

/** Files that were written before there were checkpoints have no table for them. */
export const selectCheckpointTable = "SELECT 1 FROM sqlite_schema WHERE name = 'checkpoints'"

export const selectRuns = 'SELECT number, id FROM runs WHERE number > ? ORDER BY number LIMIT ?'

export const selectLatest = `SELECT u.id AS runId, f.line AS first, l.line AS last
  FROM (SELECT number, id, length FROM runs ORDER BY number DESC LIMIT ?) u
  JOIN records f ON f.run = u.number AND f.seq = 0
  JOIN records l ON l.run = u.number AND l.seq = u.length - 1`

export function prepareWriter(database: DatabaseSync): Writer {
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
