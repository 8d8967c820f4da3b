import type { CallSummary } from '../summary.ts'

interface Entry<T> {
  readonly at: number
  readonly item: T
  readonly size: number
}

/**
 * As many items as there is room for, in their order: the notable ones first, then the earliest of
 * the others. What is given up on the way is not held.
 */
export class Chosen<T> {
  readonly #most: number
  readonly #room: number
  readonly #notable: Entry<T>[] = []
  readonly #ordinary: Entry<T>[] = []
  #size = 0
  #count = 0
  #fullOf: 'nothing' | 'ordinary' | 'notable' = 'nothing'

  /** `room` is in the units of the sizes of items. */
  constructor(most: number, room = Number.POSITIVE_INFINITY) {
    this.#most = most
    this.#room = room
  }

  /** The item is made only where there may be room for it; its size is taken of what was made. */
  add(notable: boolean, make: () => T, sizeOf: (item: T) => number = () => 0): void {
    const at = this.#count++
    if (this.#fullOf === 'notable' || (this.#fullOf === 'ordinary' && !notable)) return
    const item = make()
    const size = sizeOf(item)
    const list = notable ? this.#notable : this.#ordinary
    list.push({ at, item, size })
    this.#size += size
    while (this.#isOverfull) this.#giveUp()
  }

  /** All that were added. */
  get count(): number {
    return this.#count
  }

  get leftOut(): number {
    return this.#count - this.#notable.length - this.#ordinary.length
  }

  all(): readonly T[] {
    return [...this.#notable, ...this.#ordinary]
      .toSorted((a, b) => a.at - b.at)
      .map(({ item }) => item)
  }

  get #isOverfull(): boolean {
    return this.#notable.length + this.#ordinary.length > this.#most || this.#size > this.#room
  }

  /** Takes back the latest item, so that the earliest stay, whatever their sizes. */
  #giveUp(): void {
    const ordinary = this.#ordinary.pop()
    this.#fullOf = ordinary === undefined ? 'notable' : 'ordinary'
    this.#size -= (ordinary ?? this.#notable.pop()!).size
  }
}

/** Calls that give way to no call that just ran. */
export function isNotable({ outcome, shadowed }: CallSummary): boolean {
  return outcome !== 'executed' || shadowed
}
