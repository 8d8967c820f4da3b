import { createHash } from 'node:crypto'
import { canonicalString, sortKeys } from '../base/digest.ts'
import type { MapNode, Node } from './tree.ts'

/** What `digestJson` gives for the value of a tree, without making the value or its text. */
export function digestTree(root: Node): string {
  const writer = new CanonicalWriter()
  writer.write(root)
  return writer.digest()
}

/** Hashed at once. */
const chunkBytes = 64 * 1024

/** Canonical JSON (RFC 8785) on its way into a digest. */
class CanonicalWriter {
  readonly #hash = createHash('sha256')
  readonly #bytes = new Uint8Array(chunkBytes)
  #length = 0

  write(node: Node): void {
    switch (node.kind) {
      case 'scalar':
        if (typeof node.value === 'string') this.#string(node.value)
        else this.#ascii(String(node.value))
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
    this.#flush()
    return `sha256:${this.#hash.digest('hex')}`
  }

  #list(items: readonly Node[]): void {
    this.#ascii('[')
    for (let index = 0; index < items.length; index++) {
      if (index > 0) this.#ascii(',')
      this.write(items[index]!)
    }
    this.#ascii(']')
  }

  #map({ entries }: MapNode): void {
    const names = entries.map(({ name }) => name)
    sortKeys(names)
    this.#ascii('{')
    for (let index = 0; index < names.length; index++) {
      if (index > 0) this.#ascii(',')
      this.#string(names[index]!)
      this.#ascii(':')
      this.write(entries.get(names[index]!)!.value)
    }
    this.#ascii('}')
  }

  /** Of few characters. */
  #ascii(text: string): void {
    this.#makeRoom(text.length)
    for (let at = 0; at < text.length; at++) this.#bytes[this.#length++] = text.charCodeAt(at)
  }

  /** Nearly all texts are short and ASCII, and are written without a copy of them. */
  #string(text: string): void {
    if (text.length + 2 > chunkBytes || !this.#plain(text)) {
      this.#flush()
      this.#hash.update(canonicalString(text))
    }
  }

  /** False, and nothing is written, when a character needs an escape or more than a byte. */
  #plain(text: string): boolean {
    this.#makeRoom(text.length + 2)
    const bytes = this.#bytes
    let length = this.#length
    bytes[length++] = 0x22
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false
      bytes[length++] = code
    }
    bytes[length++] = 0x22
    this.#length = length
    return true
  }

  #makeRoom(length: number): void {
    if (this.#length + length > chunkBytes) this.#flush()
  }

  #flush(): void {
    this.#hash.update(this.#bytes.subarray(0, this.#length))
    this.#length = 0
  }
}
