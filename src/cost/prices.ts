import { SallyportError } from '../base/errors.ts'
import { shorten } from '../base/text.ts'
import type { Usage } from '../protocol/usage.ts'
import { readMoney, type Money } from './money.ts'

/**
 * What a model costs: US dollars per million tokens, as decimal text or number. Zero is a price.
 * A model may be the beginning of names, such as `claude-haiku-4` for all its dated versions.
 */
export interface PriceEntry {
  readonly model: string
  readonly input: string | number
  readonly output: string | number
  /** Input tokens read from a cache. Default: `input`. */
  readonly cacheRead?: string | number
  /** Input tokens written to a cache. Default: `input`. */
  readonly cacheWrite?: string | number
  /** US dollars for each request. Default 0. */
  readonly request?: string | number
  /** US dollars for each picture of a request; used where a cost is bounded in advance. Default 0. */
  readonly image?: string | number
  /** Most tokens one answer can have, if known; what a bound in advance needs. */
  readonly maxOutputTokens?: number
}

export interface PriceLists {
  /** Prices that hold whoever hosts the model. */
  readonly models?: readonly PriceEntry[]
  /** Prices of single providers, by their name; they come before `models`. */
  readonly providers?: Readonly<Record<string, readonly PriceEntry[]>>
  /**
   * US dollars per million tokens of input and output, for models without a price; such costs have
   * the source `fallback`. Default: their cost is `unknown`.
   */
  readonly fallback?: string | number
}

/** A price entry, read. */
export interface Price {
  readonly input: Money
  readonly output: Money
  readonly cacheRead: Money
  readonly cacheWrite: Money
  readonly request: Money
  readonly image: Money
  readonly maxOutputTokens: number | undefined
  readonly source: 'registry' | 'fallback'
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
  const { maxOutputTokens } = entry
  if (
    maxOutputTokens !== undefined &&
    !(Number.isSafeInteger(maxOutputTokens) && maxOutputTokens > 0)
  ) {
    throw wrong(where, 'has `maxOutputTokens` that is no whole number of tokens')
  }
  const input = amount(`${where}.input`, entry.input)
  return {
    input,
    output: amount(`${where}.output`, entry.output),
    cacheRead: amount(`${where}.cacheRead`, entry.cacheRead, input),
    cacheWrite: amount(`${where}.cacheWrite`, entry.cacheWrite, input),
    request: amount(`${where}.request`, entry.request, 0n),
    image: amount(`${where}.image`, entry.image, 0n),
    maxOutputTokens,
    source: 'registry',
  }
}

function flatPrice(rate: Money): Price {
  return {
    input: rate,
    output: rate,
    cacheRead: rate,
    cacheWrite: rate,
    request: 0n,
    image: 0n,
    maxOutputTokens: undefined,
    source: 'fallback',
  }
}

function amount(where: string, value: unknown, absent?: Money): Money {
  const money = value === undefined ? absent : readMoney(value)
  if (money !== undefined) return money
  throw wrong(where, 'is no amount of money')
}

function wrong(where: string, problem: string): SallyportError {
  return new SallyportError('bad-option', `\`${where}\` ${problem}`, {
    help: "a price is `{ model, input, output }`, in US dollars per million tokens: '0.15' or 0.15",
  })
}

const million = 1_000_000n

/** What the tokens of an answer cost, to 10^-18 dollars, rounded up. Reasoning is part of the output. */
export function costOf(price: Price, usage: Usage): Money {
  const cached = usage.cacheReadTokens + usage.cacheWriteTokens
  const millionth =
    price.input * tokens(usage.inputTokens - cached) +
    price.cacheRead * tokens(usage.cacheReadTokens) +
    price.cacheWrite * tokens(usage.cacheWriteTokens) +
    price.output * tokens(usage.outputTokens)
  return price.request + (millionth + million - 1n) / million
}

/** Providers have been seen to count more cached tokens than input tokens. */
function tokens(count: number): bigint {
  return Number.isFinite(count) && count > 0 ? BigInt(Math.ceil(count)) : 0n
}
