import { codePointBorder, visible } from '../base/text.ts'
import { compactJson } from './json.ts'
import { describeLabel } from './labels.ts'
import type { Report } from './report.ts'
import { summarize, type CallSummary } from './summary.ts'
import { checkReport } from './given.ts'

export interface CsvOptions {
  /** Begins with a byte order mark, by which spreadsheets know UTF-8. Default false. */
  readonly bom?: boolean
}

type Cell = string | number | undefined

const columns: readonly (readonly [name: string, of: (call: CallSummary) => Cell])[] = [
  ['call', ({ row }) => row.callId],
  ['turn', ({ row }) => row.turn],
  ['index', ({ row }) => row.index],
  ['tool', ({ row }) => row.tool],
  ['outcome', ({ outcome }) => outcome],
  ['status', ({ row }) => row.status],
  ['effect', ({ effect }) => effect],
  ['shadowed', ({ shadowed }) => (shadowed ? 'yes' : 'no')],
  ['rule', ({ rule }) => rule],
  ['file', ({ place }) => place?.file],
  ['line', ({ place }) => place?.line],
  ['column', ({ place }) => place?.column],
  ['reasons', ({ reasons }) => reasons.join('; ')],
  ['arguments', ({ row }) => (row.args === undefined ? 'erased' : compactJson(row.args))],
  ['arguments_digest', ({ row }) => row.argsDigest],
  ['labels', ({ row }) => row.labels.map(describeLabel).join('; ')],
  ['answers', ({ row }) => answersOf(row)],
  ['attempts', ({ row }) => row.attempts],
  ['queue_ms', ({ row }) => row.queueMs],
  ['approval_ms', ({ row }) => row.approvalMs],
  ['execution_ms', ({ row }) => row.executionMs],
  ['result_bytes', ({ row }) => row.resultBytes],
  ['result_digest', ({ row }) => row.resultDigest],
  ['error_code', ({ row }) => row.error?.code],
  ['error_message', ({ row }) => row.error?.message],
  ['proposed_at', ({ row }) => row.proposedAt],
  ['ended_at', ({ row }) => row.endedAt],
]

/**
 * The calls of a report as CSV (RFC 4180: CRLF, quotes doubled), a line for each proposed call under
 * a line of names; the first column is the id of the run. Made to be opened in spreadsheets: a
 * text they would take for a formula begins with an apostrophe, text is cut to what a cell holds,
 * and invisible characters, line ends among them, are written as `\u{...}`. The same report gives
 * the same bytes.
 */
export function renderCsv(report: Report, options: CsvOptions = {}): string {
  const lines = summarize(checkReport(report)).calls.map((call) =>
    csvLine(report.header.runId, call),
  )
  return [csvHead(options), ...lines].join('')
}

/** The line of names, with its end. */
export function csvHead({ bom = false }: CsvOptions): string {
  return `${bom ? '\ufeff' : ''}${['run', ...columns.map(([name]) => name)].join(',')}\r\n`
}

/** The line of a call, with its end. */
export function csvLine(runId: string, call: CallSummary): string {
  return csvCells([runId, ...columns.map(([, of]) => of(call))])
}

/** A line of cells, with its end. */
export function csvCells(cells: readonly Cell[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

/**
 * Beginnings of formulas, also in the wide forms that some spreadsheets read alike. Those that have
 * an apostrophe get another one, so that no two texts become the same cell.
 */
const formula = /^'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/u

/** UTF-16 code units that a cell of a spreadsheet holds at most are 32,767. */
const longestCell = 32_000

function cell(value: Cell): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const shown = visible(value)
  const cut =
    shown.length <= longestCell ? shown : `${shown.slice(0, codePointBorder(shown, longestCell))}…`
  const safe = formula.test(cut) ? `'${cut}` : cut
  return `"${safe.replaceAll('"', '""')}"`
}

function answersOf({ approvals }: CallSummary['row']): string {
  return approvals
    .flatMap(({ answers }) => answers)
    .map(({ action, args, by }) => {
      const edited = args === undefined ? '' : ` to ${compactJson(args)}`
      return `${action} by ${by === null ? 'nobody' : by.subject}${edited}`
    })
    .join('; ')
}
