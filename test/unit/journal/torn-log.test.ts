import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JournalRecord } from '../../../src/journal/journal.ts'
import { sqliteJournal } from '../../../src/journal/sqlite.ts'
import { recordsOf } from '../../../src/testing/journal-records.ts'
import { collect } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'

const records = recordsOf('run_a', 12)

/** The files of an SQLite journal as they lie there while it is written, append for append. */
async function written(): Promise<{ readonly path: string; readonly log: Buffer }> {
  const path = join(temporaryFolder(), 'journal.db')
  const journal = sqliteJournal(path)
  for (const record of records) {
    await journal.append('run_a', record.seq, [{ ...record, durable: record.seq % 3 === 0 }])
  }
  const log = readFileSync(`${path}-wal`)
  const copy = join(temporaryFolder(), 'journal.db')
  copyFileSync(path, copy)
  await journal.close()
  return { path: copy, log }
}

async function recordsIn(path: string): Promise<readonly JournalRecord[]> {
  const journal = sqliteJournal(path)
  try {
    return await collect(journal.read('run_a'))
  } finally {
    await journal.close()
  }
}

test('a log that was torn anywhere holds a beginning of the run, which goes on from there', async () => {
  const { path, log } = await written()
  const lengths = new Set<number>()
  for (let cut = 0; cut <= log.length; cut += 1_777) {
    const torn = join(temporaryFolder(), 'journal.db')
    copyFileSync(path, torn)
    writeFileSync(`${torn}-wal`, log)
    truncateSync(`${torn}-wal`, cut)
    const found = await recordsIn(torn)
    expect(found.map(({ line }) => line)).toEqual(
      records.slice(0, found.length).map(({ line }) => line),
    )
    lengths.add(found.length)
    const journal = sqliteJournal(torn)
    await journal.append('run_a', found.length, records.slice(found.length))
    expect(await collect(journal.read('run_a'))).toHaveLength(records.length)
    await journal.close()
  }
  expect(lengths.size).toBeGreaterThan(5)
})

test('a log of which a byte was changed holds a beginning of the run', async () => {
  const { path, log } = await written()
  for (let at = 40; at < log.length; at += 2_003) {
    const spoilt = join(temporaryFolder(), 'journal.db')
    copyFileSync(path, spoilt)
    const bytes = Buffer.from(log)
    bytes[at] = bytes[at]! ^ 0xff
    writeFileSync(`${spoilt}-wal`, bytes)
    const found = await recordsIn(spoilt)
    expect(found.map(({ line }) => line)).toEqual(
      records.slice(0, found.length).map(({ line }) => line),
    )
  }
})
