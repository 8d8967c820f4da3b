/** Where something was found: the number of a source. */
export type SourceNumber = number

/** Words in a row, as digests. */
export interface Run {
  readonly length: number
  at(index: number): number
}

interface State {
  length: number
  /** The longest proper suffix that is another state. */
  link: number
  /** A source that holds every run of this state. */
  readonly source: SourceNumber
  /** The first word that goes on, and where to; most states have no second one. */
  word: number
  target: number
  more: Map<number, number> | undefined
}

const none = -1

/**
 * All runs of words of all sources, in a suffix automaton (Blumer et al. 1985, for several texts):
 * a run of words is looked up in as many steps as it has words, however much was added. It grows
 * by at most two states per word. A run never spans two sources.
 */
export class RunIndex {
  readonly #states: State[] = [
    { length: 0, link: none, source: none, word: none, target: none, more: undefined },
  ]

  add(words: readonly number[], source: SourceNumber): void {
    let last = 0
    for (const word of words) last = this.#extend(last, word, source)
  }

  find(words: Run): SourceNumber | undefined {
    let state = 0
    for (let index = 0; index < words.length; index++) {
      state = this.#next(state, words.at(index))
      if (state === none) return undefined
    }
    const { source } = this.#states[state]!
    return source === none ? undefined : source
  }

  #extend(last: number, word: number, source: SourceNumber): number {
    const length = this.#states[last]!.length + 1
    const known = this.#next(last, word)
    if (known !== none) {
      // another source has been here; a state of its own keeps the runs of both apart
      return this.#states[known]!.length === length ? known : this.#split(last, word, known)
    }
    const added = this.#states.length
    this.#states.push({ length, link: 0, source, word: none, target: none, more: undefined })
    let at = last
    while (at !== none && this.#next(at, word) === none) {
      this.#lead(at, word, added)
      at = this.#states[at]!.link
    }
    if (at !== none) {
      const target = this.#next(at, word)
      const fits = this.#states[target]!.length === this.#states[at]!.length + 1
      this.#states[added]!.link = fits ? target : this.#split(at, word, target)
    }
    return added
  }

  /** The shorter runs of `target`, which also end elsewhere, become a state of their own. */
  #split(from: number, word: number, target: number): number {
    const original = this.#states[target]!
    const length = this.#states[from]!.length + 1
    const more = original.more === undefined ? undefined : new Map(original.more)
    const copy = this.#states.push({ ...original, length, more }) - 1
    original.link = copy
    let at = from
    while (at !== none && this.#next(at, word) === target) {
      this.#lead(at, word, copy)
      at = this.#states[at]!.link
    }
    return copy
  }

  #next(from: number, word: number): number {
    const state = this.#states[from]!
    return state.word === word ? state.target : (state.more?.get(word) ?? none)
  }

  #lead(from: number, word: number, target: number): void {
    const state = this.#states[from]!
    if (state.target === none || state.word === word) {
      state.word = word
      state.target = target
    } else {
      state.more ??= new Map()
      state.more.set(word, target)
    }
  }
}
