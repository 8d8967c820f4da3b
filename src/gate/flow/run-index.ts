import { grown, noTransition, Transitions } from './transitions.ts'

/** Where something was found: the number of a source. */
export type SourceNumber = number

/** Words in a row, as digests. */
export interface Run {
  readonly length: number
  at(index: number): number
}

const none = noTransition
const root = 0
const firstCapacity = 8

/**
 * All runs of words of all sources, in a suffix automaton (Blumer et al. 1985, for several texts):
 * a run of words is looked up in as many steps as it has words, however much was added. It grows
 * by at most two states per word, kept in columns. A run never spans two sources.
 */
export class RunIndex {
  readonly #transitions = new Transitions()
  #count = 1
  #length = new Int32Array(firstCapacity)
  /** The longest proper suffix that is another state. */
  #link = new Int32Array(firstCapacity)
  /** A source that holds every run of the state. */
  #source = new Int32Array(firstCapacity)

  constructor() {
    this.#link[root] = none
    this.#source[root] = none
  }

  add(words: Float64Array, source: SourceNumber): void {
    let last = root
    for (const word of words) last = this.#extend(last, word, source)
  }

  find(words: Run): SourceNumber | undefined {
    let state = root
    for (let index = 0; index < words.length; index++) {
      state = this.#transitions.next(state, words.at(index))
      if (state === none) return undefined
    }
    const source = this.#source[state]!
    return source === none ? undefined : source
  }

  #extend(last: number, word: number, source: SourceNumber): number {
    const transitions = this.#transitions
    const length = this.#length[last]! + 1
    const known = transitions.next(last, word)
    if (known !== none) {
      // another source has been here; a state of its own keeps the runs of both apart
      const fits = length === this.#length[known]
      return fits ? known : this.#split(last, word, known)
    }
    const added = this.#push(length, root, source)
    let at = last
    while (at !== none && transitions.next(at, word) === none) {
      transitions.add(at, word, added)
      at = this.#link[at]!
    }
    if (at !== none) {
      const target = transitions.next(at, word)
      const fits = this.#length[at]! + 1 === this.#length[target]
      const link = fits ? target : this.#split(at, word, target)
      this.#link[added] = link
    }
    return added
  }

  /** The shorter runs of `target`, which also end elsewhere, become a state of their own. */
  #split(from: number, word: number, target: number): number {
    const copy = this.#push(this.#length[from]! + 1, this.#link[target]!, this.#source[target]!)
    this.#transitions.copy(target, copy)
    this.#link[target] = copy
    let at = from
    while (at !== none && this.#transitions.next(at, word) === target) {
      this.#transitions.lead(at, word, copy)
      at = this.#link[at]!
    }
    return copy
  }

  #push(length: number, link: number, source: SourceNumber): number {
    const state = this.#count++
    if (state === this.#length.length) {
      this.#length = grown(this.#length)
      this.#link = grown(this.#link)
      this.#source = grown(this.#source)
    }
    this.#length[state] = length
    this.#link[state] = link
    this.#source[state] = source
    return state
  }
}
