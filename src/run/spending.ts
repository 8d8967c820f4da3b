import { addCost, addUsage, isUntold, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import type { RunEnvironment } from './environment.ts'
import type { ModelTurn } from './turn.ts'

/** What the model responses of a run have used and cost. */
export class Spending {
  readonly #environment: RunEnvironment
  #warned = false
  usage: Usage = noUsage
  cost: Cost | undefined

  constructor(environment: RunEnvironment) {
    this.#environment = environment
  }

  /** With what agents have used. */
  get total(): { readonly usage: Usage; readonly cost: Cost | undefined } {
    const { usage, cost } = this.#environment.share?.used ?? this
    return { usage, cost }
  }

  /** `isCounted` where an earlier carrier has told the gate of it. */
  take(modelTurn: ModelTurn, isCounted: boolean): void {
    this.#environment.share?.spend(modelTurn.response.usage, modelTurn.response.cost)
    this.usage = addUsage(this.usage, modelTurn.response.usage ?? noUsage)
    this.cost = addCost(this.cost, modelTurn.response.cost)
    if (!isCounted) this.#account(modelTurn)
    this.#warn()
  }

  /** A failure without usage has cost nothing that anybody knows of; of an answer nobody knows what. */
  #account({ at, response: { usage = noUsage, cost, finishReason } }: ModelTurn): void {
    const { gate, context, recorder } = this.#environment
    if (finishReason.unified === 'error' && isUntold(usage) && cost === undefined) return
    const dollars = cost?.source === 'unknown' ? undefined : cost?.amount
    gate.spent(dollars, context, recorder.turn, at)
  }

  /** A soft limit stops nothing; the run tells of it once. */
  #warn(): void {
    const { costs, caller, model, recorder } = this.#environment
    if (costs === undefined || this.#warned) return
    const passed = costs.exceeded('soft', { provider: model.provider, model: model.id, caller })
    if (passed === undefined) return
    this.#warned = true
    recorder.emit({ type: 'limit', limit: 'budget.soft', ...passed })
  }
}
