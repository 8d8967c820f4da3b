import type { JsonObject } from '../../base/json.ts'

/** How long the provider keeps what it has cached of a request. */
export type CacheTime = '5m' | '1h'

/** How a model is told to think: by an effort it adapts to, or by a number of tokens. */
export type ThinkingStyle = 'adaptive' | 'budget'

export interface AnthropicWireOptions {
  /**
   * Output tokens asked for when a request names no number; the wire demands one. Default 16384.
   */
  readonly maxOutputTokens?: number
  /**
   * Marks tools, instructions and history for the provider's cache, which makes writing the first
   * time dearer and reading later cheaper. Default: not marked.
   */
  readonly cache?: CacheTime
  /** Default: by the name of the model; `budget` up to Claude 4.5, else `adaptive`. */
  readonly thinking?: ThinkingStyle
  /** Members added to every request body; those of a request's `extra` replace them. */
  readonly body?: JsonObject
}

/** Members that decide what is asked and how the answer is read. */
export const reserved = ['messages', 'system', 'tools', 'model', 'stream']
