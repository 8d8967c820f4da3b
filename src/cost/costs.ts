import { checkOptions, checkNumber } from '../base/options.ts'
import type { ErrorData } from '../base/errors.ts'
import type { ModelRequest } from '../protocol/request.ts'
import { isUntold, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import type { Account } from './account.ts'
import { Bounder, dearest } from './bound.ts'
import { Budget, type BudgetOptions } from './budget.ts'
import { Hold } from './hold.ts'
import { moneyText, readMoney, toDollars, type Money } from './money.ts'
import { priceTable, type PriceTable } from './price-table.ts'
import { costOf, isFree } from './prices.ts'
import type { CostSnapshot } from './snapshot.ts'
import { CostTracker, type Asked } from './tracker.ts'

export interface CostsOptions {
  /**
   * From `priceTable`; for answers whose provider does not say what they cost. Default: a table
   * that knows no model and takes 10 US dollars per million tokens, with the source `fallback`.
   */
  readonly prices?: PriceTable
  /** Default: no limits. */
  readonly budget?: BudgetOptions
  /**
   * Runs, sessions, agents and models kept, each; the one used longest ago is forgotten. Default
   * 10,000.
   */
  readonly maxTracked?: number
  /** What `costs.tracker.snapshot()` gave in an earlier process. */
  readonly snapshot?: CostSnapshot
}

/** What an answer is priced by. */
export interface Answered extends Pick<Asked, 'provider' | 'model'> {
  readonly request?: ModelRequest
}

/** What a request is about to be sent for. */
export interface Purchase extends Asked {
  readonly request: ModelRequest
  /** A rule chose the provider as others were used up: only the limits of this provider hold. */
  readonly lifted?: boolean
}

/** Prices answers, counts what they cost, and holds sessions to their limits. */
export interface Costs {
  readonly tracker: CostTracker
  readonly prices: PriceTable
  /**
   * The cost of an answer: what the provider reported, zero included, else by the prices. Without
   * the request pictures in it count nothing.
   */
  price(answered: Answered, usage: Usage, reported: Cost | undefined): Cost
  /**
   * Holds back what a request can cost, before it is sent; the error `budget-exceeded` when a hard
   * limit does not have room for it. What is opened has to be settled once.
   */
  open(purchase: Purchase): Purchasing | { readonly refused: ErrorData }
  /** The limit that the session has passed: it is known to have cost more than that. */
  exceeded(limit: 'soft' | 'hard', asked: Asked): ExceededLimit | undefined
}

export interface ExceededLimit {
  readonly max: number
  readonly message: string
}

/** A request under way, with what is held back for it. */
export interface Purchasing {
  /** Counts the answer at its price; `model` is who was asked, where several could be. */
  settle(usage: Usage, reported: Cost | undefined, model?: string): Cost
  /** Nothing was answered, nothing is owed. */
  release(): void
  /** The answer was cut off before it told its usage: `lose`, and nothing follows. */
  abandon(characters: number): void
  /**
   * An attempt was cut off before it told all of its usage, or what it told has no price; another
   * may follow. Nothing more than `told` is known to have been spent, but the most it can have cost
   * counts against the hard limit: all that was held back for it, or, where it was cut off and only
   * the input is bounded, that and `characters` of output.
   */
  lose(characters: number, told?: Cost): void
  /**
   * Holds back what another attempt can cost, beside what those before it have told (`earlier`);
   * the error `budget-exceeded` when the hard limit does not have room for it.
   */
  again(earlier?: Cost): ErrorData | undefined
}

/**
 * Counts what the answers of models cost, and holds back what requests under way can cost, so that
 * calls side by side cannot pass a limit together. To be given to `createRuntime` or `router`.
 * Throws `bad-option`.
 *
 * @example
 * ```ts
 * const costs = createCosts({ prices, budget: { default: { soft: 0.5, hard: 1 } } })
 * ```
 */
export function createCosts(options: CostsOptions = {}): Costs {
  checkOptions('createCosts', options, ['prices', 'budget', 'maxTracked', 'snapshot'])
  const { maxTracked = 10_000, snapshot } = options
  checkNumber('maxTracked', maxTracked, { min: 1, integer: true })
  const tracker = new CostTracker(maxTracked)
  if (snapshot !== undefined) tracker.restore(snapshot)
  return new Ledger(
    tracker,
    options.prices ?? priceTable({ fallback: '10' }),
    options.budget && new Budget(options.budget),
  )
}

class Ledger implements Costs {
  readonly tracker: CostTracker
  readonly prices: PriceTable
  readonly #budget: Budget | undefined
  readonly #bounder = new Bounder()

  constructor(tracker: CostTracker, prices: PriceTable, budget: Budget | undefined) {
    this.tracker = tracker
    this.prices = prices
    this.#budget = budget
  }

  price({ provider, model, request }: Answered, usage: Usage, reported: Cost | undefined): Cost {
    // a provider that reports less than nothing has reported nothing
    if (reported !== undefined && readMoney(reported.amount) !== undefined) return reported
    const price = this.prices.find(provider, model)
    if (price === undefined || (isUntold(usage) && !isFree(price))) {
      return { amount: 0, currency: 'USD', source: 'unknown' }
    }
    const pictures =
      request === undefined || price.image === 0n ? 0 : this.#bounder.pictures(request)
    const money = costOf(price, usage) + price.image * BigInt(pictures)
    return { amount: toDollars(money), currency: 'USD', source: price.source }
  }

  open(purchase: Purchase): Purchasing | { readonly refused: ErrorData } {
    const account = this.tracker.accountOf(purchase.caller)
    const pair =
      purchase.lifted === true
        ? this.#budget?.ownPairOf(purchase.provider)
        : this.#budget?.pairOf(purchase)
    if (this.#budget === undefined || pair?.hard === undefined) {
      return new Bought(this, purchase, account, undefined)
    }
    const { provider, model, models = [model] } = purchase
    const price = dearest(models.map((name) => this.prices.find(provider, name)))
    const bound = this.#bounder.bound(purchase.request, price)
    const hold = new Hold(this.#budget, account, pair.hard, { bound, price })
    const refused = hold.take()
    return refused === undefined ? new Bought(this, purchase, account, hold) : { refused }
  }

  exceeded(limit: 'soft' | 'hard', asked: Asked): ExceededLimit | undefined {
    const max = this.#budget?.pairOf(asked)[limit]
    const { money } = this.tracker.accountOf(asked.caller)
    if (max === undefined || money <= max) return undefined
    const message = `the ${asked.caller.session === undefined ? 'run' : 'session'} has cost ${moneyText(money)} US dollars, more than its ${limit} limit of ${moneyText(max)}`
    return { max: toDollars(max), message }
  }
}

class Bought implements Purchasing {
  readonly #costs: Costs
  readonly #asked: Purchase
  readonly #account: Account
  readonly #hold: Hold | undefined
  /** What is not known of an attempt counts already. */
  #isAssumed = false
  #closed = false

  constructor(costs: Costs, asked: Purchase, account: Account, hold: Hold | undefined) {
    this.#costs = costs
    this.#asked = asked
    this.#account = account
    this.#hold = hold
    account.open++
  }

  settle(usage: Usage, reported: Cost | undefined, model = this.#asked.model): Cost {
    const asked = { ...this.#asked, model }
    const cost = this.#costs.price(asked, usage, reported)
    // what nobody has a price for has cost as much as was held back, as far as limits know
    const most = this.#isAssumed ? 0n : this.#hold?.most
    if (!this.#close()) return cost
    const money = readMoney(cost.amount)
    if (cost.source === 'unknown' || money === undefined) this.#assume(most)
    const source = money === undefined ? 'unknown' : cost.source
    this.#costs.tracker.record(asked, { money: money ?? 0n, source, usage })
    return cost
  }

  release(): void {
    this.#close()
  }

  abandon(characters: number): void {
    this.lose(characters)
    if (!this.#close()) return
    const nothing = { money: 0n, source: 'unknown', usage: noUsage } as const
    this.#costs.tracker.record(this.#asked, nothing)
  }

  lose(characters: number, told?: Cost): void {
    if (this.#closed || this.#hold === undefined) return
    this.#isAssumed = true
    const { most } = this.#hold
    if (told?.source === 'unknown') return this.#assume(most)
    const untold = this.#hold.mostAfter(characters) - (readMoney(told?.amount) ?? 0n)
    if (untold > 0n) this.#assume(untold)
  }

  again(earlier?: Cost): ErrorData | undefined {
    return this.#closed ? undefined : this.#hold?.take(readMoney(earlier?.amount) ?? 0n)
  }

  #assume(money: Money = 0n): void {
    this.#account.assumed += money
  }

  #close(): boolean {
    if (this.#closed) return false
    this.#closed = true
    this.#account.open--
    this.#hold?.drop()
    return true
  }
}
