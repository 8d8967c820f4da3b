import { isDeeper } from '../base/depth.ts'
import { sha256 } from '../base/digest.ts'
import { parseExact } from '../base/json-source.ts'
import type { StructuralEvent } from '../protocol/run-event.ts'
import type { JournalRecord } from './journal.ts'
import { lineText } from './line.ts'
import { payloadText } from './payload.ts'

/** The link that the first record of a run names as its predecessor. */
export const genesis: string = `sha256:${'0'.repeat(64)}`

/** Events after which something happens in the world that a crash must not make us forget. */
const durable: ReadonlySet<StructuralEvent['type']> = new Set([
  'execution-start',
  'approval-decision',
])

/**
 * Digest of a line, as a leaf of RFC 9162 section 2.1.1: the byte 0x00 and the line. The same
 * leaves can later carry a Merkle tree head without a second hash.
 */
export function hashLine(line: string): string {
  return sha256(leafOf(line))
}

function leafOf(line: string): string {
  return `\u0000${line}`
}

/** Turns the events of one run into records, each linked to the one before it. */
export class Chain {
  #seq: number
  #head: string

  constructor(seq = 0, head: string = genesis) {
    this.#seq = seq
    this.#head = head
  }

  /** Number of records sealed so far. */
  get length(): number {
    return this.#seq
  }

  /** Digest of the last record; `genesis` when there is none. */
  get head(): string {
    return this.#head
  }

  seal(event: StructuralEvent): JournalRecord {
    const payload = payloadText(event)
    const leaf = leafOf(
      lineText(event, {
        prev: this.#head,
        seq: this.#seq,
        payload: payload === undefined ? undefined : sha256(payload),
      }),
    )
    const hash = sha256(leaf)
    const record: JournalRecord = {
      seq: this.#seq,
      // the line before it was hashed is a tree of its parts, which takes three times the memory
      line: leaf.slice(1),
      hash,
      durable: durable.has(event.type),
      ...(payload === undefined ? {} : { payload }),
    }
    this.#seq++
    this.#head = hash
    return record
  }
}

/** A record read back: its event, and whether its payload is still there. */
export interface OpenedRecord {
  readonly event: StructuralEvent
  readonly erased: boolean
  /** Id of the key without which the payload was read: it is there, and missing here. */
  readonly encryptedWith?: string
}

/** Levels of the deepest event: whoever reads on may recurse, and has room for some thousand. */
const maxDepth = 1000

/**
 * Reads the event of a record. Does not check the chain; `report/verify.ts` does. Members that
 * were erased with their payload, or are encrypted with it, are missing from the event. Throws a
 * SyntaxError or TypeError for what is none, and for one of more than 1,000 levels.
 */
export function openRecord(
  record: Pick<JournalRecord, 'line' | 'payload' | 'encryptedWith'>,
): OpenedRecord {
  const { v, prev, eventSeq, payload, ...line } = parseExact(record.line) as Record<string, unknown>
  void v
  void prev
  const { encryptedWith } = record
  const value =
    record.payload === undefined
      ? undefined
      : (parseExact(record.payload) as { value: Record<string, unknown> }).value
  // what the chain covers wins over the payload beside it
  const event = { ...value, ...line, seq: eventSeq }
  if (isDeeper(event, maxDepth)) throw new TypeError(`it has more than ${maxDepth} levels`)
  return {
    event: event as unknown as StructuralEvent,
    erased: payload !== undefined && value === undefined && encryptedWith === undefined,
    ...(encryptedWith === undefined ? {} : { encryptedWith }),
  }
}
