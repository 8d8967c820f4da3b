import type { ErrorData } from './base/errors.ts'
import { ownProcess } from './base/process.ts'
import type { JudgeContext } from './gate/verdict.ts'
import { EventReader } from './history/events.ts'
import type { Message } from './protocol/message.ts'
import type { RunPoint, StructuralEvent } from './protocol/run-event.ts'
import { createFold, type ReportFold } from './report/fold.ts'
import { keepBy } from './run/kept.ts'
import type { RunOutcome } from './run/outcome.ts'
import type { Past } from './run/past.ts'
import { Recorder } from './run/recorder.ts'
import { recordStart, type FirstRecord } from './run/start.ts'
import type { Conversation } from './session-history.ts'
import type { CarryOptions, RuntimeParts, StartedRun } from './started-run.ts'

/** A run under way, with what writes it down and what its report is made of. */
export interface Carrier {
  readonly started: StartedRun<CarryOptions>
  readonly recorder: Recorder
  readonly fold: ReportFold
  /** Why the last checkpoint was not kept elsewhere, where the run went on all the same. */
  unanchored?: ErrorData
  /** Keeps what the run adds to the conversation of its session; returns why it could not. */
  readonly save: ((outcome: RunOutcome) => Promise<ErrorData | undefined>) | undefined
}

/** What the run is carried with, the last of its messages being what the user says. */
interface Opening {
  readonly conversation: Conversation | undefined
  readonly messages: readonly Message[]
  readonly context: JudgeContext
}

/** `past` is what the journal holds of the run already, `previousRuns` what a new one names. */
export function openCarrier(
  parts: RuntimeParts,
  started: StartedRun<CarryOptions>,
  { conversation, messages, context }: Opening,
  {
    past,
    previousRuns = [],
  }: {
    readonly past?: Pick<Past, 'events' | 'head' | 'length'>
    readonly previousRuns?: readonly RunPoint[] | undefined
  },
): Carrier {
  const { clock, format } = parts
  const journal = parts.previousRuns?.following(previousRuns) ?? parts.journal
  const { runId, queue, signal } = started
  const fold = createFold()
  const keep = keepBy(parts.policy, parts.registry)
  const reader = conversation && new EventReader()
  const observe = (event: StructuralEvent): void => {
    fold.add(event)
    reader?.add(event)
  }
  for (const event of past?.events ?? []) observe(event)
  const after = past && {
    length: past.length,
    head: past.head,
    eventSeq: (past.events.at(-1)?.seq ?? -1) + 1,
  }
  const checkpoints = parts.signing?.checkpointsOf(runId)
  const options = { runId, journal, clock, format, queue, signal, keep, observe, after }
  const observers = parts.plugins?.observers
  const recorder = new Recorder({ ...options, checkpoints, observers })
  const save: Carrier['save'] =
    reader &&
    (({ status, messages: all }) => {
      const own = all.slice(messages.length - 1)
      const isTainted = parts.gate.tainted(context)
      if (status !== 'completed') parts.gate.leave(context)
      return conversation!.save({ status, messages: own, isTainted }, reader)
    })
  const carrier: Carrier = { started, recorder, fold, save }
  if (checkpoints !== undefined) {
    checkpoints.onUnanchored = (error) => {
      carrier.unanchored = error
      recorder.emit({ type: 'error', ...error })
    }
  }
  return carrier
}

/** Writes the first record of whoever carries the run. */
export function recordBeginning(
  { recorder }: Carrier,
  { options, policy, registry, signing }: RuntimeParts,
  first: Pick<
    FirstRecord,
    'context' | 'messages' | 'limits' | 'scope' | 'resumed' | 'previousRuns' | 'parent'
  >,
): void {
  recordStart(recorder, {
    ...first,
    carrier: ownProcess(),
    signer: signing?.signer,
    policy: policy(),
    policyFile: options.policy?.path,
    registry,
    model: options.model,
  })
}
