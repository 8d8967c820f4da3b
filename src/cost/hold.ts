import type { ErrorData } from '../base/errors.ts'
import type { Account } from './account.ts'
import { highestRates, perMillion, type Bound } from './bound.ts'
import type { Budget } from './budget.ts'
import type { Money } from './money.ts'
import type { Price } from './prices.ts'

/** What is known of a request before it is sent. */
interface Known {
  readonly bound: Bound
  readonly price: Price | undefined
}

/** What an account holds back for one request and the attempts at it. */
export class Hold {
  readonly #budget: Budget
  readonly #account: Account
  readonly #hard: Money
  readonly #known: Known
  #amount: Money = 0n
  /** The part for attempts that have told what they cost. */
  #earlier: Money = 0n

  constructor(budget: Budget, account: Account, hard: Money, known: Known) {
    this.#budget = budget
    this.#account = account
    this.#hard = hard
    this.#known = known
  }

  /**
   * Holds back what an attempt can cost, and what those before it have told, in place of what was
   * held back before. Nothing is held back where there is no room: `budget-exceeded`.
   */
  take(earlier: Money = 0n): ErrorData | undefined {
    this.drop()
    const amount = this.#budget.hold(this.#account, this.#hard, this.#known.bound.whole, earlier)
    if (typeof amount !== 'bigint') return amount
    this.#amount = amount
    this.#earlier = earlier
    return undefined
  }

  /** Nothing is held back any more. */
  drop(): void {
    this.#account.reserved -= this.#amount
    this.#amount = 0n
    this.#earlier = 0n
  }

  /** Most that the attempt can cost by itself. */
  get most(): Money {
    return this.#amount - this.#earlier
  }

  /**
   * The same after it has said so many characters. A UTF-16 unit has at most three bytes of UTF-8,
   * each of which may be a token.
   */
  mostAfter(characters: number): Money {
    const { bound, price } = this.#known
    if (bound.whole !== undefined || bound.input === undefined) return this.most
    return bound.input + perMillion(highestRates(price!).output, 3 * characters)
  }
}
