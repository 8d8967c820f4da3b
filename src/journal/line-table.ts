/** Lines of one run that stand together in its file. */
interface Stretch {
  /** Number of the first of them in the file. */
  readonly first: number
  /** Of the first of them, in bytes from the beginning of the file. */
  readonly offset: number
  count: number
}

/** Lines that are read at once, of one portion. */
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

/** Lines of which the numbers and lengths are kept together: nothing is copied when more come. */
const portion = 4096

/** Some lines of the file, in its order. */
class Portion {
  readonly seqs = new Float64Array(portion)
  readonly lengths = new Uint32Array(portion)
}

/**
 * Where the lines of each run stand in a file. Takes 12 bytes of memory for each line and 60 for
 * each place where another run goes on: a journal of 1 GB has millions of lines.
 */
export class LineTable {
  readonly #runs = new Map<string, Stretch[]>()
  readonly #portions: Portion[] = []
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
      for (let line = first; line < first + count; line++) seqs[at++] = this.#seq(line)
    }
    return seqs
  }

  /** Takes the next line of the file. */
  add(
    runId: string,
    line: { readonly seq: number; readonly offset: number; length: number },
  ): void {
    const place = this.#size % portion
    if (place === 0) this.#portions.push(new Portion())
    const { lengths, seqs } = this.#portions.at(-1)!
    seqs[place] = line.seq
    lengths[place] = line.length
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
        const { lengths, seqs } = this.#portionOf(start)
        const place = start % portion
        const length = lengthOfBlock(lengths.subarray(place, place + end - start), most)
        yield {
          offset: at,
          lengths: lengths.subarray(place, place + length),
          seqs: seqs.subarray(place, place + length),
        }
        at += this.#bytes(start, start + length)
        start += length
        most = Math.min(most * growth, largestBlock)
      }
    }
  }

  /** With line ends. */
  #bytes(start: number, end: number): number {
    let bytes = end - start
    for (let at = start; at < end; at++) bytes += this.#portionOf(at).lengths[at % portion]!
    return bytes
  }

  #seq(line: number): number {
    return this.#portionOf(line).seqs[line % portion]!
  }

  #portionOf(line: number): Portion {
    return this.#portions[Math.floor(line / portion)]!
  }

  #stretches(runId: string): readonly Stretch[] {
    return this.#runs.get(runId) ?? []
  }
}

/** Lines of a block, of those that follow in their portion: one at least. */
function lengthOfBlock(lengths: Uint32Array, most: number): number {
  let count = 1
  let bytes = lengths[0]! + 1
  while (count < lengths.length && bytes + lengths[count]! <= most) bytes += lengths[count++]! + 1
  return count
}
