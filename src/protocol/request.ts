import type { JsonObject } from '../base/json.ts'
import type { Message } from './message.ts'

/** What a model is told about a tool. */
export interface ToolSpecification {
  readonly name: string
  readonly description: string
  readonly input: JsonObject
}

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly tool: string }

/** Settings of one model request, the same on every wire; absent ones are left to the provider. */
export interface ModelSettings {
  readonly temperature?: number
  readonly topP?: number
  readonly maxOutputTokens?: number
  readonly stop?: readonly string[]
  readonly seed?: number
  readonly reasoning?: { readonly effort?: 'low' | 'medium' | 'high'; readonly maxTokens?: number }
  readonly parallelToolCalls?: boolean
  /** Members merged into the body as they are, for what a provider has and others have not. */
  readonly extra?: JsonObject
}

export interface ModelRequest {
  readonly messages: readonly Message[]
  readonly tools: readonly ToolSpecification[]
  /** Default `auto`. Ignored when there are no tools. */
  readonly toolChoice?: ToolChoice
  readonly settings?: ModelSettings
}
