import type { OpenApproval } from './approval.ts'
import type { JudgeContext } from './verdict.ts'

/** The requests of a gate that wait for people, by their ids; thousands of them in one run. */
export class OpenApprovals {
  readonly #open = new Map<string, OpenApproval>()
  /** Ids of those whose answer is being weighed. */
  readonly #held = new Set<string>()
  /** Ids by call. */
  readonly #ofCalls = new Map<string, Set<string>>()
  /** How many there are in a run and its sub-agents. */
  readonly #counts = new Map<string, number>()

  get(id: string): OpenApproval | undefined {
    return this.#held.has(id) ? undefined : this.#open.get(id)
  }

  /** It waits still, and nothing can be said to it until it is kept again or dropped. */
  hold(id: string): void {
    this.#held.add(id)
  }

  keep(approval: OpenApproval): void {
    const { id } = approval.request
    const { callId } = approval.examined.call
    this.drop(id)
    this.#open.set(id, approval)
    const ids = this.#ofCalls.get(callId) ?? new Set()
    this.#ofCalls.set(callId, ids.add(id))
    this.#count(approval, 1)
  }

  drop(id: string): void {
    const approval = this.#open.get(id)
    if (approval === undefined) return
    const { callId } = approval.examined.call
    this.#open.delete(id)
    this.#held.delete(id)
    const ids = this.#ofCalls.get(callId)!
    ids.delete(id)
    if (ids.size === 0) this.#ofCalls.delete(callId)
    this.#count(approval, -1)
  }

  /** How many wait in a run and its sub-agents. */
  countOf(context: JudgeContext): number {
    return this.#counts.get(rootOf(context)) ?? 0
  }

  dropCall(callId: string): void {
    for (const id of this.#ofCalls.get(callId) ?? []) this.drop(id)
  }

  /** Returns the calls they were about. */
  dropRun(runId: string): readonly string[] {
    const calls: string[] = []
    for (const [id, { context, examined }] of this.#open) {
      if (context.runId !== runId) continue
      this.drop(id)
      calls.push(examined.call.callId)
    }
    return calls
  }

  #count({ context }: OpenApproval, change: 1 | -1): void {
    const count = this.countOf(context) + change
    if (count === 0) this.#counts.delete(rootOf(context))
    else this.#counts.set(rootOf(context), count)
  }
}

function rootOf({ lineage, runId }: JudgeContext): string {
  return lineage?.root ?? runId
}
