import { isObject, type JsonValue } from '../../base/json.ts'
import type { Usage } from '../../protocol/usage.ts'
import { amountAt, isKeepable, listAt, objectAt, tokensAt } from '../read.ts'

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
  const cacheReadTokens = billedAt(raw, 'cache_read_input_tokens')
  const cacheWriteTokens = billedAt(raw, 'cache_creation_input_tokens')
  return {
    cacheReadTokens,
    cacheWriteTokens,
    inputTokens: billedAt(raw, 'input_tokens') + cacheReadTokens + cacheWriteTokens,
    outputTokens: billedAt(raw, 'output_tokens'),
    ...(isKeepable(raw) ? { raw: raw as JsonValue } : {}),
    reasoningTokens: tokensAt(objectAt(raw, 'output_tokens_details') ?? {}, 'thinking_tokens'),
  }
}

/**
 * A count with what only the iterations hold, which is charged as well: a summary of what came
 * before, an advisor, a model that another one has relieved.
 */
function billedAt(raw: Record<string, unknown>, key: string): number {
  const iterations = listAt(raw, 'iterations').filter(isObject)
  const sum = iterations.reduce((before, iteration) => before + tokensAt(iteration, key), 0)
  return Math.max(tokensAt(raw, key), Math.min(sum, Number.MAX_SAFE_INTEGER))
}
