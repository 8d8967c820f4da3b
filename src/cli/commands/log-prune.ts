import { counted, shorten } from '../../base/text.ts'
import { openJournal } from '../../journal/open.ts'
import type { PruneOptions } from '../../journal/retention.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { checkReadable } from '../files.ts'
import { outJson, type Io } from '../io.ts'
import { notePruned } from '../pruned-list.ts'

export interface PruneCommandOptions {
  readonly journal: string
  readonly payloadsOlderThan?: string
  readonly runsOlderThan?: string
  readonly json?: boolean
}

/**
 * Erases or removes what is old, and then adds it to the list beside the journal, of which `verify`
 * tells.
 */
export async function pruneLog(options: PruneCommandOptions, io: Io): Promise<ExitCode> {
  const { journal: path } = options
  const { payloadsOlderThan, runsOlderThan, json } = options
  const ages: PruneOptions = {
    ...(payloadsOlderThan === undefined ? {} : { payloadsOlderThan }),
    ...(runsOlderThan === undefined ? {} : { runsOlderThan }),
  }
  await checkReadable(path)
  const journal = await openJournal(path, io.environment)
  try {
    const pruned = await journal.prune(ages)
    if (pruned.erased.length + pruned.removed.length > 0) await notePruned(path, pruned)
    if (json === true) outJson(io, pruned)
    else {
      io.out(
        [
          `erased what was said in ${counted(pruned.erased.length, 'run')}, removed ${counted(pruned.removed.length, 'run')}`,
          ...pruned.erased.map((runId) => `  erased   ${shorten(runId, 200)}`),
          ...pruned.removed.map((runId) => `  removed  ${shorten(runId, 200)}`),
          ...pruned.unfinished.map((runId) => `  left, as it has no end: ${shorten(runId, 200)}`),
          '',
        ].join('\n'),
      )
    }
    return exitCode.done
  } finally {
    await journal.close()
  }
}
