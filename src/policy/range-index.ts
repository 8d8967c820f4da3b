import type { JsonValue } from '../base/json.ts'
import type { CompiledRule } from './compiled-rule.ts'
import type { RequiredRange } from './required.ts'

export interface RangedRule {
  readonly rule: CompiledRule
  readonly range: RequiredRange
}

/** A rule that spans more pieces of the number line than this is evaluated always. */
const maxPieces = 64

const none: readonly CompiledRule[] = []

/**
 * Cuts the number line at all ends of ranges; each cut and each gap between two cuts knows the
 * rules that cover it. Memory is bounded by 64 entries for each rule.
 */
export class RangeIndex {
  /** Rules that are not filed here because they cover most of the line. */
  readonly wide: readonly CompiledRule[]
  readonly #cuts: readonly number[]
  /** Piece 2i is the gap below cut i, piece 2i+1 the cut itself. */
  readonly #pieces = new Map<number, CompiledRule[]>()
  readonly #notNumbers: readonly CompiledRule[]

  constructor(rules: readonly RangedRule[]) {
    const ends = rules.flatMap(({ range }) => [range.low, range.high])
    this.#cuts = [...new Set(ends)].toSorted((a, b) => a - b)
    const wide: CompiledRule[] = []
    const notNumbers: CompiledRule[] = []
    for (const { rule, range } of rules) {
      const from = this.#piece(range.low)
      const to = this.#piece(range.high)
      if (to - from >= maxPieces) wide.push(rule)
      else {
        for (let piece = from; piece <= to; piece++) this.#file(piece, rule)
        if (!range.onlyNumbers) notNumbers.push(rule)
      }
    }
    this.wide = wide
    this.#notNumbers = notNumbers
  }

  find(value: JsonValue): readonly CompiledRule[] {
    if (typeof value !== 'number') return this.#notNumbers
    return this.#pieces.get(this.#piece(value)) ?? none
  }

  #file(piece: number, rule: CompiledRule): void {
    const rules = this.#pieces.get(piece)
    if (rules === undefined) this.#pieces.set(piece, [rule])
    else rules.push(rule)
  }

  #piece(value: number): number {
    let low = 0
    let high = this.#cuts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#cuts[middle]! < value) low = middle + 1
      else high = middle
    }
    return this.#cuts[low] === value ? 2 * low + 1 : 2 * low
  }
}
