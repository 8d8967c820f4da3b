import type { JsonPrimitive } from '../../base/json.ts'
import type { KeyedDigest } from './keyed-digest.ts'
import { printOf, type Print } from './print.ts'
import { RunIndex } from './run-index.ts'
import { secretsIn } from './secrets.ts'
import { wordsOf } from './words.ts'

/** What joins the parts of a URL, an address or a path. */
const joint = /[^\p{L}\p{N}._-]+/u

/** What is left of a text that a tool was asked with. */
interface Said {
  /** The parts without a word that the tool was asked with. */
  readonly own: readonly Print[]
  /** The parts between whole values it was asked with, where they hold words of them. */
  readonly answered: readonly Print[]
}

/**
 * What a call has asked a tool with: where the result repeats it, whole or in part, the tool does
 * not vouch for it, lists no id with it, and it is no secret of the tool.
 */
export class Repetition {
  readonly secrets = new Set<string>()
  readonly #prints: readonly Print[]
  readonly #digest: KeyedDigest
  readonly #forms = new Set<string>()
  #words: ReadonlySet<string> | undefined
  /** Whole values by their first word. */
  readonly #wholes = new Map<string, (readonly string[])[]>()
  #index: RunIndex | undefined

  constructor(values: readonly JsonPrimitive[], digest: KeyedDigest) {
    this.#digest = digest
    this.#prints = values.map(printOf)
    for (const value of values) {
      for (const part of secretsIn(String(value))) this.secrets.add(part)
    }
    for (const { words, forms } of this.#prints) {
      for (const form of forms) this.#forms.add(form)
      const [first] = words
      if (first !== undefined) this.#wholes.set(first, [...(this.#wholes.get(first) ?? []), words])
    }
  }

  /** Whether the value is one of those asked with, or some words of one in a row. */
  holds(value: JsonPrimitive): boolean {
    const words = wordsOf(String(value))
    if (words.length === 0 || words.some((word) => !this.#asked(word))) return false
    const at = (index: number): number => this.#digest(words[index]!)
    return this.#runs().find({ length: words.length, at }) !== undefined
  }

  without({ words, forms }: Print): Said {
    const left = { words: [], forms: forms.filter((form) => !this.#forms.has(form)) }
    if (!words.some((word) => this.#asked(word))) {
      return { own: [{ ...left, words }], answered: [] }
    }
    const own = cut(words, (word) => (this.#asked(word) ? 1 : 0))
    return { own: [left, ...own], answered: cut(words, (_, at) => this.#wholeAt(words, at)) }
  }

  /** How many words from there on are a whole value. */
  #wholeAt(words: readonly string[], at: number): number {
    const wholes = this.#wholes.get(words[at]!)
    const whole = wholes?.find((run) => run.every((word, offset) => words[at + offset] === word))
    return whole?.length ?? 0
  }

  #asked(word: string): boolean {
    this.#words ??= new Set(rowsOf(this.#prints).flat())
    return this.#words.has(word)
  }

  #runs(): RunIndex {
    if (this.#index !== undefined) return this.#index
    this.#index = new RunIndex()
    for (const row of rowsOf(this.#prints)) this.#index.add(Float64Array.from(row, this.#digest), 0)
    return this.#index
  }
}

/**
 * The words of each value in a row, and in another what tools make of them: hosts, numbers, parts of
 * addresses.
 */
export function rowsOf(prints: readonly Print[]): readonly (readonly string[])[] {
  return prints.flatMap(({ words, forms }) => {
    const typed = forms.map((form) => form.slice(form.indexOf(':') + 1))
    // no word is empty: nothing runs on from one text to the next
    const parts = [...typed, ...words].flatMap((text) => [text, '', ...text.split(joint), ''])
    return [words, parts]
  })
}

/** The words in rows between those that are left out; `lengthAt` says how many are, at each. */
function cut(
  words: readonly string[],
  lengthAt: (word: string, at: number) => number,
): readonly Print[] {
  const parts: string[][] = [[]]
  for (let at = 0; at < words.length;) {
    const length = lengthAt(words[at]!, at)
    if (length === 0) parts.at(-1)!.push(words[at++]!)
    else {
      parts.push([])
      at += length
    }
  }
  return parts.filter((part) => part.length > 0).map((part) => ({ words: part, forms: [] }))
}
