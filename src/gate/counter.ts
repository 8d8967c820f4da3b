/** Entries of one window that are kept apart; older ones are put together. */
const maxEntries = 10_000

/**
 * What was used up in a sliding window. Amounts are whole numbers of the smallest unit, as bigint
 * where a sum of decimals has to be exact, and one each where calls are counted.
 */
export class Counter {
  readonly #windowMs: number | undefined
  /** When each amount was taken, oldest first. */
  readonly #times: number[] = []
  readonly #amounts: bigint[] = []
  #total = 0n

  constructor(windowMs: number | undefined) {
    this.#windowMs = windowMs
  }

  total(now: number): bigint {
    this.#prune(now)
    return this.#total
  }

  take(amount: bigint, at: number): void {
    if (this.#times.length >= maxEntries) this.#merge()
    const times = this.#times
    let index = times.length
    // what was used in an earlier process may become known late
    while (index > 0 && times[index - 1]! > at) index--
    times.splice(index, 0, at)
    this.#amounts.splice(index, 0, amount)
    this.#total += amount
  }

  /** Gives back what was taken at that time, unless the window has passed over it. */
  giveBack(amount: bigint, at: number): void {
    const times = this.#times
    for (let index = times.length - 1; index >= 0 && times[index]! >= at; index--) {
      if (times[index] !== at || this.#amounts[index] !== amount) continue
      times.splice(index, 1)
      this.#amounts.splice(index, 1)
      this.#total -= amount
      return
    }
  }

  get isEmpty(): boolean {
    return this.#times.length === 0
  }

  #prune(now: number): void {
    if (this.#windowMs === undefined) return
    const oldest = now - this.#windowMs
    let gone = 0
    while (gone < this.#times.length && this.#times[gone]! <= oldest) {
      this.#total -= this.#amounts[gone++]!
    }
    if (gone === 0) return
    this.#times.splice(0, gone)
    this.#amounts.splice(0, gone)
  }

  /** The two oldest entries become one that counts as long as the younger: the strict way. */
  #merge(): void {
    this.#times.shift()
    const oldest = this.#amounts.shift()!
    this.#amounts[0]! += oldest
  }
}
