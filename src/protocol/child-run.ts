import type { JsonObject } from '../base/json.ts'
import type { CallStatus } from './call.ts'
import type { EndStatus } from './run-event.ts'
import type { Cost, Usage } from './usage.ts'

/** The run that a call of an agent has led to, as it has ended, with all that is below it. */
export interface ChildRun {
  readonly runId: string
  /** Digest of its last record. */
  readonly head: string
  readonly status: EndStatus
  readonly turns: number
  readonly calls: number
  readonly usage: Usage
  readonly cost?: Cost
}

/** The call that a run of an agent works for. */
export interface ParentCall {
  readonly runId: string
  readonly callId: string
}

/** A call that an agent has made, for sequences of later runs. */
export interface CallBelow {
  readonly tool: string
  /** As the tool got them; absent where they are not kept, or longer than 2,048 characters of JSON. */
  readonly args?: JsonObject
  /** Absent where nobody knows how it ended. */
  readonly status?: CallStatus
}
