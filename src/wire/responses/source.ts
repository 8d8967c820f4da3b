import { locate, sourceAt } from '../../base/json-source.ts'

/** Where a value stands in the text it was parsed from. */
export class Source {
  readonly #text: string
  readonly #path: readonly (string | number)[]

  constructor(text: string, path: readonly (string | number)[] = []) {
    this.#text = text
    this.#path = path
  }

  at(...steps: readonly (string | number)[]): Source {
    return new Source(this.#text, [...this.#path, ...steps])
  }

  /** The value as it is written; undefined when a key on the way stands twice. */
  text(): string | undefined {
    const at = locate(this.#text, this.#path)
    return at === undefined ? undefined : sourceAt(this.#text, at)
  }
}
