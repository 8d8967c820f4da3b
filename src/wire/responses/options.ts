import { SallyportError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'

/** What distinguishes the speakers of this wire. */
export type ResponsesDialect = 'openrouter' | 'openai' | 'compatible'

export interface ResponsesWireOptions {
  readonly dialect: ResponsesDialect
  /** Members added to every request body; those of a request's `extra` replace them. */
  readonly body?: JsonObject
}

/** Members that decide what is asked, what the provider keeps and how the answer is read. */
const reserved = [
  'input',
  'tools',
  'model',
  'stream',
  'store',
  'background',
  'previous_response_id',
  'conversation',
]

/** Throws `bad-option` for members that cannot be replaced. */
export function checkExtra(extra: JsonObject | undefined): void {
  const name = reserved.find((key) => extra !== undefined && Object.hasOwn(extra, key))
  if (name === undefined) return
  throw new SallyportError('bad-option', `the extra member \`${name}\` cannot be replaced`, {
    help: `leave \`${name}\` out; allowed are all members but ${reserved.join(', ')}`,
  })
}
