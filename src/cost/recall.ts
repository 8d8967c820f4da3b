import { addCost, addUsage, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import type { Costs } from './costs.ts'
import { readMoney } from './money.ts'
import type { Asked } from './tracker.ts'

/** What is on record of an answer. */
export interface PastAnswer {
  readonly usage: Usage
  readonly cost?: Cost
}

/** Sums of doubles are told to that part of them. */
const precision = 1_000_000_000n

/**
 * Counts what the answers of a run have cost in another process, so that its budget does not begin
 * anew; as far as it is not counted here, by a snapshot. What an answer has cost that is not on
 * record, since the process died before its end, nobody knows.
 */
export function recallCosts(costs: Costs, asked: Asked, answers: readonly PastAnswer[]): void {
  let usage = noUsage
  let cost: Cost | undefined
  for (const answer of answers) {
    const known = answer.cost?.source === 'unknown' ? undefined : answer.cost
    usage = addUsage(usage, answer.usage)
    cost = addCost(cost, costs.price(asked, answer.usage, known))
  }
  const total = readMoney(cost?.amount)
  if (cost === undefined || total === undefined) return
  const counted = costs.tracker.run(asked.caller.runId)
  const missing = total - (readMoney(counted?.cost) ?? 0n)
  if (counted !== undefined && missing <= total / precision) return
  costs.tracker.record(asked, {
    money: missing,
    source: cost.source,
    usage: counted === undefined ? usage : noUsage,
  })
}
