import { randomHex } from '../base/ids.ts'
import { withGrace } from '../base/signal.ts'
import type { HistoryStore } from './store.ts'

/**
 * How long a process that has died keeps others from its conversation, and how often one at work
 * says that it lives.
 */
const leaseMs = 30_000
const renewalMs = 10_000

/** A run that is over does not wait longer than this for its conversation to be given back. */
const releaseGraceMs = 1_000

/** The right to work on a conversation, which is asked for again until it is given back. */
export class Lease {
  readonly #store: HistoryStore
  readonly #key: string
  readonly #holder = randomHex()
  #isGivenBack = false
  #timer: NodeJS.Timeout | undefined
  #renewing: Promise<unknown> = Promise.resolve()

  constructor(store: HistoryStore, key: string) {
    this.#store = store
    this.#key = key
  }

  /** False where somebody else works on it. */
  async take(): Promise<boolean> {
    if (!(await this.#ask())) return false
    if (this.#isGivenBack) {
      // the store has answered when nobody waited any more
      await this.#store.release(this.#key, this.#holder)
      return false
    }
    // one that is lost lets others in: what they add makes this run fail, not their conversation
    this.#timer = setInterval(() => {
      this.#renewing = this.#ask().catch(() => false)
    }, renewalMs).unref()
    return true
  }

  /** Anything but true is no lease. */
  async #ask(): Promise<boolean> {
    return (await this.#store.lease(this.#key, this.#holder, leaseMs)) === true
  }

  /** Where it cannot be given back, it ends by itself. */
  async giveBack(): Promise<void> {
    this.#isGivenBack = true
    clearInterval(this.#timer)
    const work = this.#renewing.then(() => this.#store.release(this.#key, this.#holder))
    await withGrace(
      work.catch(() => undefined),
      AbortSignal.abort(),
      releaseGraceMs,
    )
  }
}
