import type { JsonPrimitive } from '../../base/json.ts'
import type { KeyedDigest } from './keyed-digest.ts'
import { printOf, type Print } from './print.ts'
import { hostsOf, joint, Respelling } from './respelling.ts'
import { RunIndex } from './run-index.ts'
import { secretsIn } from './secrets.ts'
import { WholeRuns } from './whole-runs.ts'
import { wordsOf } from './words.ts'

/** What is left of a text that a tool was asked with. */
interface Said {
  /** The parts without a word that the tool was asked with. */
  readonly own: readonly Print[]
  /** The parts between whole values it was asked with, where they hold words of them. */
  readonly answered: readonly Print[]
}

/**
 * What a call has asked a tool with: where the result repeats it, whole or in part, joined or in
 * another spelling, the tool does not vouch for it, lists no id with it, and it is no secret of the
 * tool.
 */
export class Repetition {
  readonly secrets = new Set<string>()
  readonly #prints: readonly Print[]
  readonly #unvouched: () => readonly JsonPrimitive[]
  readonly #digest: KeyedDigest
  readonly #forms: ReadonlySet<string>
  #asked: ReadonlySet<string> | undefined
  #respelling: Respelling | undefined
  #wholes: WholeRuns | undefined
  #index: RunIndex | undefined

  /** `isVouched` tells whether something vouches for a value, whoever repeats it. Default: nothing. */
  constructor(
    values: readonly JsonPrimitive[],
    digest: KeyedDigest,
    isVouched: (value: JsonPrimitive) => boolean = () => false,
  ) {
    this.#digest = digest
    this.#unvouched = () => values.filter((value) => !isVouched(value))
    this.#prints = values.map(printOf)
    this.#forms = new Set(this.#prints.flatMap(({ forms }) => forms))
    for (const value of values) {
      for (const part of secretsIn(String(value))) this.secrets.add(part)
    }
  }

  /** Whether the value is one of those asked with, or some words of one in a row. */
  holds(value: JsonPrimitive): boolean {
    const words = wordsOf(String(value))
    if (words.length === 0 || this.#prints.length === 0) return false
    const isRespelt = this.#spelling.coverOf(words)
    if (words.some((word, at) => !isRespelt[at] && !this.#words.has(word))) return false
    if (isRespelt.includes(true)) return true
    const at = (index: number): number => this.#digest(words[index]!)
    return this.#runs().find({ length: words.length, at }) !== undefined
  }

  /** The typed values that were not asked with. */
  formsWithout(forms: readonly string[]): readonly string[] {
    if (this.#prints.length === 0) return forms
    return forms.filter((form) => !this.#forms.has(form) && !this.#spelling.isFormJoined(form))
  }

  without({ words, forms }: Print): Said {
    const left = { words: [], forms: this.formsWithout(forms) }
    const isRespelt = this.#prints.length === 0 ? [] : this.#spelling.coverOf(words)
    const isAsked = words.map((word, at) => isRespelt[at] === true || this.#words.has(word))
    if (!isAsked.includes(true)) return { own: [{ ...left, words }], answered: [] }
    this.#wholes ??= new WholeRuns(this.#prints.map((print) => print.words.map(this.#digest)))
    const isWhole = this.#wholes.coverOf(words.map(this.#digest))
    return {
      own: [left, ...cut(words, (at) => isAsked[at]!)],
      answered: cut(words, (at) => isWhole[at]! || isRespelt[at] === true),
    }
  }

  get #words(): ReadonlySet<string> {
    return (this.#asked ??= new Set(rowsOf(this.#prints).flat()))
  }

  get #spelling(): Respelling {
    return (this.#respelling ??= new Respelling({
      words: this.#words,
      forms: this.#forms,
      values: this.secrets,
      hosts: new Set(this.#unvouched().map(printOf).flatMap(hostsOf)),
    }))
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
    const typed = forms.map((form) => form.slice(form.indexOf(':') + 1).toLowerCase())
    // no word is empty: nothing runs on from one text to the next
    const parts = [...typed, ...words].flatMap((text) => [text, '', ...text.split(joint), ''])
    return [words, parts]
  })
}

/** The words in rows between those that are left out. */
function cut(words: readonly string[], isOut: (at: number) => boolean): readonly Print[] {
  const parts: string[][] = [[]]
  for (const [at, word] of words.entries()) {
    if (isOut(at)) parts.push([])
    else parts.at(-1)!.push(word)
  }
  return parts.filter((part) => part.length > 0).map((part) => ({ words: part, forms: [] }))
}
