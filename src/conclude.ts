import type { Carrier } from './carrier.ts'
import { genesis } from './journal/chain.ts'
import type { CallCounts } from './protocol/run-event.ts'
import type { Report } from './report/report.ts'
import { isFinal } from './rested-runs.ts'
import type { RunEnvironment } from './run/environment.ts'
import { carryRun } from './run/loop.ts'
import type { RunOutcome } from './run/outcome.ts'
import type { Recorder } from './run/recorder.ts'
import type { RunResult } from './runtime-options.ts'
import type { RuntimeParts } from './started-run.ts'

/** Carries a run that was let in from its first model request to its result. */
export async function carryToEnd(
  parts: Pick<RuntimeParts, 'gate' | 'policy' | 'previousRuns' | 'rested' | 'snapshots' | 'stops'>,
  carrier: Carrier,
  environment: RunEnvironment,
): Promise<RunResult> {
  const { context, runId } = environment
  const leave = parts.stops.enter(context, carrier.started.stop)
  const outcome = await carryRun(environment)
  leave()
  parts.gate.forget(context)
  const result = await conclude(parts, carrier, outcome)
  const { isWritten, length } = carrier.recorder
  // of what may be missing in the journal nobody knows what others have put there
  if (isWritten) parts.rested.note(runId, result.status, length)
  return result
}

/** Records the end of the run and makes its result. */
export async function conclude(
  parts: Pick<RuntimeParts, 'policy' | 'previousRuns' | 'snapshots'>,
  carrier: Carrier,
  outcome: RunOutcome,
): Promise<RunResult> {
  const { started, recorder, fold } = carrier
  const { runId } = started
  const ended = await writeEnd(recorder, await kept(carrier, outcome), fold.counts())
  if (recorder.isWritten) parts.previousRuns?.note(runId, recorder.head)
  const { error = carrier.unanchored } = ended
  const head = recorder.head === genesis ? null : recorder.head
  const snapshot = await snapshotOf(parts, runId, recorder, ended)
  return toResult(runId, { ...ended, error }, { report: fold.report(head), snapshot })
}

/** A run whose conversation cannot be kept has failed, whatever it achieved. */
async function kept({ recorder, save }: Carrier, outcome: RunOutcome): Promise<RunOutcome> {
  const error = await save?.(outcome)
  if (error === undefined) return outcome
  recorder.emit({ type: 'error', ...error })
  return { ...outcome, status: 'error', error }
}

/** None of a run that nobody can carry on, and none where the journal may lack the end of it. */
async function snapshotOf(
  { policy, snapshots }: Pick<RuntimeParts, 'policy' | 'snapshots'>,
  runId: string,
  { head, isWritten, length }: Recorder,
  { status }: RunOutcome,
): Promise<string | undefined> {
  if (snapshots === undefined || !isWritten || isFinal(status)) return undefined
  return snapshots.sign({ runId, head, length, policy: policy().digest })
}

/** Records the end; a journal that cannot hold it makes the run a failure, whatever it achieved. */
async function writeEnd(
  recorder: Recorder,
  outcome: RunOutcome,
  counts: CallCounts,
): Promise<RunOutcome> {
  const error = await recorder.end(outcome.status, outcome.error, counts)
  return error === undefined ? outcome : { ...outcome, status: 'error', error }
}

function toResult(
  runId: string,
  outcome: RunOutcome,
  { report, snapshot }: { readonly report: Report; readonly snapshot: string | undefined },
): RunResult {
  const { status, text, images, usage, approvals, inDoubt, messages } = outcome
  const { refusal, finishReason, cost, error, output } = outcome
  return {
    runId,
    status,
    text,
    images,
    ...(output === undefined || status !== 'completed' ? {} : { output }),
    ...(refusal === undefined ? {} : { refusal }),
    ...(finishReason === undefined ? {} : { finishReason }),
    usage,
    ...(cost === undefined ? {} : { cost }),
    report,
    approvals,
    inDoubt,
    ...(snapshot === undefined ? {} : { snapshot }),
    messages,
    ...(error === undefined ? {} : { error }),
  }
}
