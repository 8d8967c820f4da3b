import { isObject, type JsonValue } from '../../base/json.ts'
import type { Cost, Usage } from '../../protocol/usage.ts'
import { amountAt, isKeepable, objectAt, tokensAt } from '../read.ts'

/** What one response has used. */
export interface Used {
  readonly usage: Usage
  readonly cost: Cost | undefined
}

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

/** A later report replaces an earlier one; what it leaves out, or counts as nothing, was said before. */
export function laterUsage(before: Used | undefined, raw: Record<string, unknown>): Used {
  const usage = readUsage(raw)
  const cost = readCost(raw)
  if (before === undefined) return { usage, cost }
  return {
    usage: laterCounts(before.usage, usage),
    cost: cost === undefined || cost.amount === 0 ? (before.cost ?? cost) : cost,
  }
}

function laterCounts(before: Usage, later: Usage): Usage {
  const isEmpty = later.inputTokens === 0 && later.outputTokens === 0
  const { raw } = isEmpty ? before : later
  return {
    cacheReadTokens: later.cacheReadTokens || before.cacheReadTokens,
    cacheWriteTokens: later.cacheWriteTokens || before.cacheWriteTokens,
    inputTokens: later.inputTokens || before.inputTokens,
    outputTokens: later.outputTokens || before.outputTokens,
    ...(raw === undefined ? {} : { raw }),
    reasoningTokens: later.reasoningTokens || before.reasoningTokens,
  }
}

/**
 * Token counts in our words, by the names that Chat Completions and Responses have for them: gateways
 * mix them, and send 0 under the names they do not use. What is missing counts as 0, fractions are
 * rounded. xAI and Gemini count reasoning in the total only, and charge for it as for output.
 */
export function readUsage(raw: Record<string, unknown>): Usage {
  const input = detailsIn(raw, 'prompt_tokens_details', 'input_tokens_details')
  const output = detailsIn(raw, 'completion_tokens_details', 'output_tokens_details')
  const counts = {
    cacheReadTokens:
      tokensAt(input, 'cached_tokens') ||
      tokensAt(raw, 'prompt_cache_hit_tokens') ||
      tokensAt(raw, 'cached_tokens'),
    cacheWriteTokens: tokensAt(input, 'cache_write_tokens'),
    inputTokens: tokensAt(raw, 'prompt_tokens') || tokensAt(raw, 'input_tokens'),
    outputTokens: tokensAt(raw, 'completion_tokens') || tokensAt(raw, 'output_tokens'),
    ...(isKeepable(raw) ? { raw: raw as JsonValue } : {}),
    reasoningTokens: tokensAt(output, 'reasoning_tokens') || tokensAt(raw, 'reasoning_tokens'),
  }
  const apart = reasoningApart(counts, tokensAt(raw, 'total_tokens'))
  return apart === 0 ? counts : { ...counts, outputTokens: counts.outputTokens + apart }
}

/** Reasoning that the output does not hold. Some totals count input from a cache once more. */
function reasoningApart(counts: Usage, total: number): number {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = counts
  // of a report without the input the total tells nothing
  if (inputTokens === 0) return 0
  const left = total - inputTokens - counts.outputTokens
  const most = reasoningTokens || left - cacheReadTokens - cacheWriteTokens
  return Math.max(0, Math.min(left, most))
}

function detailsIn(
  raw: Record<string, unknown>,
  name: string,
  other: string,
): Record<string, unknown> {
  return objectAt(raw, name) ?? objectAt(raw, other) ?? {}
}

/** xAI charges in these. */
const ticksPerDollar = 1e10

/** What the provider charged, in US dollars: a number, or an object with a total. */
export function readCost(raw: Record<string, unknown>): Cost | undefined {
  const { cost } = raw
  const ticks = amountAt(raw, 'cost_in_usd_ticks')
  const amount =
    (isObject(cost) ? amountAt(cost, 'total_cost') : amountAt(raw, 'cost')) ??
    (ticks === undefined ? undefined : ticks / ticksPerDollar)
  return amount === undefined ? undefined : { amount, currency: 'USD', source: 'provider' }
}
