import { abortWith, after, StopError, withGrace } from '../base/signal.ts'

/** US dollars that may still be spent with a provider; `Infinity` when nothing limits them. */
export type Balance = (call: { readonly signal: AbortSignal }) => Promise<number>

/** How long a balance is taken for current, and how long it may take to come. */
const keptMs = 60_000
const askMs = 10_000

interface Known {
  readonly asked: number
  readonly dollars: Promise<number | undefined>
}

/**
 * The balances of providers, asked for at most once a minute each. One that cannot be told is
 * undefined for as long: the provider itself refuses when there is no money.
 */
export class Balances {
  readonly #balances: Readonly<Record<string, Balance>>
  readonly #monotonic: () => number
  readonly #known = new Map<string, Known>()

  constructor(balances: Readonly<Record<string, Balance>>, monotonic: () => number) {
    this.#balances = balances
    this.#monotonic = monotonic
  }

  /** Who stops waiting is told that it is not known; the others go on waiting. */
  async of(provider: string, signal: AbortSignal): Promise<number | undefined> {
    const dollars = this.#latest(provider)
    return (await withGrace(dollars, signal, 0)) ? dollars : undefined
  }

  #latest(provider: string): Promise<number | undefined> {
    const known = this.#known.get(provider)
    const now = this.#monotonic()
    if (known !== undefined && now - known.asked < keptMs) return known.dollars
    const balance = Object.hasOwn(this.#balances, provider) ? this.#balances[provider] : undefined
    const dollars = balance === undefined ? Promise.resolve(undefined) : ask(balance)
    this.#known.set(provider, { asked: now, dollars })
    return dollars
  }
}

/** Nobody's cancelling ends it: the answer is for all who ask meanwhile. */
function ask(balance: Balance): Promise<number | undefined> {
  const controller = new AbortController()
  return new Promise((resolve) => {
    const cancel = after(askMs, () => {
      abortWith(controller, new StopError('model-timeout'))
      resolve(undefined)
    })
    const settle = (dollars: unknown): void => {
      cancel()
      resolve(typeof dollars === 'number' && !Number.isNaN(dollars) ? dollars : undefined)
    }
    // a function of the host may also throw instead of rejecting
    Promise.resolve()
      .then(() => balance({ signal: controller.signal }))
      .then(settle, () => settle(undefined))
  })
}
