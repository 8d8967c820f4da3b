import { addUsage, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import { toDollars, type Money } from './money.ts'

/** What the answers of models have cost together. */
export interface CostStats {
  /** US dollars; exact to 10^-18 until it became a double. */
  readonly cost: number
  readonly usage: Usage
  /** Answers, those of failed attempts included. */
  readonly answers: number
  /** How many answers had a cost of each source. */
  readonly sources: Readonly<Record<Cost['source'], number>>
}

/** One answer to be counted. */
export interface Charge {
  readonly money: Money
  readonly source: Cost['source']
  readonly usage: Usage
}

/** A sum in the making, and what is held back for requests under way. */
export class Account {
  money: Money = 0n
  /** Charged against limits for answers that were cut off before they told their usage. */
  assumed: Money = 0n
  /** Held back for requests under way. */
  reserved: Money = 0n
  /** Requests under way. */
  open = 0
  usage: Usage = noUsage
  answers = 0
  /** Of an agent. */
  sessions = 0
  sources: Record<Cost['source'], number> = { provider: 0, registry: 0, fallback: 0, unknown: 0 }

  /** What limits are held against. */
  get spent(): Money {
    return this.money + this.assumed
  }

  add({ money, source, usage }: Charge): void {
    this.money += money
    this.usage = addUsage(this.usage, usage)
    this.answers++
    this.sources[source]++
  }

  stats(): CostStats {
    return {
      cost: toDollars(this.money),
      usage: { ...this.usage },
      answers: this.answers,
      sources: { ...this.sources },
    }
  }
}

/** Accounts by name, at most so many: the one used longest ago is forgotten first. */
export class Accounts {
  readonly #accounts = new Map<string, Account>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  find(name: string): Account | undefined {
    return this.#accounts.get(name)
  }

  /** The account of that name, now the last to be forgotten. */
  use(name: string): Account {
    const account = this.#accounts.get(name) ?? new Account()
    this.put(name, account)
    return account
  }

  put(name: string, account: Account): void {
    this.#accounts.delete(name)
    this.#accounts.set(name, account)
    if (this.#accounts.size > this.#most) this.#forgetOne()
  }

  /** Accounts of requests under way stay, as their reservation would be lost. */
  #forgetOne(): void {
    for (const [name, { open }] of this.#accounts) {
      if (open > 0) continue
      this.#accounts.delete(name)
      return
    }
  }

  entries(): readonly (readonly [string, Account])[] {
    return [...this.#accounts]
  }

  stats(): Readonly<Record<string, CostStats>> {
    return Object.fromEntries(this.entries().map(([name, account]) => [name, account.stats()]))
  }
}
