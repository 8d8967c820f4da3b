import type { CallStatus } from '../protocol/call.ts'
import type { CallBelow } from '../protocol/child-run.ts'
import type { Message, SystemMessage } from '../protocol/message.ts'
import type { Cost, FinishReason, Usage } from '../protocol/usage.ts'

/** A request of a model, and what it took. */
export interface ModelCall {
  /** When its answer was complete, RFC 3339. */
  readonly at: string
  /** The model that answered, as the provider names it; else the one that was asked. */
  readonly model: string
  readonly provider?: string
  readonly usage: Usage
  /** Absent where nobody knows what it has cost. */
  readonly cost?: Cost
  readonly finishReason?: FinishReason
  /** The provider's id of the response. */
  readonly responseId?: string
}

/**
 * One message of a conversation and how it came about. Plain data: what `JSON.parse` makes of its
 * JSON text is the same entry. Instructions of the system are not kept, they come with each run.
 */
export interface HistoryEntry {
  /** With its label, where it has one: that makes what a policy says stricter, never weaker. */
  readonly message: Exclude<Message, SystemMessage>
  /** When it was said, RFC 3339. */
  readonly at: string
  /** The run it was said in. */
  readonly runId: string
  /** Of an answer of the model: what was asked of models for it, repeated attempts included. */
  readonly calls?: readonly ModelCall[]
  /** Of an answer of the model: by then untrusted text had been read, which need not be kept here. */
  readonly untrusted?: true
  /** Of a tool message: how its call ended. */
  readonly status?: CallStatus
  /** Of a tool message: a person has changed the arguments, or they are not kept. */
  readonly argsUnknown?: true
  /**
   * Of a tool message: its parts are not known to be what the tool says of its call, as an agent has
   * given it, a wrapper or a person has changed something, or the arguments are not kept.
   */
  readonly unvouched?: true
  /**
   * Of a tool message: what agents have called, at any depth, in the run that its call has led to;
   * null where nobody knows, which sequences read as every call there could be. Absent in entries of
   * versions that did not keep it.
   */
  readonly below?: readonly CallBelow[] | null
  /** Present in a summary: as many entries of the conversation from its beginning it stands for. */
  readonly covers?: number
}
