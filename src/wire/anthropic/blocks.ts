import { isObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import { isShallow, textAt } from '../read.ts'
import type { ReplayBlock } from './replay.ts'

/** A content block while it arrives. */
export interface Block {
  readonly type: string
  /** As it was opened. */
  readonly start: Record<string, unknown>
  /** The type of the deltas that lengthen it; undefined for a block that has none. */
  readonly grows: string | undefined
  /** The slot of a call of ours; undefined for all other blocks. */
  readonly slot: number | undefined
  /** Thinking or input, as it has arrived; the text of the answer is kept by whoever reads it. */
  text: string
  /** Characters of text, thinking or input. */
  length: number
  /** Members that came after the opening. */
  later: Record<string, unknown>
  readonly citations: unknown[]
  closed: boolean
  /** Something of it was not understood, so that it cannot be sent back as it was. */
  partial: boolean
}

/** Whether a block can stand there. */
export function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

export function openBlock(start: Record<string, unknown>, slot?: number): Block {
  const { citations } = start
  const type = textAt(start, 'type') ?? ''
  return {
    type,
    start,
    grows: growing(type, start),
    slot,
    text: '',
    length: 0,
    later: {},
    citations: Array.isArray(citations) ? [...citations] : [],
    closed: false,
    partial: false,
  }
}

function growing(type: string, start: Record<string, unknown>): string | undefined {
  if (type === 'text' || type === 'thinking') return `${type}_delta`
  return 'input' in start || type === 'tool_use' ? 'input_json_delta' : undefined
}

/** What a summary of earlier messages comes with: ever new members would cost ever more. */
const compactionMembers = ['encrypted_content', 'signature', 'tool_changes']

/** Takes what a delta says besides text; deltas of unknown types say nothing. */
export function amend(block: Block, type: string, delta: Record<string, unknown>): void {
  if (type === 'signature_delta' && block.type === 'thinking') {
    block.later = { ...block.later, signature: delta['signature'] }
  } else if (type === 'citations_delta' && block.type === 'text') {
    block.citations.push(delta['citation'])
  } else if (type === 'compaction_delta' && block.type === 'compaction') {
    if (typeof delta['content'] === 'string') block.text += delta['content']
    const told = compactionMembers.filter((key) => delta[key] != null)
    block.later = { ...block.later, ...Object.fromEntries(told.map((key) => [key, delta[key]])) }
  }
}

/** Members of a call that the message itself holds, or that say nothing. */
const ownMembers = new Set(['type', 'id', 'name', 'input'])

/** What has to be sent back of the blocks; undefined when text and calls alone say it all. */
export function replayOf(blocks: readonly Block[]): readonly ReplayBlock[] | undefined {
  const kept = returned(blocks).filter((block) => block !== undefined)
  const firstCall = kept.findIndex((block) => 'call' in block)
  const plain = kept.every((block, at) =>
    'text' in block
      ? block.citations === undefined && (firstCall < 0 || at < firstCall)
      : 'call' in block && Object.keys(block.call).length === 0,
  )
  return plain ? undefined : kept
}

/**
 * The blocks as they are sent back. Once another model has gone on, the provider takes of what came
 * before text alone, and the tools it ran itself with their results. Calls from before that were
 * not followed by others are answered as any call is, and what would tell of the border is left out.
 */
function returned(blocks: readonly Block[]): readonly (ReplayBlock | undefined)[] {
  const border = blocks.findLastIndex(({ type }) => type === 'fallback')
  if (border < 0) return blocks.map(keep)
  const lastCall = blocks.findLastIndex(({ slot }) => slot !== undefined)
  const isOwed = lastCall >= 0 && lastCall < border
  const ran = new Set(blocks.slice(0, border).map(({ start }) => textAt(start, 'tool_use_id')))
  ran.delete(undefined)
  return blocks.map((block, at) => {
    const { type, slot, start } = block
    if (slot !== undefined) return at < border && !isOwed ? { dropped: true } : keep(block)
    const isRun = ran.has(textAt(start, 'id') ?? textAt(start, 'tool_use_id'))
    const isFree = at >= border && !isOwed
    return isFree || isRun || type === 'text' ? keep(block) : undefined
  })
}

function keep(block: Block): ReplayBlock | undefined {
  if (block.type === 'text') return keepText(block)
  if (block.slot !== undefined) return { call: extrasOf(block) }
  const whole: unknown = { ...block.start, ...grown(block), ...block.later }
  // half a thought is without its signature and would be refused
  const complete =
    (block.closed || textAt(block.later, 'signature') !== undefined) && !block.partial
  return complete && isShallow(whole) ? { block: whole as JsonObject } : undefined
}

function keepText({ length, citations }: Block): ReplayBlock {
  const some = citations.length > 0 && isShallow(citations)
  return { text: length, ...(some ? { citations: citations as JsonValue[] } : {}) }
}

/** Who calls, where it is not the model itself. */
function extrasOf({ start }: Block): JsonObject {
  const extras = Object.entries(start).filter(([key, value]) => {
    const isDirect = key === 'caller' && isObject(value) && value['type'] === 'direct'
    return !ownMembers.has(key) && !isDirect && value !== null && isShallow(value)
  })
  return Object.fromEntries(extras) as JsonObject
}

/** The member that grew with the deltas. */
function grown({ type, text, start }: Block): Record<string, unknown> {
  if (type === 'thinking') return { thinking: text }
  if (type === 'compaction') return text === '' ? {} : { content: text }
  return text === '' || !('input' in start) ? {} : { input: parsedInput(text) }
}

function parsedInput(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
