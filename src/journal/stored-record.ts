import { hashLine } from './chain.ts'
import type { JournalRecord } from './journal.ts'

/** A row of a database as the record it holds; its digest is that of the line, never a stored one. */
export function storedRecord({
  line,
  payload,
  seq,
}: Readonly<Record<string, unknown>>): JournalRecord {
  return {
    seq: seq as number,
    line: line as string,
    hash: hashLine(line as string),
    durable: false,
    ...(payload === null ? {} : { payload: payload as string }),
  }
}
