import type { JsonObject } from '../base/json.ts'
import type { Message } from './message.ts'

/** What a model is told about a tool. */
export interface ToolSpecification {
  readonly name: string
  readonly description: string
  readonly input: JsonObject
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly tool: string }

export interface ReasoningSettings {
  readonly effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh'
  /** Tokens to think with, on wires that count them. */
  readonly maxTokens?: number
  /** Thinks, but does not send its reasoning. */
  readonly exclude?: boolean
  /** How its reasoning is told, on wires that seal reasoning itself. Default `auto`. */
  readonly summary?: 'auto' | 'concise' | 'detailed'
}

/**
 * The form the text of the answer has to have: any JSON object, or JSON of a schema. A wire only
 * asks for it; whoever needs it checks the answer.
 */
export type OutputFormat =
  | { readonly type: 'json' }
  | {
      readonly type: 'json-schema'
      /** 1 to 64 letters, digits, `_` and `-`. */
      readonly name: string
      readonly schema: JsonObject
      /** Asks the provider to hold the model to the schema. Default true. */
      readonly strict?: boolean
    }

/** Settings of one model request, the same on every wire; absent ones are left to the provider. */
export interface ModelSettings {
  readonly temperature?: number
  readonly topP?: number
  readonly maxOutputTokens?: number
  readonly stop?: readonly string[]
  readonly seed?: number
  readonly reasoning?: ReasoningSettings
  readonly parallelToolCalls?: boolean
  /** What the model may answer with. Default: text only. */
  readonly modalities?: readonly ('text' | 'image')[]
  /** Members merged into the body as they are, for what a provider has and others have not. */
  readonly extra?: JsonObject
}

/** Headers that tell who is asked what trace a request belongs to, such as W3C `traceparent`. */
export type TraceHeaders = Readonly<Record<string, string>>

export interface ModelRequest {
  readonly messages: readonly Message[]
  readonly tools: readonly ToolSpecification[]
  /** Default `auto`. Ignored when there are no tools. */
  readonly toolChoice?: ToolChoice
  /** Default: free text. */
  readonly output?: OutputFormat
  readonly settings?: ModelSettings
  /** Sent along by wires over HTTP, under names in lower case; headers of their own win. */
  readonly trace?: TraceHeaders
}
