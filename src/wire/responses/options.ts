import type { JsonObject } from '../../base/json.ts'

/** What distinguishes the speakers of this wire. */
export type ResponsesDialect = 'openrouter' | 'openai' | 'compatible'

export interface ResponsesWireOptions {
  readonly dialect: ResponsesDialect
  /** Members added to every request body; those of a request's `extra` replace them. */
  readonly body?: JsonObject
}

/** Members that decide what is asked, what the provider keeps and how the answer is read. */
export const reserved = [
  'input',
  'tools',
  'model',
  'stream',
  'store',
  'background',
  'previous_response_id',
  'conversation',
]
