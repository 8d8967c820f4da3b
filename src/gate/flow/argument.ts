import type { JsonPrimitive } from '../../base/json.ts'
import { compileGlobs } from '../../policy/glob.ts'
import type { ArgumentFacts } from '../../protocol/facts.ts'
import { endorsedForm, formsIn, idForm, queryOf, type Query } from './forms.ts'
import type { Ledger, Source } from './ledger.ts'
import { digestQuery } from './source-index.ts'
import { findTrusted } from './vouched.ts'
import { wordsOf } from './words.ts'

/** The policy itself, which is public to whoever it decides about. */
export const policySource: Source = { origin: { kind: 'policy' }, secrecy: 'public' }

/** Where a value of a call was seen. */
export interface Trace {
  /** What vouches for the value, if anything does. */
  readonly trusted: Source | undefined
  /** Where else it was read. */
  readonly untrusted: Source | undefined
}

/** An argument that steers or carries, ready to have its values looked for. */
export class FlowArgument {
  readonly name: string
  readonly facts: ArgumentFacts
  readonly #tool: string
  readonly #knownForms: ReadonlySet<string>
  readonly #knownTexts: ReadonlySet<string>
  readonly #lists: (tool: string) => boolean
  readonly #documents: (tool: string) => boolean

  constructor(tool: string, name: string, facts: ArgumentFacts) {
    const { known = [], idsFrom = [], fromNamed = [] } = facts
    this.name = name
    this.facts = facts
    this.#tool = tool
    this.#knownForms = new Set(known.flatMap((value) => [...formsIn(value, wordsOf(value))]))
    this.#knownTexts = new Set(known.map((value) => wordsOf(value).join(' ')))
    this.#lists = compileGlobs(idsFrom)
    this.#documents = compileGlobs(fromNamed)
  }

  trace(value: JsonPrimitive, ledger: Ledger): Trace {
    const query = queryOf(value, this.facts.is)
    const digested = digestQuery(query, ledger.digest)
    const trusted =
      ledger.find('user', digested) ??
      ledger.find('system', digested) ??
      findTrusted(ledger, digested) ??
      (this.knows(query) ? policySource : undefined) ??
      this.#listed(value, digested.forms, ledger) ??
      this.#below('named:', this.#documents, digested, ledger) ??
      this.#endorsed(value, ledger)
    return { trusted, untrusted: ledger.find('untrusted', digested) }
  }

  /** Whether the policy lists the value for this argument. */
  knows({ forms, words }: Query): boolean {
    if (forms.some((form) => this.#knownForms.has(form))) return true
    return words !== undefined && words.length > 0 && this.#knownTexts.has(words.join(' '))
  }

  #listed(value: JsonPrimitive, forms: readonly number[], ledger: Ledger): Source | undefined {
    const query = { forms: [ledger.digest(idForm(value)), ...forms], words: undefined }
    return this.#below('ids:', this.#lists, query, ledger)
  }

  #below(
    prefix: string,
    concerns: (tool: string) => boolean,
    query: Parameters<Ledger['find']>[1],
    ledger: Ledger,
  ): Source | undefined {
    for (const tool of ledger.shelvesBelow(prefix)) {
      const source = concerns(tool) ? ledger.find(`${prefix}${tool}`, query) : undefined
      if (source !== undefined) return source
    }
    return undefined
  }

  #endorsed(value: JsonPrimitive, ledger: Ledger): Source | undefined {
    const form = endorsedForm(this.#tool, this.name, value)
    return ledger.find('endorsed', { forms: [ledger.digest(form)], words: undefined })
  }
}
