import type { Clock } from '../base/clock.ts'
import { errorDataOf, type ErrorData } from '../base/errors.ts'
import type { Catalog } from './catalog.ts'

/** What was found when an endpoint was asked for its models. Plain data. */
export interface Health {
  readonly ok: boolean
  /** RFC 3339. */
  readonly checkedAt: string
  readonly latencyMs: number
  /** How many models it lists; absent when it did not answer. */
  readonly models?: number
  readonly error?: ErrorData
}

const keptMs = 30_000

/** Asks whether an endpoint is well, at most every 30 s unless told otherwise. */
export class HealthCheck {
  readonly #list: () => Promise<Catalog>
  readonly #clock: Clock
  #last: { readonly health: Health; readonly at: number } | undefined
  #running: Promise<Health> | undefined

  constructor(list: () => Promise<Catalog>, clock: Clock) {
    this.#list = list
    this.#clock = clock
  }

  /** Never rejects. Those who ask while it is being found out get the same answer. */
  async check(fresh: boolean): Promise<Health> {
    const last = this.#last
    if (!fresh && last !== undefined && this.#clock.monotonic() - last.at < keptMs) {
      return last.health
    }
    if (this.#running === undefined) {
      this.#running = this.#ask()
      void this.#running.finally(() => {
        this.#running = undefined
      })
    }
    return this.#running
  }

  async #ask(): Promise<Health> {
    const at = this.#clock.monotonic()
    const checkedAt = new Date(this.#clock.now()).toISOString()
    let found: Pick<Health, 'ok' | 'models' | 'error'>
    try {
      found = { ok: true, models: (await this.#list()).models.length }
    } catch (thrown) {
      found = { ok: false, error: errorDataOf(thrown) }
    }
    const now = this.#clock.monotonic()
    const health = { ...found, checkedAt, latencyMs: now - at }
    this.#last = { health, at: now }
    return health
  }
}
