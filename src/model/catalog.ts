import { shiftDecimal } from '../base/decimal.ts'
import { SallyportError } from '../base/errors.ts'
import { isObject, type JsonObject } from '../base/json.ts'
import { isVisible } from '../base/text.ts'
import type { PriceEntry, PriceTier, TokenPrices } from '../cost/price-entry.ts'
import { countAt, listAt, objectAt, textAt } from '../wire/read.ts'

/** What a provider tells of a model it serves; null where it tells nothing. */
export interface CatalogModel {
  readonly id: string
  /** For people; the id when there is none. Hostile text as all of this. */
  readonly name: string
  /** Name that stays when the id comes to mean another version. */
  readonly canonicalSlug: string | null
  /** Tokens of input and output together. */
  readonly contextLength: number | null
  readonly architecture: Architecture
  /** The host with the best offer. */
  readonly topProvider: TopProvider
  /** Null when there is no price, or none that is known before the request is routed. */
  readonly prices: PriceEntry | null
  readonly supportedParameters: readonly string[]
  /** Whether it takes tools; null when its provider lists no parameters. */
  readonly tools: boolean | null
  /** Everything the provider said, in its own words. */
  readonly raw: JsonObject
}

export interface Architecture {
  /** Such as `text+image->text`. */
  readonly modality: string | null
  readonly inputModalities: readonly string[]
  readonly outputModalities: readonly string[]
  readonly tokenizer: string | null
  readonly instructType: string | null
}

export interface TopProvider {
  readonly contextLength: number | null
  readonly maxCompletionTokens: number | null
  readonly isModerated: boolean | null
}

export interface Catalog {
  /** In the order of the provider. */
  readonly models: readonly CatalogModel[]
  /** Entries that could not be used: no id, one that is not plain text, or one seen before. */
  readonly skipped: number
}

const longestId = 256

/** The entries in the answer of a models endpoint, `{data: [...]}`. Throws `model-protocol`. */
export function entriesOf(answer: unknown): readonly unknown[] {
  const data = isObject(answer) ? answer['data'] : undefined
  if (Array.isArray(data)) return data
  throw new SallyportError('model-protocol', 'the answer has no list of models', {
    help: 'check the base URL: it is the one that `/models` is added to',
  })
}

/** What entries of a models endpoint say; never throws for what a provider sends. */
export function catalogOf(entries: readonly unknown[]): Catalog {
  const models = new Map<string, CatalogModel>()
  for (const entry of entries) {
    const model = modelOf(entry)
    if (model !== undefined && !models.has(model.id)) models.set(model.id, model)
  }
  return { models: [...models.values()], skipped: entries.length - models.size }
}

function modelOf(entry: unknown): CatalogModel | undefined {
  if (!isObject(entry)) return undefined
  const id = textAt(entry, 'id')
  if (id === undefined || id.length > longestId || !isVisible(id)) return undefined
  const topProvider = topProviderOf(objectAt(entry, 'top_provider') ?? {})
  const listsParameters = Array.isArray(entry['supported_parameters'])
  const supportedParameters = textsAt(entry, 'supported_parameters')
  return {
    id,
    name: textAt(entry, 'name') ?? id,
    canonicalSlug: textAt(entry, 'canonical_slug') ?? null,
    contextLength: countAt(entry, 'context_length') ?? null,
    architecture: architectureOf(objectAt(entry, 'architecture') ?? {}),
    topProvider,
    prices: pricesOf(id, objectAt(entry, 'pricing') ?? {}, topProvider.maxCompletionTokens),
    supportedParameters,
    tools: listsParameters ? supportedParameters.includes('tools') : null,
    raw: entry as JsonObject,
  }
}

function architectureOf(told: Record<string, unknown>): Architecture {
  return {
    modality: textAt(told, 'modality') ?? null,
    inputModalities: textsAt(told, 'input_modalities'),
    outputModalities: textsAt(told, 'output_modalities'),
    tokenizer: textAt(told, 'tokenizer') ?? null,
    instructType: textAt(told, 'instruct_type') ?? null,
  }
}

function topProviderOf(told: Record<string, unknown>): TopProvider {
  const moderated = told['is_moderated']
  return {
    contextLength: countAt(told, 'context_length') ?? null,
    maxCompletionTokens: countAt(told, 'max_completion_tokens') ?? null,
    isModerated: typeof moderated === 'boolean' ? moderated : null,
  }
}

function textsAt(object: Record<string, unknown>, key: string): readonly string[] {
  return listAt(object, key).filter((item): item is string => typeof item === 'string')
}

/**
 * The prices of a model from `pricing` of OpenRouter: US dollars per token, as decimal texts.
 * Null without prices of input and output. A router of models says -1: its price depends on where
 * a request ends up.
 */
function pricesOf(
  model: string,
  pricing: Record<string, unknown>,
  maxOutputTokens: number | null,
): PriceEntry | null {
  const tokens = tokenPricesOf(pricing)
  if (tokens === undefined) return null
  const request = priceAt(pricing, 'request', 0)
  const image = priceAt(pricing, 'image', 0)
  const tiers = tiersOf(listAt(pricing, 'overrides'))
  return {
    model,
    ...tokens,
    ...(request === undefined ? {} : { request }),
    ...(image === undefined ? {} : { image }),
    ...(Number.isSafeInteger(maxOutputTokens) &&
      maxOutputTokens! > 0 && { maxOutputTokens: maxOutputTokens! }),
    ...(tiers.length === 0 ? {} : { tiers }),
  }
}

/** Places between the price of a token and that of a million. */
const million = 6

function tokenPricesOf(pricing: Record<string, unknown>): TokenPrices | undefined {
  const input = priceAt(pricing, 'prompt', million)
  const output = priceAt(pricing, 'completion', million)
  if (input === undefined || output === undefined) return undefined
  const cacheRead = priceAt(pricing, 'input_cache_read', million)
  const cacheWrite = priceAt(pricing, 'input_cache_write', million)
  return {
    input,
    output,
    ...(cacheRead === undefined ? {} : { cacheRead }),
    ...(cacheWrite === undefined ? {} : { cacheWrite }),
  }
}

/** Prices that only hold at some hours stay in `raw`: an entry has no clock. */
function tiersOf(overrides: readonly unknown[]): readonly PriceTier[] {
  const tiers: PriceTier[] = []
  for (const override of overrides) {
    if (!isObject(override)) continue
    const minInputTokens = countAt(override, 'min_prompt_tokens')
    const tokens = tokenPricesOf(override)
    if (minInputTokens !== undefined && tokens !== undefined) {
      tiers.push({ minInputTokens, ...tokens })
    }
  }
  return tiers.toSorted((a, b) => a.minInputTokens - b.minInputTokens)
}

function priceAt(
  pricing: Record<string, unknown>,
  key: string,
  places: number,
): string | undefined {
  const price = pricing[key]
  if (typeof price !== 'string' && typeof price !== 'number') return undefined
  return shiftDecimal(String(price), places)
}
