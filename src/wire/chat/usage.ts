import { isObject, type JsonValue } from '../../base/json.ts'
import type { Cost, Usage } from '../../protocol/usage.ts'
import { countAt, isKeepable, objectAt } from '../read.ts'

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

/** Token counts in our words; what is missing counts as 0, fractions are rounded. */
export function readUsage(raw: Record<string, unknown>): Usage {
  const input = objectAt(raw, 'prompt_tokens_details') ?? {}
  const output = objectAt(raw, 'completion_tokens_details') ?? {}
  return {
    cacheReadTokens:
      tokensAt(input, 'cached_tokens') ??
      tokensAt(raw, 'prompt_cache_hit_tokens') ??
      tokensAt(raw, 'cached_tokens') ??
      0,
    cacheWriteTokens: tokensAt(input, 'cache_write_tokens') ?? 0,
    inputTokens: tokensAt(raw, 'prompt_tokens') ?? 0,
    outputTokens: tokensAt(raw, 'completion_tokens') ?? 0,
    ...(isKeepable(raw) ? { raw: raw as JsonValue } : {}),
    reasoningTokens: tokensAt(output, 'reasoning_tokens') ?? tokensAt(raw, 'reasoning_tokens') ?? 0,
  }
}

function tokensAt(object: Record<string, unknown>, key: string): number | undefined {
  const count = countAt(object, key)
  return count === undefined ? undefined : Math.round(count)
}

/** What the provider charged, in US dollars: a number, or an object with a total. */
export function readCost(raw: Record<string, unknown>): Cost | undefined {
  const { cost } = raw
  const amount = isObject(cost) ? countAt(cost, 'total_cost') : countAt(raw, 'cost')
  return amount === undefined ? undefined : { amount, currency: 'USD', source: 'provider' }
}
