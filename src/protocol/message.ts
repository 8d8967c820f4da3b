import type { JsonValue } from '../base/json.ts'
import type { CallDefect } from './call.ts'
import type { OutputFacts, TextLabel } from './facts.ts'

export interface TextPart {
  readonly type: 'text'
  readonly text: string
}

/** A picture for the model: an https or data URL. */
export interface ImagePart {
  readonly type: 'image'
  readonly url: string
  readonly detail?: 'low' | 'high' | 'auto'
}

/** A file for the model: an https or data URL. */
export interface FilePart {
  readonly type: 'file'
  readonly name: string
  readonly url: string
}

export type UserPart = TextPart | ImagePart | FilePart

export interface ReasoningPart {
  readonly type: 'reasoning'
  readonly text: string
}

export interface RefusalPart {
  readonly type: 'refusal'
  readonly text: string
}

/** The request of a model to have a tool executed. */
export interface ToolCallPart {
  readonly type: 'tool-call'
  /** Our id; unique over all runs. */
  readonly callId: string
  /** The provider's id, as sent: may be empty and may repeat. */
  readonly providerId: string
  /** The tool name as sent, not yet looked up. */
  readonly tool: string
  /** The argument text as sent, not yet parsed. */
  readonly arguments: string
  /** Data the provider wants back unchanged with this call. */
  readonly opaque?: JsonValue
  /** For whoever carries the run on; not sent to a model. */
  readonly defect?: CallDefect
}

export interface SystemMessage {
  readonly role: 'system'
  readonly content: string
}

export interface UserMessage {
  readonly role: 'user'
  readonly content: string | readonly UserPart[]
  /** Present where nobody has typed it, such as in a summary: it is no trusted source then. */
  readonly label?: TextLabel
}

export type AssistantPart = TextPart | ImagePart | ReasoningPart | RefusalPart | ToolCallPart

export interface AssistantMessage {
  readonly role: 'assistant'
  readonly content: readonly AssistantPart[]
  /** Data the provider wants back unchanged with this message; only for the wire it came from. */
  readonly opaque?: { readonly wire: string; readonly value: JsonValue }
  /**
   * Whose opaque data the message and its calls hold: nobody else is sent it, and without a name
   * nobody is.
   */
  readonly provider?: string
}

/** The answer to one tool call; refusals and failures are answers too. */
export interface ToolMessage {
  readonly role: 'tool'
  readonly callId: string
  readonly providerId: string
  readonly tool: string
  readonly content: string
  readonly isError: boolean
  /**
   * What policies said of the tool when it answered, where that was in another run. A policy of now
   * can only make it stricter, and so can these.
   */
  readonly labels?: readonly OutputFacts[]
}

/**
 * A unit of the transcript. Messages are never changed after they were made, which lets a wire
 * encode each of them once.
 */
export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage
