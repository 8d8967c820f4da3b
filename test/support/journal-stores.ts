import { chmodSync, chownSync, readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { FileJournalOptions } from '../../src/journal/encryption.ts'
import { jsonlJournal } from '../../src/journal/jsonl.ts'
import { memoryJournal } from '../../src/journal/memory.ts'
import { sqliteJournal } from '../../src/journal/sqlite.ts'
import type { JournalStore } from '../../src/testing/journal-suite.ts'
import { temporaryFolder } from './folder.ts'

export function memoryStore(): JournalStore {
  return { open: memoryJournal, isFleeting: true }
}

/** A folder of its own, since it may be protected as a whole. */
export function jsonlStore(options: FileJournalOptions = {}): JournalStore {
  const path = join(temporaryFolder(), 'j.jsonl')
  const payloads = `${path}.payloads`
  return {
    open: () => jsonlJournal(path, options),
    async fillUp() {
      renameSync(payloads, `${payloads}.kept`)
      symlinkSync('/dev/full', payloads)
      return () => {
        rmSync(payloads)
        renameSync(`${payloads}.kept`, payloads)
      }
    },
    protect: async () => protectFolder(dirname(path)),
    alter(_runId, seq) {
      const written = readFileSync(path, 'utf8').split('\n')
      written[seq] = alteredLine(written[seq]!)
      writeFileSync(path, written.join('\n'))
    },
  }
}

export function sqliteStore(options: FileJournalOptions = {}): JournalStore {
  const path = join(temporaryFolder(), 'journal.db')
  const execute = (sql: string, ...values: (string | number)[]): void => {
    using database = new DatabaseSync(path)
    database.prepare(sql).run(...values)
  }
  return {
    open: () => sqliteJournal(path, options),
    async fillUp() {
      execute(`CREATE TRIGGER full BEFORE INSERT ON records
        BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
      return () => execute('DROP TRIGGER full')
    },
    protect: async () => protectFolder(dirname(path)),
    alter(runId, seq) {
      execute(
        `UPDATE records SET line = replace(line, '"turn":1', '"turn":7')
          WHERE place = ? + (SELECT number << 32 FROM runs WHERE id = ?)`,
        seq,
        runId,
      )
    },
  }
}

export function alteredLine(line: string): string {
  return line.replace('"turn":1', '"turn":7')
}

/** The user that has no rights; root has all of them, whatever files say. */
const nobody = 65_534

function protectFolder(folder: string): () => void {
  const isRoot = process.getuid?.() === 0
  const paths = [...readdirSync(folder).map((name) => join(folder, name)), folder]
  if (isRoot) for (const path of paths) chownSync(path, nobody, nobody)
  for (const path of paths) chmodSync(path, path === folder ? 0o500 : 0o400)
  if (isRoot) process.seteuid?.(nobody)
  return () => {
    if (isRoot) process.seteuid?.(0)
    chmodSync(folder, 0o700)
    for (const path of paths) if (existsSync(path)) chmodSync(path, path === folder ? 0o700 : 0o600)
  }
}
