import { SallyportError } from '../base/errors.ts'
import { shorten } from '../base/text.ts'
import type { Usage } from '../protocol/usage.ts'
import { readMoney, type Money } from './money.ts'
import type { PriceEntry, PriceTier, TokenPrices } from './price-entry.ts'

export interface PriceLists {
  /** Prices that hold whoever hosts the model. */
  readonly models?: readonly PriceEntry[]
  /** Prices of single providers, by their name; they come before `models`. */
  readonly providers?: Readonly<Record<string, readonly PriceEntry[]>>
  /**
   * US dollars per million tokens of input and output, for models without a price; such costs have
   * the source `fallback`. Default: their cost is `unknown`.
   */
  readonly fallback?: string
}

/** A price entry, read. */
export interface Price extends Rates {
  readonly request: Money
  readonly image: Money
  /** By descending length. */
  readonly tiers: readonly (Rates & { readonly minInputTokens: number })[]
  readonly maxOutputTokens: number | undefined
  readonly source: 'registry' | 'fallback'
}

/** Per million tokens. */
export interface Rates {
  readonly input: Money
  readonly output: Money
  readonly cacheRead: Money
  readonly cacheWrite: Money
}

/** Prices by model, ready to be looked up. */
export class PriceIndex {
  readonly #global: PriceList
  readonly #providers: ReadonlyMap<string, PriceList>
  readonly #fallback: Price | undefined

  /** Throws `bad-option` for an entry that cannot be read. */
  constructor({ models = [], providers = {}, fallback }: PriceLists) {
    this.#global = readList('models', models)
    this.#providers = new Map(
      Object.entries(providers).map(([name, list]) => [name, readList(`providers.${name}`, list)]),
    )
    this.#fallback = fallback === undefined ? undefined : flatPrice(amount('fallback', fallback))
  }

  /** Of the provider's own list, then of all: the exact name, else the longest beginning of it. */
  find(provider: string, model: string): Price | undefined {
    const own = this.#providers.get(provider)
    return (own && findIn(own, model)) ?? findIn(this.#global, model) ?? this.#fallback
  }
}

type PriceList = ReadonlyMap<string, Price>

function findIn(list: PriceList, model: string): Price | undefined {
  for (let length = model.length; length > 0; length--) {
    const price = list.get(model.slice(0, length))
    if (price !== undefined) return price
  }
  return undefined
}

function readList(where: string, entries: readonly PriceEntry[]): PriceList {
  if (!Array.isArray(entries)) throw wrong(where, 'is not a list of prices')
  const list = new Map<string, Price>()
  for (const [index, entry] of entries.entries()) {
    const place = `${where}[${index}]`
    if (typeof entry?.model !== 'string' || entry.model === '') throw wrong(place, 'has no `model`')
    if (list.has(entry.model)) throw wrong(place, `prices \`${entry.model}\` a second time`)
    list.set(entry.model, readEntry(`${place} (\`${shorten(entry.model, 60)}\`)`, entry))
  }
  return list
}

function readEntry(where: string, entry: PriceEntry): Price {
  const { maxOutputTokens, tiers = [] } = entry
  if (!Array.isArray(tiers)) throw wrong(`${where}.tiers`, 'is not a list')
  return {
    ...readRates(where, entry),
    request: amount(`${where}.request`, entry.request, 0n),
    image: amount(`${where}.image`, entry.image, 0n),
    tiers: tiers
      .map((tier: PriceTier, index) => ({
        ...readRates(`${where}.tiers[${index}]`, tier),
        minInputTokens: tokenCount(`${where}.tiers[${index}].minInputTokens`, tier.minInputTokens),
      }))
      .toSorted((a, b) => b.minInputTokens - a.minInputTokens),
    maxOutputTokens:
      maxOutputTokens === undefined
        ? undefined
        : tokenCount(`${where}.maxOutputTokens`, maxOutputTokens),
    source: 'registry',
  }
}

function readRates(where: string, prices: TokenPrices): Rates {
  const input = amount(`${where}.input`, prices.input)
  return {
    input,
    output: amount(`${where}.output`, prices.output),
    cacheRead: amount(`${where}.cacheRead`, prices.cacheRead, input),
    cacheWrite: amount(`${where}.cacheWrite`, prices.cacheWrite, input),
  }
}

function tokenCount(where: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw wrong(where, 'is no number of tokens')
}

function flatPrice(rate: Money): Price {
  return {
    input: rate,
    output: rate,
    cacheRead: rate,
    cacheWrite: rate,
    request: 0n,
    image: 0n,
    tiers: [],
    maxOutputTokens: undefined,
    source: 'fallback',
  }
}

function amount(where: string, value: unknown, absent?: Money): Money {
  const money =
    value === undefined ? absent : typeof value === 'string' ? readMoney(value) : undefined
  if (money !== undefined) return money
  throw wrong(where, 'is no amount of money')
}

function wrong(where: string, problem: string): SallyportError {
  return new SallyportError('bad-option', `\`${where}\` ${problem}`, {
    help: "a price is `{ model, input, output }`, in US dollars per million tokens as text: `'0.15'`",
  })
}

/** What a request and the tokens of its answer cost, to 10^-18 dollars, rounded up. Reasoning is part of the output. */
export function costOf(price: Price, usage: Usage): Money {
  const cached = usage.cacheReadTokens + usage.cacheWriteTokens
  const rates = price.tiers.find((tier) => usage.inputTokens >= tier.minInputTokens) ?? price
  const millionths =
    rates.input * tokens(usage.inputTokens - cached) +
    rates.cacheRead * tokens(usage.cacheReadTokens) +
    rates.cacheWrite * tokens(usage.cacheWriteTokens) +
    rates.output * tokens(usage.outputTokens)
  return price.request + (millionths + 999_999n) / 1_000_000n
}

/** Whether tokens cost nothing, however many there are. */
export function isFree(price: Price): boolean {
  return [price, ...price.tiers].every(
    ({ input, output, cacheRead, cacheWrite }) => input + output + cacheRead + cacheWrite === 0n,
  )
}

/** Providers have been seen to count more cached tokens than input tokens. */
function tokens(count: number): bigint {
  return Number.isFinite(count) && count > 0 ? BigInt(Math.ceil(count)) : 0n
}
