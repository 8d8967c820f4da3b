import { isObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import type { AssistantMessage } from '../../protocol/message.ts'
import { callsOf } from '../history.ts'

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
  /** The next call, which is not sent back, and neither is its result. */
  | { readonly dropped: true }
  | { readonly block: JsonObject }

/** Reads what was kept of a message, as far as it has the form; stored histories may hold anything. */
export function readReplay(value: JsonValue): Replay {
  const { blocks, container } = isObject(value) ? value : {}
  return {
    blocks: Array.isArray(blocks) ? blocks.filter(isReplayBlock) : [],
    ...(typeof container === 'string' ? { container } : {}),
  }
}

/** The ids of the calls of a message that are not sent back. */
export function droppedCalls(message: AssistantMessage): ReadonlySet<string> {
  const { opaque } = message
  const blocks = opaque?.wire === 'anthropic' ? readReplay(opaque.value).blocks : []
  if (!blocks.some((kept) => 'dropped' in kept)) return none
  const calls = blocks.filter((kept) => 'call' in kept || 'dropped' in kept)
  return new Set(
    callsOf(message)
      .filter((_, at) => at < calls.length && 'dropped' in calls[at]!)
      .map(({ callId }) => callId),
  )
}

const none: ReadonlySet<string> = new Set()

function isReplayBlock(value: unknown): value is ReplayBlock {
  if (!isObject(value)) return false
  const { text, citations, call, block, dropped } = value
  if (text !== undefined) {
    return Number.isInteger(text) && (citations === undefined || Array.isArray(citations))
  }
  // results and calls are written from the message only
  const type = isObject(block) ? block['type'] : undefined
  if (isObject(call) || dropped === true) return true
  return typeof type === 'string' && !['tool_use', 'tool_result'].includes(type)
}
