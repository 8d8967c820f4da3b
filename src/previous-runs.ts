import { hashLine } from './journal/chain.ts'
import type { Journal, JournalRecord, LatestRun } from './journal/journal.ts'
import { maxNamed, pointsNamedIn } from './journal/named-runs.ts'
import type { RunPoint } from './protocol/run-event.ts'

type Appending = Pick<Journal, 'append'>

/**
 * The chain over the runs of a journal: a run that begins names those that no run has named yet in
 * the state they have, so that none can be removed or cut without a trace once another has begun.
 * Runs of one process that follow each other form a line. What runs at the same time is named by
 * whichever begins next, first when it has begun and again when it has ended; so is what other
 * processes have left when a process begins, among the last 16 runs.
 */
export class PreviousRuns {
  readonly #journal: Appending & Required<Pick<Journal, 'latestRuns'>>
  /** By run, the head under which nobody has named it. */
  readonly #heads = new Map<string, string>()
  #loaded: Promise<void> | undefined
  #failure: unknown

  constructor(journal: Appending & Required<Pick<Journal, 'latestRuns'>>) {
    this.#journal = journal
  }

  /** What the next run has to name, those known longest first. */
  async unnamed(): Promise<readonly RunPoint[]> {
    this.#loaded ??= this.#load()
    await this.#loaded
    const points = [...this.#heads].slice(0, maxNamed)
    return points.map(([runId, head]) => ({ runId, head }))
  }

  /** A run is in this state from now on. */
  note(runId: string, head: string): void {
    this.#heads.delete(runId)
    this.#heads.set(runId, head)
  }

  /**
   * Writes a run that names `points` to the journal: they count as named when its beginning is
   * written. Nothing is written where it is not known what to name.
   */
  following(points: readonly RunPoint[]): Appending {
    const begun = (runId: string, records: readonly JournalRecord[]): void => {
      for (const point of points) {
        if (this.#heads.get(point.runId) === point.head) this.#heads.delete(point.runId)
      }
      this.note(runId, records.at(-1)!.hash)
    }
    return {
      append: (runId, expectedSeq, records) => {
        if (expectedSeq > 0) return this.#journal.append(runId, expectedSeq, records)
        if (this.#failure !== undefined) return Promise.reject(this.#failure)
        const appended = this.#journal.append(runId, expectedSeq, records)
        if (appended !== undefined) return appended.then(() => begun(runId, records))
        begun(runId, records)
        return undefined
      },
    }
  }

  /** A journal that cannot be read fails the runs that would have to name what is in it. */
  async #load(): Promise<void> {
    try {
      for (const [runId, head] of unnamedAmong(await this.#journal.latestRuns(maxNamed))) {
        this.#heads.set(runId, head)
      }
      this.#failure = undefined
    } catch (error) {
      this.#failure = error
      this.#loaded = undefined
    }
  }
}

function unnamedAmong(runs: readonly LatestRun[]): readonly (readonly [string, string])[] {
  const points = runs.flatMap(({ first }) => pointsNamedIn(first ?? ''))
  const named = new Set(points.map(({ head }) => head))
  return runs
    .map(({ runId, last }) => [runId, hashLine(last)] as const)
    .filter(([, head]) => !named.has(head))
}
