import { parseDuration } from '../../base/duration.ts'
import { isSallyportError, SallyportError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { openJournal } from '../../journal/open.ts'
import type { Journal } from '../../journal/journal.ts'
import type { Verdict, Verification } from '../../report/verification.ts'
import { verifyChain } from '../../report/verify.ts'
import { verifyJournal, verifyRun, type VerifyJournalOptions } from '../../report/verify-journal.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { checkReadable, readText } from '../files.ts'
import { outJson, type Io } from '../io.ts'
import { useSmallHeap } from '../small-heap.ts'
import { prunedText, readPruned } from '../pruned-list.ts'
import { readTrustedKeys } from '../trusted-keys.ts'
import { proofText, verificationText } from '../verification-text.ts'

export interface VerifyOptions {
  readonly run?: string
  readonly key?: string
  readonly head?: string
  readonly anchor?: string
  readonly allowTail?: number
  readonly allowUnsigned?: boolean
  readonly allowRemoved?: string
  readonly expectFinal?: boolean
  readonly proof?: string
  readonly json?: boolean
}

/** What was found about a run; without an id where the journal could not be read as one. */
export type Found = Verification & { readonly runId: string | null }

/**
 * Verifies the runs of a journal, or the named one, and prints for each what is proved and what is
 * not; or the proof of a call. Exits with 1 when any of them is not consistent, with 4 where a key
 * is not known.
 */
export async function verify(
  path: string | undefined,
  options: VerifyOptions,
  io: Io,
): Promise<ExitCode> {
  if (options.proof !== undefined) return verifyProof(options.proof, options, io)
  if (path === undefined) {
    throw new SallyportError('bad-option', 'no journal is named', {
      help: 'name the file, such as `.sallyport/journal.db`, or a proof with `--proof`',
    })
  }
  checkHead(options)
  useSmallHeap()
  await checkReadable(path)
  const codes = new Set<ExitCode>()
  const runs = new Set<string | null>()
  for await (const found of findings(path, options, io)) {
    if (found.records > 0) runs.add(found.runId)
    if (options.json === true) outJson(io, { journal: path, ...found })
    else io.out(verificationText(found))
    codes.add(exitOf(found.verdict))
  }
  if (options.run === undefined) codes.add(await tellPruned(path, runs, options, io))
  return [exitCode.negative, exitCode.undetermined].find((code) => codes.has(code)) ?? exitCode.done
}

/** What is no longer there cannot be verified; what is said of it stands beside the journal. */
async function tellPruned(
  path: string,
  runs: ReadonlySet<string | null>,
  { allowUnsigned, json, key }: VerifyOptions,
  io: Io,
): Promise<ExitCode> {
  const pruned = await readPruned(path, key === undefined ? undefined : await readTrustedKeys(key))
  if (pruned === undefined) return exitCode.done
  const stillThere = pruned.removed.filter((runId) => runs.has(runId))
  if (json === true) outJson(io, { journal: path, pruned: { ...pruned, stillThere } })
  else io.out(prunedText(pruned, stillThere))
  const { entries, fault, isWhole, signed } = pruned
  const isSigned = signed === null || signed === entries || allowUnsigned === true
  if (!isWhole) return exitCode.negative
  if (fault !== undefined) return exitOf(fault.verdict)
  return isSigned ? exitCode.done : exitCode.negative
}

function exitOf(verdict: Verdict): ExitCode {
  if (verdict === 'CONSISTENT') return exitCode.done
  return verdict === 'UNKNOWN_KEY' ? exitCode.undetermined : exitCode.negative
}

async function verifyProof(path: string, { key, json }: VerifyOptions, io: Io): Promise<ExitCode> {
  if (key === undefined) throw keyNeeded('--proof')
  const { verifyCallProof } = await import('../../report/proof.ts')
  const found = await verifyCallProof(await readText(path), await readTrustedKeys(key))
  if (json === true) outJson(io, found)
  else io.out(proofText(found))
  return exitOf(found.verdict)
}

function keyNeeded(option: string): SallyportError {
  return new SallyportError('bad-option', `\`${option}\` needs \`--key\``, {
    help: 'name the file with the public keys that are trusted, as JSON Web Keys',
  })
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
  const { run, head } = options
  const against = await givenOf(options)
  const journal = await openJournal(path, io.environment)
  try {
    let count = 0
    const runs =
      run === undefined
        ? verifyJournal(journal, against)
        : oneRun(journal, run, { ...against, ...(head === undefined ? {} : { head }) })
    for await (const found of runs) {
      count++
      yield found
    }
    if (count === 0) yield { runId: null, ...(await verifyChain([])) }
  } catch (error) {
    yield await unreadable(error)
  } finally {
    await journal.close()
  }
}

async function* oneRun(
  journal: Journal,
  runId: string,
  against: VerifyJournalOptions & { readonly head?: string },
): AsyncGenerator<Found> {
  yield { runId, ...(await verifyRun(journal, runId, against)) }
}

async function givenOf(options: VerifyOptions): Promise<VerifyJournalOptions> {
  const { key, anchor, allowTail, allowUnsigned, allowRemoved, expectFinal } = options
  if (key === undefined) {
    if (anchor !== undefined) throw keyNeeded('--anchor')
    if (allowUnsigned === true) throw keyNeeded('--allow-unsigned')
    if (expectFinal === true) throw keyNeeded('--expect-final')
  }
  const lines = anchor === undefined ? [] : (await readText(anchor)).split('\n')
  return {
    ...(key === undefined ? {} : { keys: await readTrustedKeys(key) }),
    anchors: lines.map((line) => line.trim()).filter((line) => line !== ''),
    ...(allowTail === undefined ? {} : { maxTail: allowTail }),
    ...(allowUnsigned === undefined ? {} : { allowUnsigned }),
    ...(expectFinal === undefined ? {} : { expectFinal }),
    ...(allowRemoved === undefined
      ? {}
      : { removedBefore: Date.now() - parseDuration(allowRemoved) }),
  }
}

/** A line that is none of a journal is a finding; a file that cannot be read is a failure. */
async function unreadable(error: unknown): Promise<Found> {
  if (!isSallyportError(error) || error.code !== 'bad-journal') throw error
  const { beside, line } = isObject(error.details) ? error.details : {}
  if (typeof line !== 'number') throw error
  const place = typeof beside === 'string' && beside !== '' ? ` of its \`${beside}\`` : ''
  const nothing = await verifyChain([])
  return {
    runId: null,
    ...nothing,
    verdict: 'MALFORMED',
    message: `line ${line}${place} is no record`,
  }
}
