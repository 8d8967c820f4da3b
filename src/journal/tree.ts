import { createHash } from 'node:crypto'

// Digests are written `sha256:<hex>` as everywhere; leaves are the digests of records, which are
// leaves of this tree already (the byte 0x00 and the line).

/** The Merkle tree over the records of a run (RFC 9162, section 2.1), one leaf after another. */
export class RecordTree {
  #size = 0
  /** Roots of the complete subtrees, the largest first: one for each bit of the size. */
  readonly #roots: Buffer[] = []

  /** How many leaves it has. */
  get size(): number {
    return this.#size
  }

  /** Adds the digest of the next record. */
  add(digest: string): void {
    let node = bytesOf(digest)
    for (let size = this.#size++; (size & 1) === 1; size >>>= 1) {
      node = inner(this.#roots.pop()!, node)
    }
    this.#roots.push(node)
  }

  /** The tree head; that of no leaves is the digest of nothing. */
  root(): string {
    const [last, ...others] = this.#roots.toReversed()
    if (last === undefined) return textOf(createHash('sha256').digest())
    return textOf(others.reduce((right, left) => inner(left, right), last))
  }
}

/** The inclusion proof of a leaf (RFC 9162, section 2.1.3.1), from the leaf up. */
export function inclusionPath(digests: readonly string[], index: number): readonly string[] {
  return pathIn(digests.map(bytesOf), index).map(textOf)
}

/** The tree head that a leaf and its inclusion proof lead to (section 2.1.3.2); undefined for none. */
export function rootOfPath(
  leaf: string,
  place: { readonly index: number; readonly size: number },
  path: readonly string[],
): string | undefined {
  let [index, last] = [place.index, place.size - 1]
  if (!(index >= 0 && index <= last)) return undefined
  let node = bytesOf(leaf)
  for (const text of path) {
    if (last === 0) return undefined
    const sibling = bytesOf(text)
    if (index % 2 === 1 || index === last) {
      node = inner(sibling, node)
      while (index % 2 === 0 && index !== 0) [index, last] = [index / 2, Math.floor(last / 2)]
    } else node = inner(node, sibling)
    ;[index, last] = [Math.floor(index / 2), Math.floor(last / 2)]
  }
  return last === 0 ? textOf(node) : undefined
}

function pathIn(leaves: readonly Buffer[], index: number): readonly Buffer[] {
  if (leaves.length <= 1) return []
  const split = largestPowerBelow(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split
    ? [...pathIn(left, index), rootOf(right)]
    : [...pathIn(right, index - split), rootOf(left)]
}

function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0]!
  const split = largestPowerBelow(leaves.length)
  return inner(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}

function largestPowerBelow(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1))
}

const innerMark = Buffer.from([1])

function inner(left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(innerMark).update(left).update(right).digest()
}

function bytesOf(digest: string): Buffer {
  return Buffer.from(digest.slice('sha256:'.length), 'hex')
}

function textOf(bytes: Buffer): string {
  return `sha256:${bytes.toString('hex')}`
}
