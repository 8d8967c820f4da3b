import { noTransition, Transitions } from './transitions.ts'

const root = 0

/**
 * Finds where any of some runs of words occurs whole in a text (Aho and Corasick 1975): in time
 * linear in the runs and in the text, however much they have in common. Words are keyed digests.
 */
export class WholeRuns {
  readonly #transitions = new Transitions()
  /** Of each state: how it is reached, how many words it stands for. */
  readonly #from = [root]
  readonly #by = [noTransition]
  readonly #depth = [0]
  /** The longest run that ends at the state; 0 for none. */
  readonly #ending = [0]
  /** The state of the longest proper suffix. */
  readonly #suffix = [noTransition]

  constructor(runs: Iterable<readonly number[]>) {
    for (const run of runs) this.#add(run)
    const states = [...this.#depth.keys()].slice(1)
    for (const state of states.toSorted((a, b) => this.#depth[a]! - this.#depth[b]!)) {
      const suffix = this.#step(this.#suffix[this.#from[state]!]!, this.#by[state]!)
      this.#suffix[state] = suffix
      if (this.#ending[state] === 0) this.#ending[state] = this.#ending[suffix]!
    }
  }

  /** Which of the words lie in such a run. */
  coverOf(words: readonly number[]): readonly boolean[] {
    let state = root
    const lengths = words.map((word) => {
      state = this.#step(state, word)
      return this.#ending[state]!
    })
    let left = 0
    const isCovered = lengths.map(() => false)
    for (let at = words.length - 1; at >= 0; at--) {
      left = Math.max(left - 1, lengths[at]!)
      isCovered[at] = left > 0
    }
    return isCovered
  }

  #add(run: readonly number[]): void {
    let state = root
    for (const word of run) {
      let next = this.#transitions.next(state, word)
      if (next === noTransition) {
        next = this.#depth.push(this.#depth[state]! + 1) - 1
        this.#transitions.add(state, word, next)
        this.#from.push(state)
        this.#by.push(word)
        this.#ending.push(0)
        this.#suffix.push(root)
      }
      state = next
    }
    this.#ending[state] = run.length
  }

  #step(from: number, word: number): number {
    for (let state = from; state !== noTransition; state = this.#suffix[state]!) {
      const next = this.#transitions.next(state, word)
      if (next !== noTransition) return next
    }
    return root
  }
}
