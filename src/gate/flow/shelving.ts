import type { JsonPrimitive } from '../../base/json.ts'
import { secrecyLevels, type Secrecy } from '../../protocol/facts.ts'
import { idForm } from './forms.ts'
import type { Leaf } from './leaves.ts'
import type { Ledger, Source } from './ledger.ts'
import { withoutAddresses, type Print } from './print.ts'
import type { Repetition } from './repetition.ts'
import { secretsIn } from './secrets.ts'

/** Puts what a session reads on the shelves of its ledger, by its label. */
export class Shelving {
  readonly #ledger: Ledger
  readonly #secretFrom: Secrecy

  constructor(ledger: Ledger, secretFrom: Secrecy) {
    this.#ledger = ledger
    this.#secretFrom = secretFrom
  }

  put(shelf: string, source: Source, { words, forms }: Print): void {
    this.#ledger.add(shelf, source, words, forms)
  }

  /** What is known of a leaf that vouches for nothing. */
  addMute({ value, trust }: Leaf, source: Source, print: Print, repeated: Repetition): void {
    if (trust === 'untrusted') this.put('untrusted', source, print)
    this.addSecrets(value, source, repeated)
  }

  /** Returns whether the leaf vouches for words that its tool was asked with. */
  addLeaf(leaf: Leaf, source: Source, print: Print, repeated: Repetition): boolean {
    const { trust, endorsed } = leaf
    this.addMute(leaf, source, print, repeated)
    if (trust === 'untrusted') return false
    // a tool that repeats what it was asked does not vouch for it
    const { own, answered } = repeated.without(endorsed ? withoutAddresses(print) : print)
    for (const part of own) this.put('trusted', source, part)
    for (const part of answered) this.put('answered', source, part)
    return answered.length > 0
  }

  /** What the tool was asked with is listed by nobody when it comes back. */
  addId(
    tool: string,
    source: Source,
    value: JsonPrimitive,
    { forms }: Print,
    repeated: Repetition,
  ): void {
    if (typeof value === 'boolean' || value === null || String(value).length > 128) return
    if (repeated.holds(value)) return
    const typed = /\s/.test(String(value)) ? [] : repeated.formsWithout(forms)
    this.#ledger.add(`ids:${tool}`, source, [], [idForm(value), ...typed])
  }

  addSecrets(value: JsonPrimitive, source: Source, repeated?: Repetition): void {
    if (!this.#isSecret(source) || typeof value === 'boolean') return
    const parts = [...secretsIn(String(value))]
    const secrets = parts.filter((part) => repeated?.secrets.has(part) !== true)
    this.#ledger.add('secrets', source, [], secrets)
  }

  /** Part of a leaf is not read: more than is known may be trusted, and secret. */
  miss(leaf: Pick<Leaf, 'trust' | 'secrecy'>): void {
    if (leaf.trust === 'trusted') this.#ledger.miss('trusted')
    if (this.#isSecret(leaf)) this.#ledger.miss('secrets')
  }

  #isSecret({ secrecy }: Pick<Leaf, 'secrecy'>): boolean {
    return secrecyLevels.indexOf(secrecy) >= secrecyLevels.indexOf(this.#secretFrom)
  }
}
