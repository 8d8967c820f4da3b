import type { ErrorData } from '../base/errors.ts'
import type { JsonValue } from '../base/json.ts'
import type { ApprovalRequest } from '../gate/verdict.ts'
import type { Message } from '../protocol/message.ts'
import type { EndStatus } from '../protocol/run-event.ts'
import type { Cost, FinishReason, Usage } from '../protocol/usage.ts'

/** How a run ended, before a report is made of it. */
export interface RunOutcome {
  readonly status: EndStatus
  /** The text of the last model response, and of those that it went on with. */
  readonly text: string
  /** Addresses of the pictures in it. */
  readonly images: readonly string[]
  readonly refusal: string | undefined
  readonly finishReason: FinishReason | undefined
  readonly usage: Usage
  readonly cost: Cost | undefined
  /** What the answer holds, where a form was asked for and it has it. */
  readonly output: JsonValue | undefined
  /**
   * The whole transcript, the given messages included, without an answer that was asked for again.
   */
  readonly messages: readonly Message[]
  /** Requests nobody has answered. */
  readonly approvals: readonly ApprovalRequest[]
  /** Calls of which only an operator can find out how they ended. */
  readonly inDoubt: readonly string[]
  readonly error: ErrorData | undefined
}
