import type { CallStatus } from '../protocol/call.ts'
import { addCost, addUsage, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import { callStatuses, type CallRow, type ModelCallRow, type ReportTotals } from './report.ts'

/** The sums over all rows. */
export function totalsOf(
  rows: readonly CallRow[],
  modelCalls: readonly ModelCallRow[],
): ReportTotals {
  const statuses = new Map<CallStatus, number>()
  const byEffect = { allow: 0, ask: 0, deny: 0, none: 0 }
  for (const row of rows) {
    statuses.set(row.status, (statuses.get(row.status) ?? 0) + 1)
    byEffect[row.decision?.effect ?? 'none']++
  }
  let usage: Usage = noUsage
  let cost: Cost | undefined
  for (const call of modelCalls) {
    usage = addUsage(usage, call.usage)
    cost = addCost(cost, call.cost)
  }
  return {
    calls: rows.length,
    byStatus: Object.fromEntries(
      callStatuses.flatMap((status) => {
        const count = statuses.get(status)
        return count === undefined ? [] : [[status, count]]
      }),
    ),
    byEffect,
    turns: modelCalls.length,
    usage,
    ...(cost === undefined ? {} : { cost }),
    unpriced: modelCalls.filter((call) => call.cost === undefined).length,
  }
}
