/**
 * What one model costs, as decimal texts such as `0.15`: exactly what its provider publishes, where
 * a double would round. All of it in US dollars.
 */
export interface PriceEntry extends TokenPrices {
  /**
   * Name of the model as the provider knows it, or the beginning of names, such as
   * `claude-haiku-4` for all its dated versions.
   */
  readonly model: string
  /** For each request, on top of its tokens. Default 0. */
  readonly request?: string
  /** For each picture sent to the model. Default 0. */
  readonly image?: string
  /** Prices of longer prompts, by ascending length. Default none. */
  readonly tiers?: readonly PriceTier[]
  /** Most tokens of one answer, without which its cost cannot be bounded in advance. Default unknown. */
  readonly maxOutputTokens?: number
}

/** Prices per million tokens. */
export interface TokenPrices {
  readonly input: string
  readonly output: string
  /** Input that was found in the cache. Default the price of input. */
  readonly cacheRead?: string
  /** Input that was written to the cache. Default the price of input. */
  readonly cacheWrite?: string
}

/** Prices of requests whose input has at least so many tokens; a whole set, not a difference. */
export interface PriceTier extends TokenPrices {
  readonly minInputTokens: number
}
