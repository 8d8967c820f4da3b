import { addCost, addUsage, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import type { Costs } from './costs.ts'
import { readMoney, type Money } from './money.ts'
import type { Asked } from './tracker.ts'

/** What is on record of an answer, with the model that was asked for it. */
export interface PastAnswer extends Pick<Asked, 'provider' | 'model'> {
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
export function recallCosts(
  costs: Costs,
  caller: Asked['caller'],
  answers: readonly PastAnswer[],
): void {
  const byModel = Map.groupBy(answers, ({ model, provider }) => `${provider}/${model}`)
  const sums = [...byModel.values()].flatMap((group) => sumOf(costs, group) ?? [])
  const total = sums.reduce((sum, { money }) => sum + money, 0n)
  const counted = costs.tracker.run(caller.runId)
  let missing = total - (readMoney(counted?.cost) ?? 0n)
  if (counted !== undefined && missing <= total / precision) return
  // the models that were asked last are those that were not counted
  for (const { money, provider, model, source, usage } of sums.toReversed()) {
    const share = money < missing ? money : missing
    missing -= share
    if (counted !== undefined && share === 0n) continue
    const told = counted === undefined ? usage : noUsage
    costs.tracker.record({ provider, model, caller }, { money: share, source, usage: told })
  }
}

interface Sum extends Pick<Asked, 'provider' | 'model'> {
  readonly money: Money
  readonly source: Cost['source']
  readonly usage: Usage
}

/** What the answers of one model have cost. */
function sumOf(costs: Costs, answers: readonly PastAnswer[]): Sum | undefined {
  const { model, provider } = answers[0]!
  let usage = noUsage
  let cost: Cost | undefined
  for (const answer of answers) {
    const known = answer.cost?.source === 'unknown' ? undefined : answer.cost
    usage = addUsage(usage, answer.usage)
    cost = addCost(cost, costs.price({ provider, model }, answer.usage, known))
  }
  const money = readMoney(cost?.amount)
  return money === undefined ? undefined : { provider, model, money, source: cost!.source, usage }
}
