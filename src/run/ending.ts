import { errorData, type ErrorData } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { stopReason } from '../base/signal.ts'
import type { ExaminedCall } from '../gate/verdict.ts'
import type { CallStatus } from '../protocol/call.ts'
import type { ChildRun } from '../protocol/child-run.ts'
import type { Execution } from '../tools/execute.ts'

/** An execution, or what stands in its place for a call that never reached its tool. */
export type Ending = Omit<Execution, 'status'> & {
  readonly status: CallStatus
  /** The run that the call of an agent has led to. */
  readonly child?: ChildRun
}

/** The result of a call that never reached its tool. */
export function notRun(status: CallStatus, error: ErrorData): Ending {
  const content = `Not executed: ${error.message}.`
  return { status, error, content, attempts: 0, durationMs: 0 }
}

/** The result of a call that a stop of its run has kept from its tool. */
export function stoppedBefore(signal: AbortSignal): Ending {
  const reason = stopReason(signal)
  const code = reason === 'run-timeout' || reason === 'stopped' ? reason : 'cancelled'
  return notRun('cancelled', errorData(code, 'the run was stopped before the call ran'))
}

/** The key of a call; an ending when the tool's own function cannot tell it. */
export function concurrencyKey({ tool, args }: ExaminedCall): string | Ending | undefined {
  try {
    const key: unknown = tool?.concurrencyKey?.(args as JsonObject)
    return key === undefined || typeof key === 'string' ? key : keyFailed('returned no text')
  } catch {
    // what it says may hold arguments
    return keyFailed('threw')
  }
}

function keyFailed(what: string): Ending {
  return notRun('error-execution', errorData('tool-failed', `\`concurrencyKey\` ${what}`))
}
