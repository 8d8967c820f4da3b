import type { JsonValue } from '../../base/json.ts'
import type { Usage } from '../../protocol/usage.ts'
import { amountAt, isKeepable, objectAt } from '../read.ts'

/** Members of a usage report that are kept; a peer that sends ever new ones would cost ever more. */
const maxMembers = 64

/**
 * What a later report says of the same response takes the place of what an earlier one said:
 * counts are cumulative. Members that are null say nothing, and neither does a count of 0 after a
 * higher one: some gateways know only half of the counts in each event.
 */
export function mergeUsage(
  before: Record<string, unknown> | undefined,
  later: Record<string, unknown>,
): Record<string, unknown> {
  const told = Object.entries(later).filter(
    ([key, value]) =>
      value !== null && !(amountAt(later, key) === 0 && amountAt(before ?? {}, key)),
  )
  const merged = { ...before, ...Object.fromEntries(told.slice(0, maxMembers)) }
  return Object.keys(merged).length > maxMembers && before !== undefined ? before : merged
}

/**
 * Token counts in our words. The wire counts input that was read from a cache or written to one
 * beside the rest; here it is part of it. What is missing counts as 0.
 */
export function readUsage(raw: Record<string, unknown>): Usage {
  const cacheReadTokens = tokensAt(raw, 'cache_read_input_tokens')
  const cacheWriteTokens = tokensAt(raw, 'cache_creation_input_tokens')
  return {
    cacheReadTokens,
    cacheWriteTokens,
    inputTokens: tokensAt(raw, 'input_tokens') + cacheReadTokens + cacheWriteTokens,
    outputTokens: tokensAt(raw, 'output_tokens'),
    ...(isKeepable(raw) ? { raw: raw as JsonValue } : {}),
    reasoningTokens: tokensAt(objectAt(raw, 'output_tokens_details') ?? {}, 'thinking_tokens'),
  }
}

function tokensAt(object: Record<string, unknown>, key: string): number {
  return Math.round(amountAt(object, key) ?? 0)
}
