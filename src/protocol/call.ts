import type { ErrorData } from '../base/errors.ts'
import type { JsonValue } from '../base/json.ts'

/** How a proposed call ended. */
export type CallStatus =
  | 'success'
  | 'error-parsing'
  | 'error-validation'
  | 'error-not-found'
  | 'error-security'
  | 'error-execution'
  | 'error-output'
  | 'timeout'
  | 'cancelled'
  | 'denied-by-human'
  | 'approval-expired'
  | 'truncated'
  | 'abandoned'
  | 'unknown-outcome'
  | 'skipped'

/** Ends of calls that were never started. */
export const neverStarted: ReadonlySet<CallStatus> = new Set([
  'error-parsing',
  'error-validation',
  'error-not-found',
  'error-security',
  'denied-by-human',
  'approval-expired',
  'truncated',
  'skipped',
])

/** Why a call must never run, whatever a policy says: its turn was cut, or it is malformed. */
export interface CallDefect {
  readonly status: 'truncated' | 'error-parsing'
  readonly message: string
}

/** A proposed call on its way from the model to the gate. */
export interface ToolCall {
  readonly callId: string
  readonly providerId: string
  readonly turn: number
  readonly index: number
  readonly tool: string
  readonly rawArgs: string
  readonly defect?: CallDefect
}

/** The answer to a call; success, refusal and failure have this one shape. */
export interface ToolResult {
  readonly status: CallStatus
  /** What the tool returned, as JSON; absent unless the tool returned. */
  readonly result?: JsonValue
  readonly error?: ErrorData
  /** What the model is told. */
  readonly content: string
}
