import type { JsonObject } from '../../base/json.ts'

/** What distinguishes the speakers of this wire. */
export type ChatDialect = 'openrouter' | 'openai' | 'mistral' | 'compatible'

export interface ChatWireOptions {
  readonly dialect: ChatDialect
  /** Members added to every request body; those of a request's `extra` replace them. */
  readonly body?: JsonObject
}

/** Members that decide what is asked and how the answer is read. */
export const reserved = ['messages', 'tools', 'model', 'stream', 'n']
