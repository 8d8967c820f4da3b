import { errorData, type ErrorData } from './base/errors.ts'
import type { JudgeContext } from './gate/verdict.ts'
import type { Message } from './protocol/message.ts'
import type { EndStatus } from './protocol/run-event.ts'
import { noUsage } from './protocol/usage.ts'
import type { RunOutcome } from './run/outcome.ts'
import type { Recorder } from './run/recorder.ts'
import type { Stops } from './run/stops.ts'

/** Why a run is not let in, and what it ends as. */
export interface EntryRefusal {
  readonly status: EndStatus
  readonly error: ErrorData
}

export function denied(error: ErrorData): EntryRefusal {
  return { status: 'denied', error }
}

/** Undefined for a run that may begin. One that came too early may be resumed later. */
export function entryRefusal(
  { stops }: { readonly stops: Stops },
  context: JudgeContext,
  isBusy: boolean,
): EntryRefusal | undefined {
  const stopped = stops.refusal(undefined, context)
  if (stopped !== undefined) return denied(errorData('stopped', stopped))
  if (!isBusy) return undefined
  return { status: 'error', error: sessionBusy() }
}

export function sessionBusy(): ErrorData {
  const help = 'start it again when that one has ended'
  return errorData('session-busy', 'another run of the session is at work', { help })
}

/** The outcome of a run that was not let in: nothing happened. */
export function turnedAway(
  recorder: Recorder,
  { error, status }: EntryRefusal,
  messages: readonly Message[],
): RunOutcome {
  recorder.emit({ type: 'error', ...error })
  return {
    status,
    text: '',
    images: [],
    output: undefined,
    refusal: undefined,
    finishReason: undefined,
    usage: { ...noUsage },
    cost: undefined,
    messages,
    approvals: [],
    inDoubt: [],
    error,
  }
}
