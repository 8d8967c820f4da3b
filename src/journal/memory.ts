import { SallyportError } from '../base/errors.ts'
import type { Journal, JournalRecord } from './journal.ts'
import type { RunState } from './retention.ts'

/** The appends of one run. */
interface StoredRun {
  length: number
  appends: Place[]
}

/**
 * A journal that lasts as long as the process: for tests, and for runs nobody has to prove. It
 * grows with every run; what it keeps lies outside the heap.
 */
export function memoryJournal(): Journal {
  const runs = new Map<string, StoredRun>()
  const left = new Map<string, string[]>()
  const signed = new Map<string, string[]>()
  const blocks = new TextBlocks()
  const textsOfRun = (runId: string): readonly string[] =>
    runs.get(runId)?.appends.flatMap((place) => textsAt(place)) ?? []
  /** Lines are written anew: who is reading goes on with what was there. */
  const erase = (runId: string): number => {
    left.delete(runId)
    const texts = textsOfRun(runId)
    const erased = texts.filter(isPayload).length
    if (erased > 0) {
      const lines = texts.map((text, at) => (at % 2 === 0 ? text : ''))
      runs.get(runId)!.appends = [blocks.write(lines)]
    }
    return erased
  }
  const remove = (runId: string): boolean => {
    left.delete(runId)
    signed.delete(runId)
    return runs.delete(runId)
  }
  const states = function* (): Generator<RunState> {
    for (const runId of runs.keys()) {
      const texts = textsOfRun(runId)
      const hasSaid = left.has(runId) || texts.some(isPayload)
      yield { runId, firstLine: texts[0], lastLine: texts.at(-2), hasSaid }
    }
  }
  return {
    append(runId, expectedSeq, records) {
      const stored = runs.get(runId) ?? { length: 0, appends: [] }
      if (stored.length !== expectedSeq) throw conflict(runId, expectedSeq, stored.length)
      stored.appends.push(blocks.write(textsOf(records)))
      stored.length += records.length
      if (expectedSeq === 0) runs.set(runId, stored)
      return undefined
    },
    async *read(runId, from = 0) {
      const places = runs.get(runId)?.appends.slice() ?? []
      // loaded with the library, it would bring node:crypto along
      const { hashLine } = await import('./chain.ts')
      let seq = 0
      for (const place of places) {
        const texts = textsAt(place)
        for (let at = 0; at < texts.length; at += 2, seq++) {
          if (seq < from) continue
          const line = texts[at]!
          const payload = texts[at + 1]!
          const record = { seq, line, hash: hashLine(line), durable: false }
          yield payload === '' ? record : { ...record, payload }
        }
      }
    },
    async *list() {
      yield* runs.keys()
    },
    async leaveAnswer(runId, answer) {
      left.set(runId, [...(left.get(runId) ?? []), answer])
    },
    async answers(runId) {
      return left.get(runId) ?? []
    },
    async erase(runId) {
      return erase(runId)
    },
    async remove(runId) {
      return remove(runId)
    },
    async prune(options) {
      const { planPrune } = await import('./retention.ts')
      const pruned = planPrune(options)(states())
      if (options.dryRun === true) return pruned
      for (const runId of pruned.erased) erase(runId)
      for (const runId of pruned.removed) remove(runId)
      return pruned
    },
    async addCheckpoint(runId, checkpoint) {
      signed.set(runId, [...(signed.get(runId) ?? []), checkpoint])
    },
    async checkpoints(runId) {
      return signed.get(runId) ?? []
    },
    async close() {},
  }
}

/** Line and payload of each record; what has none is empty. */
function textsOf(records: readonly JournalRecord[]): readonly string[] {
  const texts: string[] = []
  for (const { line, payload = '' } of records) texts.push(line, payload)
  return texts
}

function isPayload(text: string, at: number): boolean {
  return at % 2 === 1 && text !== ''
}

/** The error of an append that another writer has overtaken. */
export function conflict(runId: string, expected: number, found: number): SallyportError {
  return new SallyportError(
    'journal-conflict',
    `run \`${runId}\` has ${found} records where ${expected} were expected`,
    { help: 'only one process may carry a run; let the other one finish it' },
  )
}

/** Where texts were written, one after the other. */
interface Place {
  readonly block: Buffer
  readonly start: number
  readonly end: number
}

const smallestBlock = 16 * 1024
const largestBlock = 1024 * 1024

/** Of the length in front of each text. */
const lengthBytes = 4

/**
 * Texts as bytes in large blocks outside the heap, where the garbage collector does not move them
 * again and again. They have to be well-formed, as JSON texts are.
 */
class TextBlocks {
  #block = Buffer.alloc(0)
  #used = 0

  /** Writes all of them or throws. */
  write(texts: readonly string[]): Place {
    this.#makeRoom(texts)
    const block = this.#block
    const start = this.#used
    let end = start
    for (const text of texts) {
      const length = text === '' ? 0 : block.write(text, end + lengthBytes)
      block.writeUInt32LE(length, end)
      end += lengthBytes + length
    }
    this.#used = end
    return { block, start, end }
  }

  /** Begins another block where the rest of this one could be too small. */
  #makeRoom(texts: readonly string[]): void {
    let most = 0
    // a UTF-16 code unit takes three bytes at most
    for (const text of texts) most += lengthBytes + 3 * text.length
    if (this.#block.length - this.#used >= most) return
    const usual = Math.min(largestBlock, Math.max(smallestBlock, 2 * this.#block.length))
    this.#block = Buffer.allocUnsafeSlow(Math.max(usual, most))
    this.#used = 0
  }
}

/** The texts at a place, as they were written. */
function textsAt({ block, start, end }: Place): readonly string[] {
  const texts: string[] = []
  for (let at = start; at < end;) {
    const from = at + lengthBytes
    at = from + block.readUInt32LE(at)
    texts.push(block.toString('utf8', from, at))
  }
  return texts
}
