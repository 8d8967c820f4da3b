import { isDeepStrictEqual } from 'node:util'
import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import { parseExact } from '../base/json-source.ts'
import { copyPlain, type PlainResult } from '../base/plain.ts'
import { openRecord } from '../journal/chain.ts'
import type { JournalRecord } from '../journal/journal.ts'
import type { StructuralEvent } from '../protocol/run-event.ts'
import { createFold, type ReportFold } from './fold.ts'
import type { Report, ReportTotals } from './report.ts'
import { eventShape, reportShape, typeName } from './shape.ts'
import { checkRecords } from './given.ts'
import { Totals } from './totals.ts'

/**
 * The report over the records of one run, in their order, with the digest of the last one as head.
 * Does not check the chain; `verifyChain` does. Throws `bad-journal` when there are no records or
 * when they are not those of a run, with the number of the record and a JSON pointer into it.
 */
export async function readReport(
  records: Iterable<JournalRecord> | AsyncIterable<JournalRecord>,
): Promise<Report> {
  const fold = createFold()
  let head: string | null = null
  for await (const { event, seq, hash } of eventsOf(checkRecords(records))) {
    try {
      fold.add(event)
    } catch (error) {
      throw unreadable(error, `record ${seq}`)
    }
    head = hash
  }
  return checked(fold, head)
}

/** The events of records, each of the shape of its type. */
export async function* eventsOf(
  records: Iterable<JournalRecord> | AsyncIterable<JournalRecord>,
): AsyncGenerator<{
  readonly event: StructuralEvent
  readonly seq: number
  readonly hash: string
  readonly record: JournalRecord
}> {
  const check = await eventShape()
  for await (const record of records) {
    const event = eventOf(record)
    const problem = check(event)
    if (problem !== undefined) {
      throw damaged(`record ${record.seq} (\`${typeName(event.type)}\`): ${problem}`)
    }
    yield { event, seq: record.seq, hash: record.hash, record }
  }
}

/**
 * The report in the text of a `report.json`. Throws `bad-file`, with a JSON pointer, for what does
 * not match its published schema, and where totals are not those of the rows and model calls.
 */
export async function parseReport(text: string): Promise<Report> {
  const check = await reportShape()
  const read = plainJson(text)
  const problem = read.ok
    ? (check(read.value) ?? wrongTotal(read.value as unknown as Report))
    : read.message
  if (read.ok && problem === undefined) return read.value as unknown as Report
  throw new SallyportError('bad-file', `this is no report: ${problem}`, {
    help: 'give a `report.json` of version 1 as it was written; `sallyport schema report` prints its schema',
  })
}

function wrongTotal({ modelCalls, rows, totals }: Report): string | undefined {
  const sums = new Totals()
  for (const row of rows) sums.addRow(row)
  for (const call of modelCalls) sums.addModelCall(call)
  const added: ReportTotals = sums.value
  const names = Object.keys({ ...added, ...totals }) as (keyof ReportTotals)[]
  const wrong = names.find((name) => !isDeepStrictEqual(added[name], totals[name]))
  return wrong && `\`/totals/${wrong}\` is not the sum of its rows and model calls`
}

/** A report quotes what was refused, so only what renderers could not bear is refused here. */
function plainJson(text: string): PlainResult {
  try {
    return copyPlain(parseExact(text), { maxLength: 256 * 1024 * 1024, maxDepth: 128 })
  } catch {
    return { ok: false, message: 'it is not JSON' }
  }
}

function eventOf(record: JournalRecord): StructuralEvent {
  try {
    return openRecord(record).event
  } catch (cause) {
    throw damaged(`record ${record.seq} is not a line of a journal`, cause)
  }
}

/** What the shapes of single records do not rule out must not reach those who render reports. */
export async function checked(fold: ReportFold, head: string | null): Promise<Report> {
  let report: Report
  try {
    report = fold.report(head)
  } catch (error) {
    throw unreadable(error, 'the run')
  }
  const problem = (await reportShape())(report)
  if (problem !== undefined) throw damaged(`the report of the run: ${problem}`)
  return report
}

export function unreadable(error: unknown, what: string): SallyportError {
  return isSallyportError(error)
    ? error
    : damaged(`${what} cannot be read: ${messageOf(error)}`, error)
}

export function damaged(message: string, cause?: unknown): SallyportError {
  return new SallyportError('bad-journal', message, {
    help: 'the journal is damaged or was altered: restore it from a copy',
    cause,
  })
}

export function changed(): SallyportError {
  return new SallyportError('bad-journal', 'the journal was changed while it was read', {
    help: 'read it again when nobody changes it',
  })
}
