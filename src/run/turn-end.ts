import { errorData, type ErrorData } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { stopDetail, stopReason } from '../base/signal.ts'
import type { ApprovalRequest } from '../gate/verdict.ts'
import type { EndStatus } from '../protocol/run-event.ts'
import { addUsage, noUsage } from '../protocol/usage.ts'
import type { CallBudget } from './call-budget.ts'
import type { CallsOutcome } from './judged.ts'
import type { RunEnvironment } from './environment.ts'
import type { Recorder } from './recorder.ts'
import type { Stop } from './stop.ts'
import type { ModelTurn } from './turn.ts'

/** Why a run does not go on. */
export interface RunEnding {
  readonly status: EndStatus
  readonly error?: ErrorData
  readonly approvals?: readonly ApprovalRequest[]
  readonly inDoubt?: readonly string[]
}

/** What a turn came to. */
export interface TurnEnd {
  /** Undefined when the run goes on. */
  readonly ending: RunEnding | undefined
  readonly lastCalls: readonly string[]
  readonly lastTools: readonly string[]
}

/** Whether the run goes on after a turn; undefined when it does. */
export function endingAfter(
  { drain, recorder, signal }: Pick<RunEnvironment, 'drain' | 'recorder' | 'signal'>,
  { response, calls }: ModelTurn,
  { inDoubt, messages, pending }: CallsOutcome,
  {
    budget: { overdrawn },
    rejected,
  }: {
    readonly budget: CallBudget
    /** What was wrong with an answer that was asked for once again. */
    readonly rejected: ErrorData | undefined
  },
): RunEnding | undefined {
  if (signal.aborted) return { ...stoppedEnding(signal), inDoubt }
  if (response.error?.code === 'budget-exceeded') return overspent(recorder, response.error)
  if (response.error !== undefined) return { status: 'error', error: response.error }
  if (pending.length + inDoubt.length > 0) {
    return { status: 'needs-approval', approvals: pending, inDoubt }
  }
  // an agent rests, and goes on with the run
  if (drain.aborted && messages.length < calls.length) return stoppedEnding(drain)
  const { unified, raw } = response.finishReason
  if (unified === 'content-filter') {
    const message = `the provider filtered the answer (\`${raw ?? unified}\`)`
    return { status: 'error', error: errorData('model-refused', message) }
  }
  if (unified === 'error') {
    const message = `the model stopped with \`${raw ?? unified}\``
    return { status: 'error', error: errorData('model-error', message) }
  }
  if (rejected !== undefined && calls.length > 0) return { status: 'error', error: rejected }
  // the limit itself is on record since the call that passed it
  if (overdrawn !== undefined) return { status: 'limit' }
  // a paused answer is bounded like every other sequence of turns
  if (calls.length > 0 || unified === 'pause') return undefined
  if (unified !== 'length') return { status: 'completed' }
  const message = 'the answer was cut at the bound of output tokens'
  return stopped(recorder, { status: 'limit', limit: 'maxOutputTokens', max: 0, message })
}

function overspent(recorder: Recorder, { message, details }: ErrorData): RunEnding {
  const max = isObject(details) ? Number(details['limit']) : 0
  return stopped(recorder, { status: 'limit', limit: 'budget.hard', max, message })
}

/** The end a stop condition asks for; a limit goes on record. */
export function stopped(recorder: Recorder, { status, limit, max, message }: Stop): RunEnding {
  if (status === 'limit') recorder.emit({ type: 'limit', limit, max, message })
  return { status }
}

/** The end for the first of the signals that has aborted; undefined when none has. */
export function stoppedBy(...signals: readonly AbortSignal[]): RunEnding | undefined {
  const signal = signals.find(({ aborted }) => aborted)
  return signal && stoppedEnding(signal)
}

/** The end of a run that was stopped from outside. */
export function stoppedEnding(signal: AbortSignal): RunEnding {
  if (stopReason(signal) === 'stopped') {
    const message = stopDetail(signal) ?? 'the run was stopped'
    return { status: 'cancelled', error: errorData('stopped', message) }
  }
  return stopReason(signal) === 'run-timeout'
    ? { status: 'timeout', error: errorData('run-timeout', 'the run did not finish in time') }
    : { status: 'cancelled', error: errorData('cancelled', 'the run was cancelled') }
}

export function recordTurnEnd(
  recorder: Recorder,
  { response, asked, attempts, durationMs }: ModelTurn,
): void {
  recorder.emit({
    type: 'turn-end',
    finishReason: { ...response.finishReason },
    // the provider's own words are on record with `usage`
    usage: addUsage(noUsage, response.usage ?? noUsage),
    ...(response.cost === undefined ? {} : { cost: { ...response.cost } }),
    attempts,
    durationMs,
    ...(response.model === undefined ? {} : { model: response.model }),
    ...(response.responseId === undefined ? {} : { responseId: response.responseId }),
    ...(asked === undefined ? {} : { asked }),
  })
}
