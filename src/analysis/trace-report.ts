import { SallyportError } from '../base/errors.ts'
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import type { CallRow } from '../report/report.ts'
import type { Trace, TraceCall } from './trace.ts'
import { principalOf, scopeOf } from './trace-shape.ts'

/**
 * The trace of a report: calls with their arguments as far as they are shown, and decisions.
 * Reports hold neither messages nor results. Throws `bad-trace` when it is no report.
 */
export function traceOfReport(report: JsonValue, place: string): Trace {
  if (!isObject(report)) throw wrong(place, 'is not a report')
  const { version, header, rows } = report
  if (version !== 1) throw wrong(place, 'is not a report of version 1')
  if (!isObject(header) || typeof header['runId'] !== 'string' || !Array.isArray(rows)) {
    throw wrong(place, 'is a report without `header.runId` or `rows`')
  }
  const { runId, principal = null, scope } = header
  return {
    id: runId as string,
    principal: principalOf(principal, place),
    messages: [],
    calls: rows.map((row, index) => callOf(row, index, place)),
    place,
    ...(scope === undefined ? {} : { scope: scopeOf(scope, place) }),
  }
}

function callOf(row: unknown, index: number, place: string): TraceCall {
  if (!isObject(row) || typeof row['tool'] !== 'string' || typeof row['callId'] !== 'string') {
    throw wrong(place, `has no \`tool\` or \`callId\` in row ${index + 1}`)
  }
  const { callId, tool, turn, args, decision, earlierDecisions, error, sensitive, status } =
    row as unknown as CallRow
  const first = earlierDecisions?.[0] ?? decision
  return {
    id: callId,
    name: tool,
    turn,
    args: isObject(args) ? (args as JsonObject) : null,
    status,
    ...(first === null ? {} : { decision: first }),
    ...(error === undefined ? {} : { error: error.message }),
    ...(sensitive === undefined || sensitive.length === 0 ? {} : { hidden: sensitive }),
  }
}

function wrong(place: string, message: string): SallyportError {
  return new SallyportError('bad-trace', `\`${place}\` ${message}`, {
    help: 'give a report as `sallyport report --format json` writes it',
  })
}
