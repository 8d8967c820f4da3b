import { createHash } from 'node:crypto'
import { canonicalString, sortKeys } from '../base/digest.ts'
import type { MapNode, Node } from './tree.ts'

/** What `digestJson` gives for the value of a tree, without making the value first. */
export function digestTree(root: Node): string {
  const writer = new CanonicalWriter()
  writer.write(root)
  return writer.digest()
}

/** So many characters are hashed at once: what they were put together from need not be kept. */
const chunkLength = 64 * 1024

/** Canonical JSON (RFC 8785) on its way into a digest. */
class CanonicalWriter {
  readonly #hash = createHash('sha256')
  /** Names in quotes, with the colon and what is before them. */
  readonly #firstNames = new Map<string, string>()
  readonly #names = new Map<string, string>()
  #text = ''

  write(node: Node): void {
    switch (node.kind) {
      case 'scalar':
        this.#put(typeof node.value === 'string' ? quoted(node.value) : String(node.value))
        break
      case 'list':
        this.#list(node.items)
        break
      case 'map':
        this.#map(node)
    }
  }

  /** As `sha256` writes it. */
  digest(): string {
    return `sha256:${this.#hash.update(this.#text).digest('hex')}`
  }

  #list(items: readonly Node[]): void {
    let before = '['
    for (const item of items) {
      this.#put(before)
      this.write(item)
      before = ','
    }
    this.#put(items.length === 0 ? '[]' : ']')
  }

  #map({ entries }: MapNode): void {
    if (entries.size === 0) {
      this.#put('{}')
      return
    }
    const names = [...entries.keys()]
    sortKeys(names)
    for (let index = 0; index < names.length; index++) {
      const name = names[index]!
      this.#put(
        index === 0
          ? this.#nameOf(name, '{', this.#firstNames)
          : this.#nameOf(name, ',', this.#names),
      )
      this.write(entries.get(name)!.value)
    }
    this.#put('}')
  }

  #nameOf(name: string, before: string, written: Map<string, string>): string {
    const known = written.get(name)
    if (known !== undefined) return known
    const text = `${before}${quoted(name)}:`
    written.set(name, text)
    return text
  }

  #put(piece: string): void {
    this.#text += piece
    if (this.#text.length < chunkLength) return
    this.#hash.update(this.#text)
    this.#text = ''
  }
}

const needsEscape = /[^\x20\x21\x23-\x5b\x5d-\x7e]/

function quoted(text: string): string {
  return needsEscape.test(text) ? canonicalString(text) : `"${text}"`
}
