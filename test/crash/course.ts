import type { Report } from '../../src/report/report.ts'

/** Members that no two runs have in common: ids, times, attempts and what is hashed over them. */
const own: ReadonlySet<string> = new Set([
  'approvalId',
  'approvalMs',
  'at',
  'attempts',
  'callId',
  'durationMs',
  'earlierDecisions',
  'endedAt',
  'executionMs',
  'expiresAt',
  'head',
  'proposedAt',
  'queueMs',
  'requestedAt',
  'responseId',
  'runId',
  'startedAt',
])

/**
 * What two reports have in common where one run was disturbed and the other was not. The ends of
 * calls in doubt are left out, which an operator has told.
 */
export function courseOf(report: Report, isInDoubt: (place: string) => boolean): string {
  const rows = report.rows.map(({ error, resultBytes, resultDigest, status, ...row }) =>
    isInDoubt(placeOf(row)) ? row : { ...row, error, resultBytes, resultDigest, status },
  )
  const { byStatus: _byStatus, ...totals } = report.totals
  return JSON.stringify({ ...report, rows, totals }, (key, value: unknown) =>
    own.has(key) ? undefined : value,
  )
}

/** Where a call stands in its run, whatever the id of that. */
export function placeOf({ index, turn }: Pick<Report['rows'][number], 'index' | 'turn'>): string {
  return `${turn}-${index}`
}
