import { hashLine } from './chain.ts'
import type { JournalRecord } from './journal.ts'

/** A record of a database; its digest is that of the line, never a stored one. */
export function storedRecord(seq: number, line: string, payload: string | null): JournalRecord {
  const record = { seq, line, hash: hashLine(line), durable: false }
  return payload === null ? record : { ...record, payload }
}
