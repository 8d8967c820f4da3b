import { errorDataOf, type ErrorData } from '../base/errors.ts'
import type { TokenPrices } from '../cost/price-entry.ts'
import { countAt } from '../wire/read.ts'
import type { AccountCall } from './account-client.ts'
import type { ModelSource } from './account.ts'
import type { CatalogModel } from './catalog.ts'

/** One model as it is offered by the first provider that lists it. */
export interface ListedModel {
  readonly id: string
  readonly name: string
  readonly provider: string
  /** US dollars per million tokens as decimal text, e.g. `0.15`; null when nobody knows. */
  readonly inputPrice: string | null
  readonly outputPrice: string | null
  /** Null when its provider does not tell. */
  readonly tools: boolean | null
  readonly contextLength: number | null
  /** 0 when its provider does not tell. */
  readonly weeklyTokens: number
}

export interface ModelListing {
  /** Each id once, by weekly tokens, the most used first, then by id. */
  readonly models: readonly ListedModel[]
  /** Providers that could not be asked, and why. */
  readonly warnings: readonly { readonly provider: string; readonly error: ErrorData }[]
}

export interface ListingOptions extends AccountCall {
  /** Prices of models whose provider names none. */
  readonly priceOf?: (provider: string, model: string) => TokenPrices | undefined
}

/**
 * The models of several providers in one list. All are asked at once; where two list the same id
 * the one that comes first in `sources` counts. A provider that fails is left out with a warning,
 * so the list may be empty; nothing is thrown.
 *
 * @example
 * ```ts
 * const { models, warnings } = await listModels([openrouterAccount(), catalog])
 * ```
 */
export async function listModels(
  sources: readonly ModelSource[],
  { priceOf, ...call }: ListingOptions = {},
): Promise<ModelListing> {
  const answers = await Promise.allSettled(
    sources.map(async (source) => (await source.models(call)).models),
  )
  const models = new Map<string, ListedModel>()
  const warnings: { provider: string; error: ErrorData }[] = []
  for (const [index, answer] of answers.entries()) {
    const { provider } = sources[index]!
    if (answer.status === 'rejected') {
      warnings.push({ provider, error: errorDataOf(answer.reason) })
      continue
    }
    for (const model of answer.value) {
      if (models.has(model.id)) continue
      models.set(model.id, listed(model, provider, model.prices ?? priceOf?.(provider, model.id)))
    }
  }
  return { models: [...models.values()].toSorted(byUse), warnings }
}

function listed(
  { id, name, tools, contextLength, raw }: CatalogModel,
  provider: string,
  prices: TokenPrices | undefined,
): ListedModel {
  return {
    id,
    name,
    provider,
    inputPrice: prices?.input ?? null,
    outputPrice: prices?.output ?? null,
    tools,
    contextLength,
    weeklyTokens: countAt(raw, 'weekly_tokens') ?? 0,
  }
}

function byUse(a: ListedModel, b: ListedModel): number {
  return b.weeklyTokens - a.weeklyTokens || (a.id < b.id ? -1 : 1)
}
