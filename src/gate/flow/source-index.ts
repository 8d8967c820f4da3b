import type { KeyedDigest } from './keyed-digest.ts'
import type { Query } from './forms.ts'
import { RunIndex, type Run, type SourceNumber } from './run-index.ts'

/** A source as digests of its words and of the typed values in it. */
export interface Fingerprint {
  readonly words: Float64Array
  readonly forms: Float64Array
}

/** A query as digests. */
export interface DigestedQuery {
  readonly forms: readonly number[]
  readonly words: Run | undefined
}

/**
 * Digests are the price of a look-up, and most of them end at the first words: they are made when
 * they are asked for, once.
 */
export function digestQuery({ forms, words }: Query, digest: KeyedDigest): DigestedQuery {
  if (words === undefined || words.length === 0) {
    return { forms: forms.map(digest), words: undefined }
  }
  const digests: number[] = []
  const at = (index: number): number => (digests[index] ??= digest(words[index]!))
  return { forms: forms.map(digest), words: { length: words.length, at } }
}

/** What sources of one kind hold: runs of words, and typed values. Only digests are kept. */
export class SourceIndex {
  /** Made for the first source that has words. */
  #runs: RunIndex | undefined
  readonly #forms = new Map<number, SourceNumber>()

  add({ words, forms }: Fingerprint, source: SourceNumber): void {
    if (words.length > 0) (this.#runs ??= new RunIndex()).add(words, source)
    for (const form of forms) if (!this.#forms.has(form)) this.#forms.set(form, source)
  }

  find({ forms, words }: DigestedQuery): SourceNumber | undefined {
    for (const form of forms) {
      const source = this.#forms.get(form)
      if (source !== undefined) return source
    }
    return words === undefined ? undefined : this.#runs?.find(words)
  }
}
