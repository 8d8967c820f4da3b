import type { DatabaseSync } from 'node:sqlite'
import type { planPrune, Pruned, RunState } from './retention.ts'
import { lastPlaceOf, placesOf } from './sqlite-statements.ts'

const ofRun = placesOf('(SELECT number FROM runs WHERE id = ?)')

// What is deleted is overwritten (`secure_delete`), in the file and, once the log is folded into it,
// in the log.

/** Each of these is called inside a transaction. Returns the number of payloads erased. */
export function eraseRun(database: DatabaseSync, runId: string): number {
  database.prepare('DELETE FROM answers WHERE run = ?').run(runId)
  const { changes } = database
    .prepare(`UPDATE records SET payload = NULL WHERE payload IS NOT NULL AND place ${ofRun}`)
    .run(runId, runId)
  return Number(changes)
}

/** False for an unknown run. */
export function removeRun(database: DatabaseSync, runId: string): boolean {
  eraseRun(database, runId)
  database.prepare('DELETE FROM checkpoints WHERE run = ?').run(runId)
  database.prepare(`DELETE FROM records WHERE place ${ofRun}`).run(runId, runId)
  return database.prepare('DELETE FROM runs WHERE id = ?').run(runId).changes === 1
}

export function pruneRuns(
  database: DatabaseSync,
  plan: ReturnType<typeof planPrune>,
  dryRun: boolean,
): Pruned {
  const pruned = plan(statesOf(database))
  if (dryRun) return pruned
  for (const runId of pruned.erased) eraseRun(database, runId)
  for (const runId of pruned.removed) removeRun(database, runId)
  return pruned
}

/** All at once: nothing may be deleted while a statement is reading. */
function statesOf(database: DatabaseSync): readonly RunState[] {
  return database
    .prepare(selectStates)
    .all()
    .map(({ first, hasSaid, id, last }) => ({
      runId: id as string,
      firstLine: first === null ? undefined : (first as string),
      lastLine: last === null ? undefined : (last as string),
      hasSaid: hasSaid === 1,
    }))
}

const selectStates = `SELECT r.id AS id, f.line AS first, l.line AS last,
    EXISTS (SELECT 1 FROM records WHERE place ${placesOf('r.number')} AND payload IS NOT NULL) OR
    EXISTS (SELECT 1 FROM answers a WHERE a.run = r.id) AS hasSaid
  FROM runs r LEFT JOIN records f ON f.place = r.number << 32
  LEFT JOIN records l ON l.place = ${lastPlaceOf('r.number')} ORDER BY r.number`
