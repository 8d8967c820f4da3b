import { messageOf } from '../base/errors.ts'
import { checkOptions } from '../base/options.ts'
import { checkGiven, isFunction, isNumber } from '../protocol/option-checks.ts'
import { PriceIndex, type Price, type PriceLists } from './prices.ts'

export interface PriceTableOptions extends PriceLists {
  /** Fetches current prices, e.g. from the catalogue of a provider; its lists replace all others. */
  readonly load?: (options: { readonly signal: AbortSignal }) => Promise<PriceLists>
  /** Time between two refreshes after `start`. Default 6 hours; from 1,000 to 2,147,483,647 ms. */
  readonly refreshMs?: number
  /** Longest time one refresh may take. Default 30 s; from 1 to 2,147,483,647 ms. */
  readonly timeoutMs?: number
}

/** How the prices came to be what they are. */
export interface PriceState {
  /** Refreshes that have succeeded. */
  readonly refreshes: number
  /** Wall time of the last of them in milliseconds; undefined before the first. */
  readonly refreshedAt: number | undefined
  /** Why the last refresh failed; undefined when it did not. */
  readonly error: string | undefined
}

/** Prices of models. What is looked up is always a whole list that could be read. */
export interface PriceTable {
  readonly state: PriceState
  /** The provider's list before the common one; in a list the exact name before its longest beginning. */
  find(provider: string, model: string): Price | undefined
  /** Loads the prices; false when that failed, and those known before stay. Never rejects. */
  refresh(): Promise<boolean>
  /** Refreshes now and then regularly, on a timer that does not keep the process alive. */
  start(): Promise<boolean>
  /** Ends the regular refreshes and gives up one that is under way. */
  stop(): void
}

/** A longer one would make timers fire at once. */
const longestMs = 2 ** 31 - 1

const checks = {
  load: isFunction,
  refreshMs: isNumber({ min: 1000, max: longestMs, integer: true }),
  timeoutMs: isNumber({ min: 1, max: longestMs, integer: true }),
}

/**
 * Prices for models whose provider does not say what an answer has cost. Throws `bad-option` for a
 * price that cannot be read.
 *
 * @example
 * ```ts
 * const prices = priceTable({ models: [{ model: 'gpt-5-mini', input: '0.25', output: '2' }] })
 * ```
 */
export function priceTable(options: PriceTableOptions): PriceTable {
  checkOptions('priceTable', options, ['models', 'providers', 'fallback', ...Object.keys(checks)])
  checkGiven(options, checks)
  return new Table(options)
}

/** A refresh under way. */
interface Loading {
  readonly done: Promise<boolean>
  readonly controller: AbortController
}

class Table implements PriceTable {
  readonly #options: PriceTableOptions
  #index: PriceIndex
  #timer: NodeJS.Timeout | undefined
  #loading: Loading | undefined
  state: PriceState = { refreshes: 0, refreshedAt: undefined, error: undefined }

  constructor(options: PriceTableOptions) {
    this.#options = options
    this.#index = new PriceIndex(options)
  }

  find(provider: string, model: string): Price | undefined {
    return this.#index.find(provider, model)
  }

  refresh(): Promise<boolean> {
    // two at a time could put older prices in the place of newer ones
    this.#loading ??= this.#begin()
    return this.#loading.done
  }

  start(): Promise<boolean> {
    this.#timer ??= setInterval(
      () => void this.refresh(),
      this.#options.refreshMs ?? 6 * 60 * 60 * 1000,
    ).unref()
    return this.refresh()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#loading?.controller.abort(new Error('the refresh was stopped'))
    this.#loading = undefined
  }

  #begin(): Loading {
    const controller = new AbortController()
    const done = this.#load(controller).finally(() => {
      // stopped meanwhile, it must not end the one after it
      if (this.#loading === loading) this.#loading = undefined
    })
    const loading = { done, controller }
    return loading
  }

  async #load(controller: AbortController): Promise<boolean> {
    const { load, timeoutMs = 30_000 } = this.#options
    const timer = setTimeout(
      () => controller.abort(new Error(`prices did not come within ${timeoutMs} ms`)),
      timeoutMs,
    ).unref()
    try {
      if (load === undefined) throw new Error('there is no `load`')
      const lists = await stoppable(load({ signal: controller.signal }), controller.signal)
      this.#index = new PriceIndex(lists)
      const refreshes = this.state.refreshes + 1
      this.state = { refreshes, refreshedAt: Date.now(), error: undefined }
      return true
    } catch (thrown) {
      this.state = { ...this.state, error: messageOf(thrown) }
      return false
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Rejects when the signal aborts, whether or not the work looks at it. */
function stoppable<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    work.then(resolve, reject)
  })
}
