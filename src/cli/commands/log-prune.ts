import { existingJournal } from '../existing-journal.ts'
import { SallyportError } from '../../base/errors.ts'
import { counted, shorten } from '../../base/text.ts'
import type { PruneOptions } from '../../journal/retention.ts'
import { signingKey } from '../../snapshot.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'
import { notePruned } from '../pruned-list.ts'
import { signingKeyOf } from '../signing-key.ts'

export interface PruneCommandOptions {
  readonly journal: string
  readonly payloadsOlderThan?: string
  readonly runsOlderThan?: string
  readonly signingKey?: string
  readonly json?: boolean
}

/**
 * Erases or removes what is old. What is to go is added first to the list beside the journal, of which
 * `verify` tells: a crash in between leaves runs that are listed, none that has gone without a word.
 */
export async function pruneLog(options: PruneCommandOptions, io: Io): Promise<ExitCode> {
  const { journal: path } = options
  const { payloadsOlderThan, runsOlderThan, json } = options
  if (payloadsOlderThan === undefined && runsOlderThan === undefined) {
    throw new SallyportError('bad-option', 'prune is told no age', {
      help: 'give `--payloads-older-than` or `--runs-older-than`, such as `30d`',
    })
  }
  const ages: PruneOptions = {
    now: Date.now(),
    ...(payloadsOlderThan === undefined ? {} : { payloadsOlderThan }),
    ...(runsOlderThan === undefined ? {} : { runsOlderThan }),
  }
  await using journal = await existingJournal(path, io)
  const key = await signingKeyOf(options.signingKey, io)
  const plan = await journal.prune({ ...ages, dryRun: true })
  const isAny = plan.erased.length + plan.removed.length > 0
  if (isAny) await notePruned(path, plan, key && (await signingKey({ key })))
  // a run that somebody has carried on meanwhile is younger now, and stays
  const pruned = isAny ? await journal.prune(ages) : plan
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
}
