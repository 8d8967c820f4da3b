import type { EndStatus } from './protocol/run-event.ts'

/** Ends after which nobody carries a run on. */
const final: ReadonlySet<string> = new Set<EndStatus>(['completed', 'denied'])

/** Whether nobody carries on a run that has ended so. */
export function isFinal(status: string): boolean {
  return final.has(status)
}

/** Runs that are remembered; of more, those that rested longest ago are forgotten. */
const maxRested = 10_000

/**
 * Runs that this process has carried and that may be taken up again. What they have taken of limits
 * beyond the run is counted here already; of a forgotten one it would be counted twice, which is
 * the strict side.
 */
export class RestedRuns {
  readonly #ids = new Set<string>()

  note(runId: string, status: EndStatus | 'open'): void {
    if (isFinal(status)) return
    this.#ids.add(runId)
    if (this.#ids.size <= maxRested) return
    const [oldest] = this.#ids
    this.#ids.delete(oldest!)
  }

  /** True when the run was known. */
  delete(runId: string): boolean {
    return this.#ids.delete(runId)
  }
}
