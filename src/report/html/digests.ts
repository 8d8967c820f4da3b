import { bytesOfBase64, hexOfBytes } from './bytes.ts'

// Digests are most of a report's bytes, and hex that is scattered among other text packs badly. They
// are taken out of JSON texts and put back in their order. All of it works on the texts: an opening
// quote is one that no backslash stands before, and what is put down here has no white space.

/** What a value that is a digest leaves; a text or name that begins with `#` gets one more. */
const mark = '"#"'

const digestValues = /(?<!\\)"sha256:([0-9a-f]{64})"(?!:)/g

/** Digests that occur more often than this stay: the packer knows them by then. */
const mostTaken = 3

/** Takes the digests out of the parts of a text: all are counted first, then taken in their order. */
export class DigestTaker {
  readonly #counts = new Map<string, number>()
  readonly #taken: string[] = []

  count(part: string): void {
    for (const [, hex] of part.matchAll(digestValues)) {
      this.#counts.set(hex!, (this.#counts.get(hex!) ?? 0) + 1)
    }
  }

  /** The part without its digests. */
  take(part: string): string {
    return part.replaceAll(/(?<!\\)"#/g, '"##').replaceAll(digestValues, (whole, hex: string) => {
      if (this.#counts.get(hex)! > mostTaken) return whole
      this.#taken.push(hex)
      return mark
    })
  }

  /** The bytes of what was taken, one digest after another, in base64. */
  digests(): string {
    return Buffer.from(this.#taken.join(''), 'hex').toString('base64')
  }
}

/** Puts digests back into the parts they were taken out of, in the same order. */
export class DigestReturner {
  readonly #hex: string
  #at = 0

  constructor(digests: string) {
    this.#hex = hexOfBytes(bytesOfBase64(digests))
  }

  /** The part as it was before its digests were taken out. Throws where there are too few. */
  put(part: string): string {
    return part.replaceAll(/(?<!\\)"#("?)/g, (_, end: string) => {
      if (end === '') return '"'
      this.#at += 64
      if (this.#at > this.#hex.length) throw new Error('digests are missing')
      return `"sha256:${this.#hex.slice(this.#at - 64, this.#at)}"`
    })
  }

  /** Throws unless all have been put back. */
  end(): void {
    if (this.#at !== this.#hex.length) throw new Error('digests are left')
  }
}
