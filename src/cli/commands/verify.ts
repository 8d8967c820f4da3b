import { isSallyportError, SallyportError } from '../../base/errors.ts'
import { openJournal } from '../../journal/open.ts'
import type { OwnKey } from '../../gate/identity/own-key.ts'
import type { Journal } from '../../journal/journal.ts'
import type { Verdict, Verification } from '../../report/verification.ts'
import { verifyChain, type VerifyOptions as ChainOptions } from '../../report/verify.ts'
import { exitCode, type ExitCode } from '../exit.ts'
import { checkReadable, readText } from '../files.ts'
import { outJson, type Io } from '../io.ts'
import { readTrustedKeys } from '../trusted-keys.ts'
import { proofText, verificationText } from '../verification-text.ts'

export interface VerifyOptions {
  readonly run?: string
  readonly key?: string
  readonly head?: string
  readonly anchor?: string
  readonly allowTail?: number
  readonly allowUnsigned?: boolean
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
  await checkReadable(path)
  const codes = new Set<ExitCode>()
  for await (const found of findings(path, options, io)) {
    if (options.json === true) outJson(io, { journal: path, ...found })
    else io.out(verificationText(found))
    codes.add(exitOf(found.verdict))
  }
  return [exitCode.negative, exitCode.undetermined].find((code) => codes.has(code)) ?? exitCode.done
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
  const signed = await signedOptions(options)
  const journal = await openJournal(path, io.environment)
  try {
    const seen = new Set<string>()
    for await (const runId of options.run === undefined ? journal.list() : [options.run]) {
      seen.add(runId)
      yield { runId, ...(await verifyRun(journal, runId, options, signed)) }
    }
    // a run of which somebody kept a checkpoint has to be there
    for (const runId of options.run === undefined ? signed.runs : []) {
      if (seen.has(runId)) continue
      seen.add(runId)
      yield { runId, ...(await verifyRun(journal, runId, options, signed)) }
    }
    if (seen.size === 0) yield { runId: null, ...(await verifyChain([])) }
  } catch (error) {
    yield await unreadable(error)
  } finally {
    await journal.close()
  }
}

interface Trusted {
  readonly keys: readonly OwnKey[] | undefined
  readonly anchors: readonly string[]
  /** The runs that the anchors are of, as far as they can be read. */
  readonly runs: readonly string[]
}

async function signedOptions(options: VerifyOptions): Promise<Trusted> {
  const { key, anchor, allowUnsigned, expectFinal } = options
  if (key === undefined) {
    if (anchor !== undefined) throw keyNeeded('--anchor')
    if (allowUnsigned === true) throw keyNeeded('--allow-unsigned')
    if (expectFinal === true) throw keyNeeded('--expect-final')
    return { keys: undefined, anchors: [], runs: [] }
  }
  const keys = await readTrustedKeys(key)
  const anchors = anchor === undefined ? [] : (await readText(anchor)).split('\n')
  const texts = anchors.map((line) => line.trim()).filter((line) => line !== '')
  const { readCheckpoint } = await import('../../report/attest.ts')
  const read = await Promise.all(texts.map((text) => readCheckpoint(text, keys)))
  const runs = read.flatMap((point) => ('verdict' in point ? [] : [point.runId]))
  return { keys, anchors: texts, runs }
}

async function verifyRun(
  journal: Journal,
  runId: string,
  { head, allowTail, allowUnsigned, expectFinal }: VerifyOptions,
  { keys, anchors }: Trusted,
): Promise<Verification> {
  const checkpoints = keys === undefined ? [] : await journal.checkpoints?.(runId)
  const options: ChainOptions = {
    ...(head === undefined ? {} : { head }),
    ...(allowTail === undefined ? {} : { maxTail: allowTail }),
    ...(keys === undefined
      ? {}
      : {
          signed: {
            runId,
            keys,
            checkpoints: checkpoints ?? [],
            anchors,
            allowUnsigned: allowUnsigned ?? false,
            expectFinal: expectFinal ?? false,
          },
        }),
  }
  return verifyChain(journal.read(runId), options)
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
