import { hashLine } from './chain.ts'
import type { JournalRecord } from './journal.ts'

/**
 * A record of a database; its digest is that of the line, never a stored one. What is not of its type,
 * as in a file that was made by hand, becomes a number or a text that no record has.
 */
export function storedRecord(seq: unknown, line: unknown, payload: unknown): JournalRecord {
  const text = storedText(line)
  const number = typeof seq === 'bigint' ? Number(seq) : seq
  const record = {
    seq: Number.isSafeInteger(number) ? (number as number) : -1,
    line: text,
    hash: hashLine(text),
    durable: false,
  }
  return payload === null ? record : { ...record, payload: storedText(payload) }
}

/** A text of a database; an empty one, which nobody wrote, for anything else. */
export function storedText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
