import type { ChildRun } from '../protocol/child-run.ts'
import { formatCost, formatNumber, plural } from './format.ts'
import type { ReportTotals } from './report.ts'
import { endings } from './summary.ts'

/** The run of an agent that was called as a tool, and what came of it. */
export function childText({ runId, status, turns, calls }: ChildRun): string {
  return `${runId}, ${endings[status]} after ${plural(turns, 'turn')} and ${plural(calls, 'call')}`
}

/** What agents have used in runs of their own; undefined where there were none. */
export function delegatedText({ delegated }: Pick<ReportTotals, 'delegated'>): string | undefined {
  if (delegated === undefined) return undefined
  const { runs, turns, calls, usage, cost } = delegated
  return [
    plural(runs, 'run'),
    plural(turns, 'turn'),
    plural(calls, 'call'),
    `${formatNumber(usage.inputTokens)} input and ${formatNumber(usage.outputTokens)} output tokens`,
    cost === undefined ? 'cost unknown' : formatCost(cost),
  ].join(', ')
}
