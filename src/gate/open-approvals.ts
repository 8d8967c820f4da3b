import type { OpenApproval } from './approval.ts'
import type { JudgeContext } from './verdict.ts'

/** The requests of a gate that wait for people, by their ids. */
export class OpenApprovals {
  readonly #open = new Map<string, OpenApproval>()

  get(id: string): OpenApproval | undefined {
    return this.#open.get(id)
  }

  keep(approval: OpenApproval): void {
    this.#open.set(approval.request.id, approval)
  }

  drop(id: string): void {
    this.#open.delete(id)
  }

  /** How many wait in a run and its sub-agents. */
  countOf(context: JudgeContext): number {
    const root = rootOf(context)
    let count = 0
    for (const open of this.#open.values()) if (rootOf(open.context) === root) count++
    return count
  }

  dropCall(callId: string): void {
    for (const [id, { examined }] of this.#open) {
      if (examined.call.callId === callId) this.#open.delete(id)
    }
  }

  /** Returns the calls they were about. */
  dropRun(runId: string): readonly string[] {
    const calls: string[] = []
    for (const [id, { context, examined }] of this.#open) {
      if (context.runId !== runId) continue
      this.#open.delete(id)
      calls.push(examined.call.callId)
    }
    return calls
  }
}

function rootOf({ lineage, runId }: JudgeContext): string {
  return lineage?.root ?? runId
}
