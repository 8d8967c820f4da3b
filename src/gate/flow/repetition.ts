import type { JsonPrimitive } from '../../base/json.ts'
import { printOf, type Print } from './print.ts'
import { secretsIn } from './secrets.ts'

/**
 * What a call has asked a tool with: where the result repeats it, the tool does not vouch for it,
 * and it is no secret of the tool.
 */
export class Repetition {
  readonly secrets = new Set<string>()
  readonly #forms = new Set<string>()
  /** Runs of words by their first word. */
  readonly #runs = new Map<string, (readonly string[])[]>()

  constructor(values: readonly JsonPrimitive[]) {
    for (const value of values) {
      const { words, forms } = printOf(value)
      for (const part of secretsIn(String(value))) this.secrets.add(part)
      for (const form of forms) this.#forms.add(form)
      const [first] = words
      if (first !== undefined) this.#runs.set(first, [...(this.#runs.get(first) ?? []), words])
    }
  }

  /** What is left of a text, in the parts in front of, between and behind what is repeated. */
  without({ words, forms }: Print): readonly Print[] {
    const left = forms.filter((form) => !this.#forms.has(form))
    if (this.#runs.size === 0) return [{ words, forms: left }]
    const runs = this.#cut(words).map((run) => ({ words: run, forms: [] }))
    return [{ words: [], forms: left }, ...runs]
  }

  #cut(words: readonly string[]): readonly (readonly string[])[] {
    const parts: string[][] = [[]]
    for (let at = 0; at < words.length;) {
      const run = this.#runs
        .get(words[at]!)
        ?.find((candidate) => candidate.every((word, offset) => words[at + offset] === word))
      if (run === undefined) parts.at(-1)!.push(words[at++]!)
      else {
        parts.push([])
        at += run.length
      }
    }
    return parts.filter((part) => part.length > 0)
  }
}
