/** Lines of one run that stand together in its file. */
interface Stretch {
  /** Number of the first of them in the file. */
  readonly first: number
  /** Of the first of them, in bytes from the beginning of the file. */
  readonly offset: number
  count: number
}

/** Lines that are read at once. */
export interface Block {
  readonly offset: number
  /** In bytes, without line ends. */
  readonly lengths: Uint32Array
  readonly seqs: Float64Array
}

/** Bytes of the first block of a run: whoever looks at its beginning reads little of the rest. */
const firstBlock = 4 * 1024

/** How much larger each block is than the one before it, and bytes of the largest. */
const growth = 16
const largestBlock = 1024 * 1024

/**
 * Where the lines of each run stand in a file. Takes 12 bytes of memory for each line and 60 for
 * each place where another run goes on: a journal of 1 GB has millions of lines.
 */
export class LineTable {
  readonly #runs = new Map<string, Stretch[]>()
  /** The numbers that stand in the lines, in the order of the file. */
  #seqs = new Float64Array(256)
  #lengths = new Uint32Array(256)
  #size = 0

  /** The runs, those that begin first first. */
  runIds(): Iterable<string> {
    return this.#runs.keys()
  }

  has(runId: string): boolean {
    return this.#runs.has(runId)
  }

  /** Lines of a run. */
  count(runId: string): number {
    return this.#stretches(runId).reduce((sum, { count }) => sum + count, 0)
  }

  /** The numbers that stand in the lines of a run, in the order of the file. */
  seqs(runId: string): Float64Array {
    const seqs = new Float64Array(this.count(runId))
    let at = 0
    for (const { first, count } of this.#stretches(runId)) {
      seqs.set(this.#seqs.subarray(first, first + count), at)
      at += count
    }
    return seqs
  }

  /** Takes the next line of the file. */
  add(
    runId: string,
    line: { readonly seq: number; readonly offset: number; length: number },
  ): void {
    if (this.#size === this.#seqs.length) this.#grow()
    this.#seqs[this.#size] = line.seq
    this.#lengths[this.#size] = line.length
    const stretches = this.#runs.get(runId)
    const last = stretches?.at(-1)
    if (last !== undefined && last.first + last.count === this.#size) last.count++
    else {
      const stretch = { first: this.#size, offset: line.offset, count: 1 }
      if (stretches === undefined) this.#runs.set(runId, [stretch])
      else stretches.push(stretch)
    }
    this.#size++
  }

  /** The lines of a run from the `from`-th on, in blocks that stand together: small ones first. */
  *blocks(runId: string, from: number): Generator<Block, void, undefined> {
    let skip = from
    let most = firstBlock
    for (const { first, offset, count } of this.#stretches(runId)) {
      const end = first + count
      let start = first + Math.min(skip, count)
      skip -= start - first
      let at = offset + this.#bytes(first, start)
      while (start < end) {
        const next = this.#endOfBlock(start, end, most)
        const [lengths, seqs] = [
          this.#lengths.subarray(start, next),
          this.#seqs.subarray(start, next),
        ]
        yield { offset: at, lengths, seqs }
        at += this.#bytes(start, next)
        start = next
        most = Math.min(most * growth, largestBlock)
      }
    }
  }

  /** The number of the line after the last one of a block, which has one line at least. */
  #endOfBlock(start: number, end: number, most: number): number {
    let next = start + 1
    let bytes = this.#lengths[start]! + 1
    while (next < end && bytes + this.#lengths[next]! <= most) bytes += this.#lengths[next++]! + 1
    return next
  }

  /** With line ends. */
  #bytes(start: number, end: number): number {
    let bytes = end - start
    for (let at = start; at < end; at++) bytes += this.#lengths[at]!
    return bytes
  }

  #stretches(runId: string): readonly Stretch[] {
    return this.#runs.get(runId) ?? []
  }

  #grow(): void {
    const seqs = new Float64Array(this.#size * 2)
    const lengths = new Uint32Array(this.#size * 2)
    seqs.set(this.#seqs)
    lengths.set(this.#lengths)
    this.#seqs = seqs
    this.#lengths = lengths
  }
}
