import { timeOfId } from '../base/ids.ts'
import type { OwnKey } from '../gate/identity/own-key.ts'
import type { Journal } from '../journal/journal.ts'
import { pointsNamedIn } from '../journal/named-runs.ts'
import type { RunPoint } from '../protocol/run-event.ts'
import { readAnchors } from './attest.ts'
import { faultOf } from './read-fault.ts'
import type { Verification } from './verification.ts'
import { verifyBeside, verifyChain, type Beside, type VerifyOptions } from './verify.ts'
import { checkReader } from './given.ts'
import { checkJournalOptions } from './verify-options.ts'

type JournalReader = Pick<Journal, 'list' | 'read' | 'checkpoints'>

/** What the runs of a journal are held against. */
export interface VerifyJournalOptions {
  /** Public keys that are trusted: JSON Web Keys with a `kid`. Without them no signature is looked at. */
  readonly keys?: readonly OwnKey[]
  /** Checkpoints that were kept elsewhere, of any runs; they need `keys`. Default: none. */
  readonly anchors?: readonly string[]
  /** Records accepted after the last checkpoint of each run. Default 0. */
  readonly maxTail?: number
  /** Accepts runs that were never signed. Default false. */
  readonly allowUnsigned?: boolean
  /** Demands that the last record of each run was signed as its end; needs `keys`. Default false. */
  readonly expectFinal?: boolean
  /**
   * Milliseconds since the epoch: runs that began before may be missing, as retention leaves it.
   * Default: none may.
   */
  readonly removedBefore?: number
}

/** What was found about one run. */
export type RunVerification = Verification & { readonly runId: string }

/**
 * Verifies every run of a journal, oldest first, each as `verifyChain` does and against what later
 * runs and runs above name of it; then tells the runs that are named, by others or by `anchors`, and
 * missing. Reads the first record of each run twice, and each of `anchors` once; keeps about 200 bytes
 * of memory for each run, beside `anchors`. Throws `bad-option` for options that are unknown or of
 * another type and for keys that cannot be used, and `bad-journal` where the journal cannot be read.
 */
export async function* verifyJournal(
  journal: JournalReader,
  options: VerifyJournalOptions = {},
): AsyncGenerator<RunVerification> {
  checkReader('journal', journal)
  checkJournalOptions(options)
  const { keys, anchors: texts = [] } = options
  const anchors = keys && (await readAnchors(texts, keys))
  const { runs, named } = await readLinks(journal)
  const verified = new Set<string>()
  /** Runs of agents that are named after they were verified. */
  const late = new Set<string>()
  const noteChild = (child: RunPoint): void => {
    addTo(named, child)
    if (verified.has(child.runId)) late.add(child.runId)
  }
  for (const runId of runs) {
    const against = { ...options, named: [...(named.get(runId) ?? [])] }
    yield { runId, ...(await verifyRun(journal, runId, against, { anchors, noteChild })) }
    verified.add(runId)
  }
  for (const runId of late) {
    const against = { ...options, named: [...named.get(runId)!] }
    const found = await verifyRun(journal, runId, against, { anchors })
    if (found.verdict !== 'CONSISTENT') yield { runId, ...found }
  }
  const expected = new Set([...named.keys(), ...(anchors?.byRun.keys() ?? [])])
  for (const runId of expected) {
    if (runs.has(runId)) continue
    const began = timeOfId(runId)
    const isOld = began !== undefined && began < (options.removedBefore ?? -Infinity)
    if (!isOld) yield { runId, ...(await missingRun(runId, keys)) }
  }
}

/** What one run is held against. */
interface VerifyRunOptions
  extends Omit<VerifyJournalOptions, 'removedBefore'>, Pick<VerifyOptions, 'head' | 'named'> {}

/** Verifies one run of a journal. */
export async function verifyRun(
  journal: JournalReader,
  runId: string,
  options: VerifyRunOptions,
  beside: Beside = {},
): Promise<Verification> {
  const { keys, anchors = [], head, named, maxTail, allowUnsigned, expectFinal } = options
  const checkpoints = keys && ((await journal.checkpoints?.(runId)) ?? [])
  const accepted = { ...(allowUnsigned && { allowUnsigned }), ...(expectFinal && { expectFinal }) }
  const against = {
    runId,
    ...(head === undefined ? {} : { head }),
    ...(named === undefined ? {} : { named }),
    ...(maxTail === undefined ? {} : { maxTail }),
    ...(keys && checkpoints ? { signed: { runId, keys, checkpoints, anchors, ...accepted } } : {}),
  }
  return verifyBeside(journal.read(runId), against, beside)
}

interface Links {
  /** Of the journal, oldest first. */
  readonly runs: ReadonlySet<string>
  /** By run, the heads that later runs name. */
  readonly named: Map<string, Set<string>>
}

function addTo(named: Links['named'], { head, runId }: RunPoint): void {
  const heads = named.get(runId) ?? new Set()
  named.set(runId, heads.add(head))
}

async function readLinks(journal: JournalReader): Promise<Links> {
  const runs = new Set<string>()
  const named = new Map<string, Set<string>>()
  for await (const runId of journal.list()) {
    runs.add(runId)
    for (const point of await pointsNamedBy(journal, runId)) addTo(named, point)
  }
  return { runs, named }
}

async function pointsNamedBy(journal: JournalReader, runId: string): Promise<readonly RunPoint[]> {
  try {
    for await (const { line } of journal.read(runId)) return pointsNamedIn(line)
  } catch (error) {
    // told when the run is verified
    faultOf(error)
  }
  return []
}

/** What is found of a run that is named, and has no records. */
async function missingRun(
  runId: string,
  keys: readonly OwnKey[] | undefined,
): Promise<Verification> {
  const message = 'the run is named by others, and is not in the journal'
  const nothing = await verifyChain([], keys === undefined ? {} : { signed: { runId, keys } })
  return { ...nothing, verdict: 'MISSING_RUN', message }
}
