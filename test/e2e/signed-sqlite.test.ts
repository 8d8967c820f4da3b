import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { isSallyportError } from '../../src/base/errors.ts'
import { sqliteJournal } from '../../src/journal/sqlite.ts'
import { verifyChain } from '../../src/report/verify.ts'
import { collect } from '../support/agent.ts'
import { temporaryFolder } from '../support/folder.ts'
import { keyPair } from '../support/policy-keys.ts'
import { signedRun, tryTampering, type Database } from '../support/tampering.ts'

function throughSqlite(path: string): Database {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA synchronous = OFF')
  const numberOf = database.prepare('SELECT number FROM runs WHERE id = ?')
  const records = database.prepare(
    'SELECT line, payload FROM records WHERE place >> 32 = ? ORDER BY place',
  )
  const checkpoints = database.prepare(
    'SELECT checkpoint FROM checkpoints WHERE run = ? ORDER BY number',
  )
  const clear = database.prepare('DELETE FROM records WHERE place >> 32 = ?')
  const add = database.prepare(
    'INSERT INTO records (place, line, payload) VALUES ((? << 32) + ?, ?, ?)',
  )
  const sign = database.prepare('INSERT INTO checkpoints (run, checkpoint) VALUES (?, ?)')
  const unsign = database.prepare('DELETE FROM checkpoints WHERE run = ?')
  const number = (runId: string): number => numberOf.get(runId)!['number'] as number
  return {
    async read(runId) {
      return {
        records: records.all(number(runId)) as never,
        checkpoints: checkpoints.all(runId).map(({ checkpoint }) => checkpoint as string),
      }
    },
    async write(runId, run) {
      database.exec('BEGIN')
      clear.run(number(runId))
      for (const [seq, { line, payload }] of run.records.entries()) {
        add.run(number(runId), seq, line, payload)
      }
      unsign.run(runId)
      for (const text of run.checkpoints) sign.run(runId, text)
      database.exec('COMMIT')
    },
  }
}

describe('a signed run in SQLite', () => {
  test('is not consistent after any change of its rows', { timeout: 300_000 }, async () => {
    const path = join(temporaryFolder(), 'j.db')
    const journal = sqliteJournal(path)
    const run = await signedRun(journal)
    const { count, verdicts } = await tryTampering(throughSqlite(path), run, 1)
    expect(count).toBeGreaterThan(5_000)
    expect(verdicts).not.toContain('CONSISTENT')
    expect([...verdicts]).toEqual(
      expect.arrayContaining(['TAMPERED', 'MALFORMED', 'BAD_SIGNATURE', 'NO_CHECKPOINTS']),
    )
    expect(await run.verdictOf()).toBe('CONSISTENT')
    expect(await run.verdictOf([keyPair('ops').open])).toBe('BAD_SIGNATURE')
    await journal.close()
  })

  test('does not take rows of another one', async () => {
    const path = join(temporaryFolder(), 'j.db')
    const journal = sqliteJournal(path)
    const [one, other] = [await signedRun(journal), await signedRun(journal)]
    const database = throughSqlite(path)
    const [own, others] = [await database.read(one.runId), await database.read(other.runId)]
    await database.write(one.runId, { ...own, records: others.records })
    expect(await one.verdictOf()).toBe('TAMPERED')
    await database.write(one.runId, { ...others, records: own.records })
    expect(await one.verdictOf()).toBe('TAMPERED')
    await database.write(one.runId, own)
    expect(await one.verdictOf()).toBe('CONSISTENT')
    await journal.close()
  })

  test(
    'is as it was, or not consistent, after a change of the file',
    { timeout: 300_000 },
    async () => {
      const folder = temporaryFolder()
      const path = join(folder, 'j.db')
      const journal = sqliteJournal(path)
      const { runId } = await signedRun(journal)
      const said = await collect(journal.read(runId))
      await journal.close()
      const bytes = readFileSync(path)
      const copy = join(folder, 'copy.db')
      const outcomes = new Set<string>()
      for (let at = 0; at < bytes.length; at += 67) {
        copyFileSync(path, copy)
        const changed = Buffer.from(bytes)
        changed[at]! ^= 1
        writeFileSync(copy, changed)
        const opened = sqliteJournal(copy)
        try {
          const found = await collect(opened.read(runId))
          const isSame = JSON.stringify(found) === JSON.stringify(said)
          outcomes.add(isSame ? 'the same' : 'other')
          if (!isSame) {
            const head = said.at(-1)!.hash
            const { erased, verdict } = await verifyChain(found, { head })
            expect([verdict, erased]).not.toEqual(['CONSISTENT', 0])
          }
        } catch (error) {
          if (!isSallyportError(error)) throw error
          outcomes.add(error.code)
        } finally {
          await opened.close()
        }
      }
      expect(outcomes).toEqual(new Set(['the same', 'other', 'bad-journal']))
    },
  )
})
