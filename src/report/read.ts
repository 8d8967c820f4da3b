import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import { openRecord } from '../journal/chain.ts'
import type { JournalRecord } from '../journal/journal.ts'
import { createFold } from './fold.ts'
import type { Report } from './report.ts'

/**
 * The report over the records of one run, in their order, with the digest of the last one as head.
 * Does not check the chain; `verifyChain` does. Throws `bad-journal` when there are no records or
 * when they are not those of a run.
 */
export async function readReport(
  records: Iterable<JournalRecord> | AsyncIterable<JournalRecord>,
): Promise<Report> {
  const fold = createFold()
  let head: string | null = null
  for await (const record of records) {
    try {
      fold.add(openRecord(record).event)
    } catch (error) {
      throw unreadable(error, `record ${record.seq}`)
    }
    head = record.hash
  }
  try {
    return fold.report(head)
  } catch (error) {
    throw unreadable(error, 'the run')
  }
}

function unreadable(error: unknown, what: string): SallyportError {
  if (isSallyportError(error)) return error
  return new SallyportError('bad-journal', `${what} cannot be read: ${messageOf(error)}`, {
    help: 'the journal may be damaged: restore it from a copy',
    cause: error,
  })
}
