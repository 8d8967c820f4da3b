import { OverviewFold, type Overview } from '../../../src/report/overview.ts'
import type { Report } from '../../../src/report/report.ts'
import { summarize } from '../../../src/report/summary.ts'

/** The overview of reports, as if all were of the same journal. */
export function overviewOf(reports: readonly Report[], journal = 'journal.db'): Overview {
  const fold = new OverviewFold()
  for (const report of reports) {
    const { calls, ...summary } = summarize(report)
    for (const call of calls) fold.addCall(call)
    fold.addRun({ report, summary }, journal, 'CONSISTENT')
  }
  return fold.overview()
}

/** A report that began so many minutes later, under another id. */
export function later(report: Report, minutes: number): Report {
  const startedAt = new Date(Date.parse(report.header.startedAt) + minutes * 60_000).toISOString()
  return { ...report, header: { ...report.header, startedAt, runId: `run_${minutes}` } }
}
