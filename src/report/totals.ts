import type { CallStatus } from '../protocol/call.ts'
import type { ChildRun } from '../protocol/child-run.ts'
import { addCost, addUsage, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import { callStatuses, type CallRow, type ModelCallRow, type ReportTotals } from './report.ts'

/** The sums over rows and model calls, one after another. */
export class Totals {
  readonly #byStatus = new Map<CallStatus, number>()
  readonly #byEffect = { allow: 0, ask: 0, deny: 0, none: 0 }
  #calls = 0
  #turns = 0
  #usage: Usage = noUsage
  #cost: Cost | undefined
  #unpriced = 0
  #delegated: ReportTotals['delegated']

  addRow({ child, status, decision }: CallRow): void {
    if (child !== undefined) this.#delegated = withChild(this.#delegated, child)
    this.#calls++
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1)
    this.#byEffect[decision?.effect ?? 'none']++
  }

  addModelCall({ usage, cost }: ModelCallRow): void {
    this.#turns++
    this.#usage = addUsage(this.#usage, usage)
    if (cost?.source !== 'unknown' || cost.amount > 0) this.#cost = addCost(this.#cost, cost)
    if (cost === undefined || cost.source === 'unknown') this.#unpriced++
  }

  get value(): ReportTotals {
    const byStatus: Partial<Record<CallStatus, number>> = {}
    for (const status of callStatuses) {
      const count = this.#byStatus.get(status)
      if (count !== undefined) byStatus[status] = count
    }
    return {
      calls: this.#calls,
      byStatus,
      byEffect: { ...this.#byEffect },
      turns: this.#turns,
      usage: this.#usage,
      ...(this.#cost === undefined ? {} : { cost: this.#cost }),
      ...(this.#delegated === undefined ? {} : { delegated: this.#delegated }),
      unpriced: this.#unpriced,
    }
  }
}

function withChild(
  before: ReportTotals['delegated'],
  { calls, cost, turns, usage }: ChildRun,
): NonNullable<ReportTotals['delegated']> {
  const sum = addCost(before?.cost, cost)
  return {
    runs: (before?.runs ?? 0) + 1,
    turns: (before?.turns ?? 0) + turns,
    calls: (before?.calls ?? 0) + calls,
    usage: addUsage(before?.usage ?? noUsage, usage),
    ...(sum === undefined ? {} : { cost: sum }),
  }
}
