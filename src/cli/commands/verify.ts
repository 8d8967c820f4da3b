import { isSallyportError, SallyportError } from '../../base/errors.ts'
import { openJournal } from '../../journal/open.ts'
import type { Verification } from '../../report/verification.ts'
import { verifyChain, type VerifyOptions as ChainOptions } from '../../report/verify.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { checkReadable } from '../files.ts'
import { outJson, type Io } from '../io.ts'
import { verificationText } from '../verification-text.ts'

export interface VerifyOptions {
  readonly run?: string
  readonly head?: string
  readonly allowTail?: number
  readonly json?: boolean
}

/** What was found about a run; without an id where the journal could not be read as one. */
export type Found = Verification & { readonly runId: string | null }

/**
 * Verifies the runs of a journal, or the named one, and prints for each what is proved and what is
 * not. Exits with 1 when any of them is not consistent.
 */
export async function verify(path: string, options: VerifyOptions, io: Io): Promise<ExitCode> {
  checkHead(options)
  await checkReadable(path)
  let code: ExitCode = exitCode.done
  for await (const found of findings(path, options, io)) {
    if (options.json === true) outJson(io, { journal: path, ...found })
    else io.out(verificationText(found))
    if (found.verdict !== 'CONSISTENT') code = exitCode.negative
  }
  return code
}

function checkHead({ head, run }: VerifyOptions): void {
  if (head === undefined) return
  if (!/^sha256:[0-9a-f]{64}$/.test(head)) {
    throw new SallyportError('bad-option', '`--head` is no digest', {
      help: 'give `head` of a report as it was kept: `sha256:` and 64 lower-case hexadecimal digits',
    })
  }
  if (run !== undefined) return
  throw new SallyportError('bad-option', '`--head` needs `--run`', {
    help: 'a head is that of one run: name it',
  })
}

async function* findings(path: string, options: VerifyOptions, io: Io): AsyncGenerator<Found> {
  const journal = await openJournal(path, io.environment)
  const { head, allowTail } = options
  const chain: ChainOptions = {
    ...(head === undefined ? {} : { head }),
    ...(allowTail === undefined ? {} : { maxTail: allowTail }),
  }
  try {
    let count = 0
    for await (const runId of options.run === undefined ? journal.list() : [options.run]) {
      count++
      yield { runId, ...(await verifyChain(journal.read(runId), chain)) }
    }
    if (count === 0) yield { runId: null, ...(await verifyChain([])) }
  } catch (error) {
    yield await unreadable(error)
  } finally {
    await journal.close()
  }
}

/** A line that is none of a journal is a finding; a file that cannot be read is a failure. */
async function unreadable(error: unknown): Promise<Found> {
  if (!isSallyportError(error) || error.code !== 'bad-journal') throw error
  const { details } = error as { readonly details?: { readonly line?: unknown } }
  if (typeof details?.line !== 'number') throw error
  const nothing = await verifyChain([])
  return {
    runId: null,
    ...nothing,
    verdict: 'MALFORMED',
    message: `line ${details.line} is no record`,
  }
}
