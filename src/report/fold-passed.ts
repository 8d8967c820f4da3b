import type { CallRow, ModelCallRow, OpenCall } from './report.ts'
import { Totals } from './totals.ts'

/**
 * Takes rows and model calls as soon as nothing can change them any more, so that a fold need not
 * keep them. The report then holds none, and its totals are of all of them.
 */
export interface FoldTaker {
  /** Whether the event that was just added is the last one of its call. */
  isLast(): boolean
  /** In the order of proposal. */
  row(row: CallRow, open: OpenCall | undefined): void
  modelCall(call: ModelCallRow): void
}

/** What is known of rows and model calls when they are gone. */
export class Passed {
  readonly totals = new Totals()
  readonly models: Set<string>
  readonly openCalls: OpenCall[] = []

  constructor(model: string) {
    this.models = new Set([model])
  }

  row(row: CallRow, open: OpenCall | undefined, taker?: FoldTaker): void {
    this.totals.addRow(row)
    if (open !== undefined) this.openCalls.push(open)
    taker?.row(row, open)
  }

  modelCall(call: ModelCallRow, taker?: FoldTaker): void {
    this.totals.addModelCall(call)
    this.models.add(call.model)
    taker?.modelCall(call)
  }
}
