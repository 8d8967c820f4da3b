// The least that a journal can cost which keeps what ours keeps: the same bytes, the appends of a
// tick at once, and on disk what ours has on disk. Nothing can be read back from these.
import { fdatasyncSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { memoryJournal, type Journal } from '../../src/index.ts'

type Records = Parameters<Journal['append']>[2]

/** One write for each tick to a file whose blocks are there, and `fdatasync` at intents. */
export function bareFile(): Journal {
  const length = 4 * 1024 * 1024
  const file = openSync(join(ownFolder(), 'journal'), 'w')
  writeSync(file, Buffer.alloc(length))
  fsyncSync(file)
  let at = 0
  return writing((text, isDurable) => {
    // begins anew as the log of SQLite does; a UTF-16 code unit takes three bytes at most
    if (at + 3 * text.length > length) at = 0
    at += writeSync(file, text, at)
    if (isDurable) fdatasyncSync(file)
  })
}

/** One row for each tick in a table without an index, in a transaction of its own. */
export function bareSqlite(): Journal {
  const database = new DatabaseSync(join(ownFolder(), 'journal.db'))
  database.exec(`PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE texts (number INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;`)
  const begin = database.prepare('BEGIN IMMEDIATE')
  const add = database.prepare('INSERT INTO texts (text) VALUES (?)')
  const commit = database.prepare('COMMIT')
  let isFull = false
  return writing((text, isDurable) => {
    if (isDurable !== isFull) {
      database.exec(`PRAGMA synchronous = ${isDurable ? 'FULL' : 'NORMAL'}`)
      isFull = isDurable
    }
    begin.get()
    add.get(text)
    commit.get()
  })
}

function writing(write: (text: string, isDurable: boolean) => void): Journal {
  let waiting: { readonly records: Records; readonly resolve: () => void }[] = []
  const flush = (): void => {
    const batch = waiting
    waiting = []
    const records = batch.flatMap((each) => each.records)
    const texts = records.map(({ line, payload = '' }) => `${line}\n${payload}\n`)
    write(
      texts.join(''),
      records.some(({ durable }) => durable),
    )
    for (const { resolve } of batch) resolve()
  }
  return {
    ...memoryJournal(),
    append: (_runId, _expectedSeq, records) =>
      new Promise((resolve) => {
        if (waiting.push({ records, resolve }) === 1) setImmediate(flush)
      }),
  }
}

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
