import { errorData, type ErrorData } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { stopReason, unheeded } from '../base/signal.ts'
import type { ExaminedCall } from '../gate/verdict.ts'
import type { CallStatus, ToolCall } from '../protocol/call.ts'
import type { ChildRun } from '../protocol/child-run.ts'
import type { Execution } from '../tools/execute.ts'
import { describeError } from '../tools/output.ts'
import type { Recorder } from './recorder.ts'

/** An execution, or what stands in its place for a call that never reached its tool. */
export type Ending = Omit<Execution, 'status'> & {
  readonly status: CallStatus
  /** The run that the call of an agent has led to. */
  readonly child?: ChildRun
}

/** How long a call has waited, and who has found out about it. */
export interface Waits {
  readonly queueMs?: number
  readonly approvalMs?: number
  readonly resolvedBy?: string
}

/** Writes down what became of a call. */
export function recordEnding(
  recorder: Recorder,
  { callId, tool }: ToolCall,
  { content, durationMs, status, ...rest }: Ending,
  { approvalMs = 0, queueMs = 0, resolvedBy }: Waits,
): void {
  recorder.emit({
    type: 'tool-result',
    callId,
    tool,
    status,
    content,
    ...rest,
    queueMs,
    approvalMs,
    ...(resolvedBy === undefined ? {} : { resolvedBy }),
    executionMs: Math.round(durationMs),
  })
}

/** The result of a call that never reached its tool. */
export function notRun(status: CallStatus, error: ErrorData): Ending {
  const content = `Not executed: ${error.message}.`
  return { status, error, content, attempts: 0, durationMs: 0 }
}

/** The result of a call that a stop of its run has kept from its tool. */
export function stoppedBefore(signal: AbortSignal): Ending {
  return notRun('cancelled', errorData(stopCode(signal), 'the run was stopped before the call ran'))
}

/** The result of a call whose agent has come to rest in a run that was stopped. */
export function stoppedAtRest(
  signal: AbortSignal,
  { child, durationMs }: Required<Pick<Ending, 'child' | 'durationMs'>>,
): Ending {
  const message = 'the run was stopped before the agent finished; what it has done stands'
  const error = errorData(stopCode(signal), message)
  const content = describeError(error)
  return { status: 'cancelled', error, content, attempts: 1, durationMs, child }
}

/** The result of a call whose agent has begun before, and that something keeps from going on. */
export function leftUnfinished(ending: Ending): Ending {
  const { error, foreign } = ending
  if (error === undefined || foreign === true) return { ...ending, attempts: 1 }
  const content = `The agent has begun, and does not go on: ${error.message}. What it has done stands.`
  return { ...ending, attempts: 1, content }
}

function stopCode(signal: AbortSignal): 'run-timeout' | 'stopped' | 'cancelled' {
  const reason = stopReason(signal)
  return reason === 'run-timeout' || reason === 'stopped' ? reason : 'cancelled'
}

/** The result of a call whose permit was out of force by the time its intent was written down. */
export function outdated(): Ending {
  const message =
    'what permitted the call changed as it was about to run; propose it again if it is still needed'
  return notRun('error-security', errorData('denied', message))
}

/** The key of a call; an ending when the tool's own function cannot tell it. */
export function concurrencyKey({ tool, args }: ExaminedCall): string | Ending | undefined {
  try {
    const key: unknown = tool?.concurrencyKey?.(args as JsonObject)
    unheeded(key)
    return key === undefined || typeof key === 'string' ? key : keyFailed('returned no text')
  } catch {
    // what it says may hold arguments
    return keyFailed('threw')
  }
}

function keyFailed(what: string): Ending {
  return notRun('error-execution', errorData('tool-failed', `\`concurrencyKey\` ${what}`))
}
