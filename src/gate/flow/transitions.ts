/** There is none. */
export const noTransition = -1

const none = noTransition
/** Columns of at most 64 bytes cost the engine little to make; most sessions have short ones. */
const firstCapacity = 8

/**
 * Which state follows on which, by words. Most states have one transition, which lies beside the
 * state; all others share one hash table with open addressing. Words are keyed digests, so that
 * nobody can choose ones that meet in it.
 */
export class Transitions {
  #word = new Float64Array(firstCapacity).fill(none)
  #target = new Int32Array(firstCapacity)
  /** The last transition of the state that is in the table, as its number there. */
  #more = new Int32Array(firstCapacity).fill(none)

  #count = 0
  #from = new Int32Array(firstCapacity)
  #by = new Float64Array(firstCapacity)
  #to = new Int32Array(firstCapacity)
  /** The one before it of the same state. */
  #sibling = new Int32Array(firstCapacity)
  /** Twice as many places as there is room for transitions. */
  #places = new Int32Array(firstCapacity * 2).fill(none)

  next(from: number, word: number): number {
    if (from >= this.#word.length) return none
    if (this.#word[from] === word) return this.#target[from]!
    if (this.#more[from] === none) return none
    const number = this.#places[this.#placeOf(from, word)]!
    return number === none ? none : this.#to[number]!
  }

  /** A transition that is not there yet. */
  add(from: number, word: number, to: number): void {
    while (from >= this.#word.length) this.#growStates()
    if (this.#word[from] === none) {
      this.#word[from] = word
      this.#target[from] = to
      return
    }
    if (this.#count === this.#from.length) this.#growTable()
    const number = this.#count++
    this.#from[number] = from
    this.#by[number] = word
    this.#to[number] = to
    this.#sibling[number] = this.#more[from]!
    this.#more[from] = number
    this.#places[this.#placeOf(from, word)] = number
  }

  /** Another target for a transition that is there. */
  lead(from: number, word: number, to: number): void {
    if (this.#word[from] === word) this.#target[from] = to
    else this.#to[this.#places[this.#placeOf(from, word)]!] = to
  }

  /** Gives `copy`, which has none, the transitions of `state`. */
  copy(state: number, copy: number): void {
    if (state >= this.#word.length || this.#word[state] === none) return
    this.add(copy, this.#word[state]!, this.#target[state]!)
    for (let number = this.#more[state]!; number !== none; number = this.#sibling[number]!) {
      this.add(copy, this.#by[number]!, this.#to[number]!)
    }
  }

  /** Where the transition is, or would be. */
  #placeOf(from: number, word: number): number {
    const mask = this.#places.length - 1
    const mixed = Math.imul(from ^ (word | 0), 0x9e3779b1)
    for (let place = (mixed ^ (mixed >>> 15)) & mask; ; place = (place + 1) & mask) {
      const number = this.#places[place]!
      if (number === none || (this.#from[number] === from && this.#by[number] === word)) {
        return place
      }
    }
  }

  #growStates(): void {
    this.#word = grown(this.#word, none)
    this.#target = grown(this.#target)
    this.#more = grown(this.#more, none)
  }

  #growTable(): void {
    this.#from = grown(this.#from)
    this.#by = grown(this.#by)
    this.#to = grown(this.#to)
    this.#sibling = grown(this.#sibling)
    this.#places = new Int32Array(this.#places.length * 2).fill(none)
    for (let number = 0; number < this.#count; number++) {
      this.#places[this.#placeOf(this.#from[number]!, this.#by[number]!)] = number
    }
  }
}

/** A column of twice the length, with what was in it. */
export function grown<Column extends Int32Array | Float64Array>(column: Column, rest = 0): Column {
  const Kind = column.constructor as new (length: number) => Column
  const longer = new Kind(column.length * 2)
  longer.set(column)
  if (rest !== 0) longer.fill(rest, column.length)
  return longer
}
