import { addDecimals } from '../base/decimal.ts'
import type { JsonValue } from '../base/json.ts'

/** Tokens of one model response, or the sum over several. */
export interface Usage {
  /** All input tokens, cached ones included. */
  readonly inputTokens: number
  /** All output tokens, reasoning included. */
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly reasoningTokens: number
  /** The provider's own words for one response; absent in sums. */
  readonly raw?: JsonValue
}

/** Money, with the place its amount came from. */
export interface Cost {
  readonly amount: number
  readonly currency: 'USD'
  /**
   * What the provider said, what a table of prices gives, what a rate for models without a price
   * gives. `unknown` says that nobody knew a price, and that the amount lacks something.
   */
  readonly source: 'provider' | 'registry' | 'fallback' | 'unknown'
}

// members in canonical order here and below: a record of them is then written without sorting
export const noUsage: Usage = Object.freeze({
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  inputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
})

/** Whether a report of usage counts nothing, though every request has tokens: it tells nothing. */
export function isUntold({ inputTokens, outputTokens }: Usage): boolean {
  return inputTokens <= 0 && outputTokens <= 0
}

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  }
}

/**
 * The sum of two costs, as decimals: 0.1 and 0.2 are 0.3. Of two sources the less certain one is
 * named.
 */
export function addCost(a: Cost | undefined, b: Cost | undefined): Cost | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const certainty = ['provider', 'registry', 'fallback', 'unknown'] as const
  const source = certainty[Math.max(certainty.indexOf(a.source), certainty.indexOf(b.source))]!
  return { amount: addDecimals(a.amount, b.amount), currency: a.currency, source }
}

export type FinishUnified =
  | 'stop'
  | 'length'
  | 'tool-calls'
  | 'content-filter'
  /** The provider wants to be asked again with what it has said so far, to go on with it. */
  | 'pause'
  | 'error'
  /** The provider's word is unknown to us, or it sent none although the answer is complete. */
  | 'other'

/** Why a model stopped: our word, and the provider's own beside it (null if it sent none). */
export interface FinishReason {
  readonly unified: FinishUnified
  readonly raw: string | null
}
