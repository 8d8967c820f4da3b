interface Entry<T> {
  value: T | undefined
  before: Entry<T> | undefined
  after: Entry<T> | undefined
}

/**
 * What is under way, in the order in which it began.
 *
 * A `Set` would not do where much comes and goes for as long as a process lives. V8 replaces its
 * table every so many changes, and the old table goes on naming the new one: once one of them has
 * grown old, a collection of young garbage takes for alive whatever its successors have ever held.
 * Of runs with 16 calls, that was a tenth of all they allocate. What leaves here names nothing.
 */
export class UnderWay<T> {
  #first: Entry<T> | undefined
  #last: Entry<T> | undefined

  /** Returns what ends it; to end it again does nothing. */
  add(value: T): () => void {
    const entry: Entry<T> = { value, before: this.#last, after: undefined }
    if (this.#last === undefined) this.#first = entry
    else this.#last.after = entry
    this.#last = entry
    return () => this.#remove(entry)
  }

  /** As it is now: whoever goes through the list may end what is on it. */
  list(): T[] {
    const values: T[] = []
    for (let entry = this.#first; entry !== undefined; entry = entry.after) {
      values.push(entry.value as T)
    }
    return values
  }

  #remove(entry: Entry<T>): void {
    const { before, after } = entry
    if (before !== undefined) before.after = after
    else if (this.#first === entry) this.#first = after
    if (after !== undefined) after.before = before
    else if (this.#last === entry) this.#last = before
    entry.value = undefined
    entry.before = undefined
    entry.after = undefined
  }
}

/** So many names leave at least before the rest moves. */
const fewest = 32

/** The same by names: what is left of them moves to a new `Map` before the old one has had many. */
export class NamedUnderWay<T> {
  #values = new Map<string, T>()
  #left = 0

  get size(): number {
    return this.#values.size
  }

  get(name: string): T | undefined {
    return this.#values.get(name)
  }

  set(name: string, value: T): void {
    this.#values.set(name, value)
  }

  delete(name: string): void {
    if (!this.#values.delete(name)) return
    this.#left++
    if (this.#left < fewest || this.#left < this.#values.size) return
    this.#values = new Map(this.#values)
    this.#left = 0
  }

  [Symbol.iterator](): IterableIterator<[string, T]> {
    return this.#values.entries()
  }
}
