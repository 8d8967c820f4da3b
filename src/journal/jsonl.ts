import { resolve } from 'node:path'
import { checkText } from '../base/options.ts'
import type { Anchor } from './checkpoint.ts'
import { checkFileOptions, encrypted, type FileJournalOptions } from './encryption.ts'
import type { Journal } from './journal.ts'
import type { Reader, Writer } from './jsonl-file.ts'

/** Whoever keeps a journal elsewhere does not pay for the code of files. */
const load = () => import('./jsonl-file.ts')

/**
 * A journal in one file, a line for each record; payloads stand in `<path>.payloads` beside it, and
 * answers that people leave in `<path>.answers`, signed checkpoints in `<path>.checkpoints`.
 * One process writes at a time (`<path>.lock`), any number may read. A line that a crash cut in
 * half is dropped at the next start of a writer; readers pass over it. Intents and approvals are
 * on disk (fsync) before `append` returns, with everything before them. Reading a run waits on the
 * calling thread, a block of at most 1 MiB at a time.
 *
 * After a failed write nothing more is accepted, since what reached the disk is unknown: the run
 * that appends stops, and the next writer starts from what is whole.
 *
 * With `encryption` payloads and answers are encrypted (AES-256-GCM); lines are not. Throws
 * `bad-option` for options that are none.
 */
export function jsonlJournal(path: string, options: FileJournalOptions = {}): Journal {
  checkText('path', path)
  checkFileOptions('jsonlJournal', options)
  return encrypted(fileJournal(path), options.encryption)
}

/**
 * Appends each checkpoint to a file, a line for each, and resolves when it is on disk: the form that
 * `verify --anchor` reads. Any number of processes may append. It anchors nothing while it lies
 * where the journal does; put it on another machine's disk, on one that only takes appends, or
 * under version control that is pushed. Throws `bad-option` for what is no path.
 */
export function fileAnchor(path: string): Anchor {
  checkText('path', path)
  return async (signed) => {
    const { appendDurably } = await import('./jsonl-checkpoints.ts')
    await appendDurably(path, `${signed}\n`)
  }
}

function fileJournal(path: string): Journal {
  const file = resolve(path)
  let real: Promise<string> | undefined
  const target = async (): Promise<string> => {
    const { realFile } = await import('./jsonl-path.ts')
    return (real ??= realFile(file).catch((error: unknown) => {
      real = undefined
      throw error
    }))
  }
  let writer: Promise<Writer> | undefined
  let reader: Reader | undefined
  let last: Promise<void> = Promise.resolve()
  const reading = async (): Promise<Reader> => {
    if (reader !== undefined) return reader
    const { Reader: FileReader } = await load()
    const found = await target()
    return (reader ??= new FileReader(found))
  }
  /** One change after another, also when an earlier one failed. */
  const writing = <Value>(work: (writer: Writer) => Promise<Value>): Promise<Value> => {
    writer ??= load().then(async ({ openWriter }) => openWriter(await target()))
    const opening = writer
    const next = last.then(async () => work(await opening))
    last = next.then(
      () => undefined,
      () => undefined,
    )
    return next
  }
  return {
    append: (runId, expectedSeq, records) =>
      writing((open) => open.append(runId, expectedSeq, records)),
    async *read(runId, from = 0) {
      for (const record of await (await reading()).read(runId, from)) yield record
    },
    async *list() {
      yield* (await reading()).list()
    },
    async latestRuns(count) {
      await last
      return (await import('./jsonl-tail.ts')).latestRuns(await target(), count)
    },
    async leaveAnswer(runId, answer) {
      const { leaveAnswer } = await load()
      await leaveAnswer(await target(), runId, answer)
    },
    async answers(runId) {
      const { readAnswers } = await load()
      return readAnswers(await target(), runId)
    },
    erase: (runId) => writing((open) => open.erase(runId)),
    remove: (runId) => writing((open) => open.remove(runId)),
    prune: (options) => writing((open) => open.prune(options)),
    addCheckpoint: (runId, checkpoint) => writing((open) => open.addCheckpoint(runId, checkpoint)),
    async checkpoints(runId) {
      return (await reading()).checkpoints(runId)
    },
    async close() {
      await last
      await (await writer?.catch(() => undefined))?.close()
      writer = undefined
    },
  }
}
