import type { CallSummary } from '../summary.ts'

interface Entry<T> {
  readonly at: number
  readonly item: T
  readonly size: number
}

/** The first of some items, up to one for which there is no room. */
interface First<T> {
  readonly entries: Entry<T>[]
  size: number
  isClosed: boolean
}

/**
 * As many items as there is room for, in their order: the first notable ones, then the first of the
 * others. Those that are given up on the way are not held.
 */
export class Chosen<T> {
  readonly #most: number
  readonly #room: number
  readonly #notable: First<T> = { entries: [], size: 0, isClosed: false }
  readonly #ordinary: First<T> = { entries: [], size: 0, isClosed: false }
  #count = 0

  /** `room` is in the units of the sizes of items. */
  constructor(most: number, room = Number.POSITIVE_INFINITY) {
    this.#most = most
    this.#room = room
  }

  /** The item is made only where there may be room for it; its size is taken of what was made. */
  add(notable: boolean, make: () => T, sizeOf: (item: T) => number = () => 0): void {
    const at = this.#count++
    const list = notable ? this.#notable : this.#ordinary
    if (list.isClosed) return
    const item = make()
    const size = sizeOf(item)
    list.entries.push({ at, item, size })
    list.size += size
    // one that does not fit beside its own kind takes no room from the others
    if (!this.#holds(list)) giveUp(list)
    while (!this.#holds(this.#notable, this.#ordinary)) giveUp(this.#ordinary)
  }

  /** All that were added. */
  get count(): number {
    return this.#count
  }

  get leftOut(): number {
    return this.#count - this.#notable.entries.length - this.#ordinary.entries.length
  }

  all(): readonly T[] {
    return [...this.#notable.entries, ...this.#ordinary.entries]
      .toSorted((a, b) => a.at - b.at)
      .map(({ item }) => item)
  }

  #holds(list: First<T>, other?: First<T>): boolean {
    const count = list.entries.length + (other?.entries.length ?? 0)
    return count <= this.#most && list.size + (other?.size ?? 0) <= this.#room
  }
}

/** Takes back the last one; none may follow it, whatever its size. */
function giveUp<T>(list: First<T>): void {
  list.size -= list.entries.pop()!.size
  list.isClosed = true
}

/** Calls that give way to no call that just ran. */
export function isNotable({ outcome, shadowed }: CallSummary): boolean {
  return outcome !== 'executed' || shadowed
}
