import type { JsonValue } from '../../base/json.ts'
import type { Usage } from '../../protocol/usage.ts'
import { countAt, isKeepable, objectAt } from '../read.ts'

/** Token counts in our words; what is missing counts as 0, fractions are rounded. */
export function readUsage(raw: Record<string, unknown>): Usage {
  const input = objectAt(raw, 'input_tokens_details') ?? {}
  const output = objectAt(raw, 'output_tokens_details') ?? {}
  return {
    cacheReadTokens: tokensAt(input, 'cached_tokens'),
    cacheWriteTokens: tokensAt(input, 'cache_write_tokens'),
    inputTokens: tokensAt(raw, 'input_tokens'),
    outputTokens: tokensAt(raw, 'output_tokens'),
    ...(isKeepable(raw) ? { raw: raw as JsonValue } : {}),
    reasoningTokens: tokensAt(output, 'reasoning_tokens'),
  }
}

function tokensAt(object: Record<string, unknown>, key: string): number {
  return Math.round(countAt(object, key) ?? 0)
}
