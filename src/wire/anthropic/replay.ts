import { isObject, type JsonObject, type JsonValue } from '../../base/json.ts'

/**
 * What has to be sent back with a message besides its text and calls: the content blocks in their
 * order. Text and calls stand in the message itself; here is only where they belong and what more
 * there is of them. Every other block is kept as it came.
 */
export type Replay = {
  readonly blocks: readonly ReplayBlock[]
  /** Where code of the model runs on the side of the provider; the next request names it. */
  readonly container?: string
}

export type ReplayBlock =
  /** The next so many characters of the text. */
  | { readonly text: number; readonly citations?: readonly JsonValue[] }
  /** The next call, with further members of its block. */
  | { readonly call: JsonObject }
  | { readonly block: JsonObject }

/** Reads what was kept of a message, as far as it has the form; stored histories may hold anything. */
export function readReplay(value: JsonValue): Replay {
  const { blocks, container } = isObject(value) ? value : {}
  return {
    blocks: Array.isArray(blocks) ? blocks.filter(isReplayBlock) : [],
    ...(typeof container === 'string' ? { container } : {}),
  }
}

function isReplayBlock(value: unknown): value is ReplayBlock {
  if (!isObject(value)) return false
  const { text, citations, call, block } = value
  if (text !== undefined) {
    return Number.isInteger(text) && (citations === undefined || Array.isArray(citations))
  }
  // results and calls are written from the message only
  const type = isObject(block) ? block['type'] : undefined
  return isObject(call) || (typeof type === 'string' && !['tool_use', 'tool_result'].includes(type))
}
