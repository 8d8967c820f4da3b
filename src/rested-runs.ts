import type { EndStatus } from './protocol/run-event.ts'
import type { Past } from './run/past.ts'

/** Ends after which nobody carries a run on. */
const final: ReadonlySet<string> = new Set<EndStatus>(['completed', 'denied'])

/** Whether nobody carries on a run that has ended so. */
export function isFinal(status: string): boolean {
  return final.has(status)
}

/** Runs that are remembered; of more, those that rested longest ago are forgotten. */
const maxRested = 10_000

/**
 * Runs that this process has carried and that may be taken up again, with how many of their records it
 * has counted against limits beyond the run, and told sessions of. What others have recorded since is
 * not among them; what is forgotten would be counted twice, which is the strict side.
 */
export class RestedRuns {
  readonly #lengths = new Map<string, number>()

  note(runId: string, status: EndStatus | 'open', length: number): void {
    if (isFinal(status)) return
    this.#lengths.set(runId, length)
    if (this.#lengths.size <= maxRested) return
    const [oldest] = this.#lengths.keys()
    this.#lengths.delete(oldest!)
  }

  /** The `seq` of the last event that is counted; -1 where none is. */
  countedTo({ events, start }: Pick<Past, 'events' | 'start'>): number {
    const length = this.#lengths.get(start.runId) ?? 0
    return events[Math.min(length, events.length) - 1]?.seq ?? -1
  }

  delete(runId: string): void {
    this.#lengths.delete(runId)
  }
}
