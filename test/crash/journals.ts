import { join } from 'node:path'
import { jsonlJournal, sqliteJournal, type Journal } from 'sallyport'

/** Kinds of journals that stand in files, as the programs here name them. */
export const fileKinds = ['sqlite', 'jsonl'] as const

export type FileKind = (typeof fileKinds)[number]

/** Opens the journal of a folder; whoever opens it again with the same kind finds it. */
export function open(folder: string, kind: FileKind): Journal {
  return kind === 'sqlite'
    ? sqliteJournal(join(folder, 'journal.db'))
    : jsonlJournal(join(folder, 'journal.jsonl'))
}
