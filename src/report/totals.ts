import type { CallStatus } from '../protocol/call.ts'
import { addCost, addUsage, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import { callStatuses, type CallRow, type ModelCallRow, type ReportTotals } from './report.ts'

/** The sums over all rows. */
export function totalsOf(
  rows: readonly CallRow[],
  modelCalls: readonly ModelCallRow[],
): ReportTotals {
  const counts = new Map<CallStatus, number>()
  const byEffect = { allow: 0, ask: 0, deny: 0, none: 0 }
  for (const row of rows) {
    counts.set(row.status, (counts.get(row.status) ?? 0) + 1)
    byEffect[row.decision?.effect ?? 'none']++
  }
  let usage: Usage = noUsage
  let cost: Cost | undefined
  let unpriced = 0
  for (const call of modelCalls) {
    usage = addUsage(usage, call.usage)
    if (call.cost?.source !== 'unknown' || call.cost.amount > 0) cost = addCost(cost, call.cost)
    if (call.cost === undefined || call.cost.source === 'unknown') unpriced++
  }
  const byStatus: Partial<Record<CallStatus, number>> = {}
  for (const status of callStatuses) {
    const count = counts.get(status)
    if (count !== undefined) byStatus[status] = count
  }
  return {
    calls: rows.length,
    byStatus,
    byEffect,
    turns: modelCalls.length,
    usage,
    ...(cost === undefined ? {} : { cost }),
    unpriced,
  }
}
