import { SallyportError } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import { counted } from '../../base/text.ts'
import type { Journal } from '../../journal/journal.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { outJson, type Io } from '../io.ts'
import { withJournal } from '../open-questions.ts'

export interface LogEraseOptions {
  readonly journal: string
  readonly whole?: boolean
  readonly unfinished?: boolean
  readonly json?: boolean
}

/**
 * Erases what was said in a run, or removes it. Refuses runs that could go on, unless told to take
 * them too. Throws `bad-option` for a run the journal does not hold.
 */
export async function logErase(
  runId: string,
  { journal: path, json, unfinished, whole = false }: LogEraseOptions,
  io: Io,
): Promise<ExitCode> {
  return withJournal(path, io, async (journal) => {
    const status = await statusOf(journal, runId)
    if (!final.has(status) && unfinished !== true) throw mayGoOn(runId, status)
    const payloads = await journal.erase(runId)
    if (whole) await journal.remove(runId)
    if (json === true) outJson(io, { runId, status, payloads, removed: whole })
    io.note(
      whole
        ? `removed run ${runId} as a whole; runs that name it miss it, and \`verify\` says so\n`
        : `erased ${counted(payloads, 'payload')} of run ${runId}; its records stay, and \`verify\` tells what is missing\n`,
    )
    return exitCode.done
  })
}

/** Ends after which nobody carries a run on. */
const final: ReadonlySet<string> = new Set(['completed', 'denied'])

/** How a run has ended, read without what was said in it, of which keys may be missing. */
async function statusOf(journal: Journal, runId: string): Promise<string> {
  let last: string | undefined
  for await (const { line } of journal.read(runId)) last = line
  if (last === undefined) {
    throw new SallyportError('bad-option', `the journal holds no run \`${runId}\``, {
      help: 'name a run of this journal',
    })
  }
  const parsed = parseJson(last)
  const { status, type } = (parsed.ok ? parsed.value : {}) as { status?: unknown; type?: unknown }
  return type === 'end' && typeof status === 'string' ? status : 'open'
}

function mayGoOn(runId: string, status: string): SallyportError {
  const state = status === 'open' ? 'has no end' : `has ended as ${status}`
  return new SallyportError('bad-option', `run \`${runId}\` ${state} and could go on`, {
    help: 'finish it with `resume`, or give `--unfinished` where it never will be',
  })
}
