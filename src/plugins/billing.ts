import { SallyportError } from '../base/errors.ts'
import { checkOptions } from '../base/options.ts'
import { checkGiven, isFunction, isNumber, isText } from '../protocol/option-checks.ts'
import type { Plugin } from '../run/plugin.ts'
import { Charges, type Charge } from './charges.ts'

export interface BillingOptions {
  /**
   * Takes one charge, one after the other in their order. A charge it throws at or rejects stays
   * first in line, and is told again with the next one and when the runtime is closed; by its `id`
   * a charge that came through after all is known.
   */
  report(charge: Charge): void | Promise<void>
  /** Charges that wait at most; beyond them the oldest is given up. Default 10,000. */
  readonly maxPending?: number
  /** Default `billing`. */
  readonly name?: string
}

export interface BillingPlugin extends Plugin {
  /** How many charges wait to be reported. */
  pending(): number
}

/**
 * Reports what each model response has cost, by run, session and principal, with the source of the
 * amount. What cannot be reported is kept in memory and counted as a fault; it does not stop runs.
 * Throws `bad-option`.
 *
 * @example
 * ```ts
 * const plugin = billing({ report: ({ id, cost }) => book(id, cost?.amount ?? 0) })
 * const runtime = createRuntime({ model, plugins: [plugin] })
 * ```
 */
export function billing(options: BillingOptions): BillingPlugin {
  checkOptions('billing', options, ['report', 'maxPending', 'name'])
  isFunction('report', options.report)
  checkGiven(options, { maxPending: isNumber({ min: 1, integer: true }), name: isText })
  const { maxPending = 10_000, name = 'billing' } = options
  const charges = new Charges()
  const line = new ReportLine((charge) => options.report(charge), maxPending)
  return {
    name,
    setup: () => ({
      deltas: false,
      onEvent(event) {
        const charge = charges.read(event)
        return charge === undefined ? undefined : line.add(charge)
      },
    }),
    dispose: () => line.drain(),
    pending: () => line.length,
  }
}

/** Charges on their way to the reporter. */
class ReportLine {
  readonly #waiting: Charge[] = []
  readonly #report: (charge: Charge) => void | Promise<void>
  readonly #max: number
  #draining: Promise<void> | undefined

  constructor(report: (charge: Charge) => void | Promise<void>, max: number) {
    this.#report = report
    this.#max = max
  }

  get length(): number {
    return this.#waiting.length
  }

  /** Rejects where a charge was given up or cannot be reported now. */
  add(charge: Charge): Promise<void> {
    this.#waiting.push(charge)
    const lost = this.#waiting.length > this.#max ? this.#waiting.shift() : undefined
    const drained = this.drain()
    if (lost === undefined) return drained
    drained.catch(() => undefined)
    const message = `over ${this.#max} charges wait: \`${lost.id}\` is given up`
    const help = 'look at what `report` throws, or raise `maxPending`'
    return Promise.reject(new SallyportError('limit-reached', message, { help }))
  }

  /** Whoever comes while it is under way waits for the same end. */
  drain(): Promise<void> {
    this.#draining ??= this.#reportAll().finally(() => {
      this.#draining = undefined
    })
    return this.#draining
  }

  async #reportAll(): Promise<void> {
    for (let charge = this.#waiting[0]; charge !== undefined; charge = this.#waiting[0]) {
      await this.#report(charge)
      // one that was given up meanwhile is gone already
      if (this.#waiting[0] === charge) this.#waiting.shift()
    }
  }
}
