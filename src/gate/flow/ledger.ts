import { hash, randomUUID } from 'node:crypto'
import type { Origin } from '../../protocol/decision.ts'
import type { Secrecy } from '../../protocol/facts.ts'
import { keyedDigest, type KeyedDigest } from './keyed-digest.ts'
import { SourceIndex, type DigestedQuery, type Fingerprint } from './source-index.ts'

/** Where something was seen, and how closed that place is. */
export interface Source {
  readonly origin: Origin
  readonly secrecy: Secrecy
}

interface Entry extends Source, Fingerprint {
  readonly shelf: string
}

/** Digests on one shelf unless told otherwise: about 2 MB of text. */
const defaultMaxDigests = 500_000

/**
 * What a session has seen, on shelves (`user`, `trusted`, `ids:<tool>`, …), as digests under a
 * key of its own. A shelf that is full takes nothing more and says so: what it would have
 * held is not found, and who asks has to assume the worst.
 */
export class Ledger {
  readonly digest: KeyedDigest
  readonly #maxDigests: number
  readonly #entries: Entry[] = []
  readonly #present = new Set<string>()
  readonly #indexes = new Map<string, SourceIndex>()
  readonly #sizes = new Map<string, number>()
  readonly #full = new Set<string>()
  #tainted = false

  constructor(maxDigests = defaultMaxDigests) {
    this.#maxDigests = maxDigests
    this.digest = keyedDigest(randomUUID())
  }

  /** Whether untrusted text has been read. Never becomes false again. */
  get tainted(): boolean {
    return this.#tainted
  }

  taint(): void {
    this.#tainted = true
  }

  /** What is there already, from the same kind of origin, is not added again. */
  add(shelf: string, source: Source, words: readonly string[], forms: Iterable<string>): void {
    const print = {
      words: Float64Array.from(words, this.digest),
      forms: Float64Array.from(forms, this.digest),
    }
    if (print.words.length + print.forms.length > 0) this.#put({ shelf, ...source, ...print })
  }

  find(shelf: string, query: DigestedQuery): Source | undefined {
    const number = this.#indexes.get(shelf)?.find(query)
    return number === undefined ? undefined : this.#entries[number]
  }

  /** The names of shelves that begin so, without the beginning. */
  shelvesBelow(prefix: string): readonly string[] {
    const names = [...this.#indexes.keys()].filter((name) => name.startsWith(prefix))
    return names.map((name) => name.slice(prefix.length))
  }

  /** Something of the shelf is not kept. */
  miss(shelf: string): void {
    this.#full.add(shelf)
  }

  isFull(shelf: string): boolean {
    return this.#full.has(shelf)
  }

  #put(entry: Entry): void {
    const { shelf, words, forms } = entry
    const identity = this.#identityOf(entry)
    if (this.#present.has(identity)) return
    const size = (this.#sizes.get(shelf) ?? 0) + words.length + forms.length
    if (size > this.#maxDigests) {
      this.#full.add(shelf)
      return
    }
    this.#present.add(identity)
    this.#sizes.set(shelf, size)
    const index = this.#indexes.get(shelf) ?? new SourceIndex()
    this.#indexes.set(shelf, index)
    index.add(entry, this.#entries.push(entry) - 1)
  }

  /** Digests of keyed digests: equal for the same content of the same kind of origin. */
  #identityOf({ shelf, words, forms, origin, secrecy }: Entry): string {
    const place = this.digest(JSON.stringify([shelf, origin.kind, origin.tool, secrecy]))
    const content = new Float64Array(2 + words.length + forms.length)
    content.set([place, words.length])
    content.set(words, 2)
    content.set(forms, 2 + words.length)
    return hash('sha256', content, 'base64url')
  }
}
