import pLimit from 'p-limit'
import { withGrace } from '../base/signal.ts'
import { addCost, addUsage, noUsage, type Cost, type Usage } from '../protocol/usage.ts'
import type { ChildRun } from '../protocol/child-run.ts'
import type { Overdrawn } from './call-budget.ts'
import type { RunLimits, Stop } from './stop.ts'

/**
 * What a run and the agents below it use together. Everything used counts at once in all runs
 * above, so that agents side by side can never use more turns or calls than the first run has.
 *
 * Tokens and costs are known only after an answer. While a bound of one of them is set, the requests
 * of a tree go one after the other, so that only the last answer can pass it, as in a single run.
 */
export class Share {
  readonly #limits: RunLimits
  readonly #above: Share | undefined
  /** How many runs are above. */
  readonly depth: number
  #turns = 0
  #calls = 0
  #usage: Usage = noUsage
  #cost: Cost | undefined
  /** The last request of those that go one after the other; only of the first run. */
  #asking: Promise<unknown> = Promise.resolve()
  readonly #slots: ReturnType<typeof pLimit>

  constructor(limits: RunLimits, above?: Share) {
    this.#limits = limits
    this.#above = above
    this.#slots = pLimit(limits.maxParallel)
    this.depth = above === undefined ? 0 : above.depth + 1
  }

  get #chain(): readonly Share[] {
    return this.#above === undefined ? [this] : [this, ...this.#above.#chain]
  }

  get #root(): Share {
    return this.#above === undefined ? this : this.#above.#root
  }

  get used(): Pick<ChildRun, 'turns' | 'calls' | 'usage' | 'cost'> {
    const cost = this.#cost === undefined ? {} : { cost: this.#cost }
    return { turns: this.#turns, calls: this.#calls, usage: this.#usage, ...cost }
  }

  /**
   * Counts a turn that is about to begin; the bound that leaves no room for it otherwise. An agent
   * leaves each run above it one turn to answer.
   */
  takeTurn(): Stop | undefined {
    const chain = this.#chain
    for (const [distance, { limits, turns, tokens, dollars }] of chain.map(boundsOf).entries()) {
      const stop =
        exceeded(turns + distance, 'maxTurns', limits.maxTurns, 'turns') ??
        exceeded(tokens, 'maxTokens', limits.maxTokens, 'tokens') ??
        exceeded(dollars, 'maxCost', limits.maxCost, 'US dollars')
      if (stop !== undefined) return stop
    }
    for (const share of chain) share.#turns++
    return undefined

    function boundsOf(share: Share) {
      const { inputTokens, outputTokens } = share.#usage
      const dollars = share.#cost?.amount ?? 0
      const tokens = inputTokens + outputTokens
      return { limits: share.#limits, turns: share.#turns, tokens, dollars }
    }
  }

  /** Counts a turn that an earlier carrier has begun. */
  recallTurn(): void {
    for (const share of this.#chain) share.#turns++
  }

  /** Counts a call; the bound of a run above that it passes. */
  takeCall(): Overdrawn | undefined {
    const chain = this.#chain
    const full = chain.find((share) => share.#calls >= share.#limits.maxToolCalls)
    if (full !== undefined) {
      const max = full.#limits.maxToolCalls
      const message = `the run and its agents have used their ${max} tool calls`
      return { limit: 'maxToolCalls', max, message }
    }
    for (const share of chain) share.#calls++
    return undefined
  }

  /** Counts an answer. */
  spend(usage: Usage | undefined, cost: Cost | undefined): void {
    for (const share of this.#chain) {
      share.#usage = addUsage(share.#usage, usage ?? noUsage)
      share.#cost = addCost(share.#cost, cost)
    }
  }

  /** Counts what an agent has used whose call is over. */
  recall({ calls, cost, turns, usage }: ChildRun): void {
    for (const share of this.#chain) {
      share.#turns += turns
      share.#calls += calls
    }
    this.spend(usage, cost)
  }

  /** Waits for the requests before this one, where a bound can only be held so. */
  async inTurn<Value>(signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
    const isBounded = this.#chain.some(
      (share) => Number.isFinite(share.#limits.maxCost) || Number.isFinite(share.#limits.maxTokens),
    )
    if (!isBounded) return work()
    const root = this.#root
    const before = root.#asking
    const done = Promise.withResolvers<void>()
    root.#asking = Promise.all([before, done.promise])
    try {
      await withGrace(before, signal, 0)
      return await work()
    } finally {
      done.resolve()
    }
  }

  /** Runs a tool that is no agent: as many at the same time as the first run may. */
  atWork<Value>(work: () => Promise<Value>): Promise<Value> {
    return this.#root.#slots(work)
  }

  /** Whether the turn that was taken last is the last one there is. */
  get isLastTurn(): boolean {
    return this.#chain.some((share, distance) => share.#turns + distance >= share.#limits.maxTurns)
  }
}

function exceeded(used: number, limit: string, max: number, unit: string): Stop | undefined {
  if (used < max) return undefined
  const message = `the run and its agents have used their ${max} ${unit}`
  return { status: 'limit', limit, max, message }
}
