import { isObject, type JsonValue } from '../../base/json.ts'
import type { Cost, Usage } from '../../protocol/usage.ts'
import { countAt, isShallow, objectAt } from '../read.ts'

/** The usage object of a chunk, in the places where endpoints put it. */
export function findUsage(
  chunk: Record<string, unknown>,
  choice: Record<string, unknown> | undefined,
): Record<string, unknown> | undefined {
  return (
    objectAt(chunk, 'usage') ??
    objectAt(objectAt(chunk, 'x_groq') ?? {}, 'usage') ??
    (choice === undefined ? undefined : objectAt(choice, 'usage'))
  )
}

/** Token counts in our words; what is missing counts as 0. */
export function readUsage(raw: Record<string, unknown>): Usage {
  const input = objectAt(raw, 'prompt_tokens_details') ?? {}
  const output = objectAt(raw, 'completion_tokens_details') ?? {}
  return {
    cacheReadTokens:
      countAt(input, 'cached_tokens') ??
      countAt(raw, 'prompt_cache_hit_tokens') ??
      countAt(raw, 'cached_tokens') ??
      0,
    cacheWriteTokens: countAt(input, 'cache_write_tokens') ?? 0,
    inputTokens: countAt(raw, 'prompt_tokens') ?? 0,
    outputTokens: countAt(raw, 'completion_tokens') ?? 0,
    ...(isShallow(raw) ? { raw: raw as JsonValue } : {}),
    reasoningTokens: countAt(output, 'reasoning_tokens') ?? countAt(raw, 'reasoning_tokens') ?? 0,
  }
}

/** What the provider charged, in US dollars: a number, or an object with a total. */
export function readCost(raw: Record<string, unknown>): Cost | undefined {
  const { cost } = raw
  const amount = isObject(cost) ? countAt(cost, 'total_cost') : countAt(raw, 'cost')
  return amount === undefined ? undefined : { amount, currency: 'USD', source: 'provider' }
}
