import { errorData, SallyportError, type ErrorData } from '../base/errors.ts'
import { checkOptions } from '../base/options.ts'
import { shorten } from '../base/text.ts'
import type { Account } from './account.ts'
import { moneyText, readMoney, toDollars, type Money } from './money.ts'
import { agentOf, type Asked } from './tracker.ts'

/** Limits of what one session may cost, in US dollars; absent or 0 is no limit. */
export interface CostLimits {
  /** Told of when it is passed; nothing is refused. */
  readonly soft?: number
  /** Requests that could pass it are refused before they are sent. */
  readonly hard?: number
}

/**
 * Limits for each session, and for each run without one. Of several that fit a request one pair
 * holds, as a whole: that of the agent, else that of the provider, else the default. The name of
 * a session can name an agent, so it must not be left to whoever is to be limited.
 */
export interface BudgetOptions {
  readonly default?: CostLimits
  readonly providers?: Readonly<Record<string, CostLimits>>
  readonly agents?: Readonly<Record<string, CostLimits>>
}

interface Pair {
  readonly soft: Money | undefined
  readonly hard: Money | undefined
}

const noPair: Pair = { soft: undefined, hard: undefined }

/** Decides which requests may be sent. Keeps nothing itself: what was spent is in the accounts. */
export class Budget {
  readonly #default: Pair
  readonly #providers: ReadonlyMap<string, Pair>
  readonly #agents: ReadonlyMap<string, Pair>

  /** Throws `bad-option`. */
  constructor(options: BudgetOptions) {
    checkOptions('`budget`', options, ['default', 'providers', 'agents'])
    this.#default = readPair('budget.default', options.default ?? {})
    this.#providers = readPairs('budget.providers', options.providers)
    this.#agents = readPairs('budget.agents', options.agents)
  }

  pairOf({ caller, provider }: Asked): Pair {
    const agent = agentOf(caller)
    const own = agent === undefined ? undefined : this.#agents.get(agent)
    return own ?? this.#providers.get(provider) ?? this.#default
  }

  /** The limits of a provider that a rule has chosen because the others were used up. */
  ownPairOf(provider: string): Pair {
    return this.#providers.get(provider) ?? noPair
  }

  /**
   * Holds back what a request can cost at most, and `earlier`, which attempts before it have cost.
   * One whose cost cannot be bounded gets all that is left: nothing else is sent meanwhile, and it
   * alone can pass the limit. The error names limit, spent and reserved.
   */
  hold(account: Account, hard: Money, bound: Money | undefined, earlier: Money): Money | ErrorData {
    const left = hard - account.spent - account.reserved - earlier
    const most = bound ?? left
    if (most > left || (bound === undefined && left <= 0n))
      return refusal(account.spent + earlier, account.reserved, hard, bound)
    account.reserved += most + earlier
    return most + earlier
  }
}

function refusal(spent: Money, reserved: Money, hard: Money, bound: Money | undefined): ErrorData {
  const most = bound === undefined ? 'any amount' : `up to ${moneyText(bound)}`
  return {
    ...errorData(
      'budget-exceeded',
      `the limit of ${moneyText(hard)} US dollars could be exceeded: ${moneyText(spent)} are spent, ${moneyText(reserved)} reserved, and the request costs ${most}`,
      {
        help: 'raise the hard limit, or lower `maxOutputTokens`, which bounds what a request costs',
        details: {
          limit: toDollars(hard),
          spent: toDollars(spent),
          reserved: toDollars(reserved),
          request: bound === undefined ? null : toDollars(bound),
        },
      },
    ),
    // what others hold back may be given free again
    retryable: reserved > 0n && spent + (bound ?? 1n) <= hard,
  }
}

function readPairs(
  where: string,
  limits: Readonly<Record<string, CostLimits>> = {},
): ReadonlyMap<string, Pair> {
  return new Map(
    Object.entries(limits).map(([name, pair]) => [
      name,
      readPair(`${where}.${shorten(name, 60)}`, pair),
    ]),
  )
}

function readPair(where: string, limits: CostLimits): Pair {
  checkOptions(`\`${where}\``, limits, ['soft', 'hard'])
  const pair = {
    soft: readLimit(`${where}.soft`, limits.soft),
    hard: readLimit(`${where}.hard`, limits.hard),
  }
  if (pair.soft === undefined || pair.hard === undefined || pair.soft <= pair.hard) return pair
  throw new SallyportError('bad-option', `\`${where}\` has a soft limit above the hard one`, {
    help: 'the soft limit has to be reached first',
  })
}

function readLimit(where: string, value: unknown): Money | undefined {
  if (value === undefined || value === 0) return undefined
  const money = typeof value === 'number' ? readMoney(value) : undefined
  if (money !== undefined) return money
  throw new SallyportError('bad-option', `\`${where}\` is no amount of money`, {
    help: 'give US dollars as a number; 0 is no limit',
  })
}
