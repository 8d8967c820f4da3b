import { leftUnfinished, type Ending } from './ending.ts'

/** A call that was started by an earlier carrier of the run. */
interface StartedBefore {
  /** Nobody knows how it has ended; of an agent its own run tells. */
  readonly leavesDoubt: boolean
  /** What is to be done where the call does not run again; with how it has ended, where that is told. */
  leave(ending?: Ending): void
}

/** Calls of a turn that were started by an earlier carrier of the run, and nobody knows how they ended. */
export class Doubts {
  readonly #callIds = new Set<string>()
  readonly #startedBefore = new Map<string, StartedBefore>()

  get callIds(): readonly string[] {
    return [...this.#callIds]
  }

  add(...callIds: readonly string[]): void {
    for (const callId of callIds) this.#callIds.add(callId)
  }

  /**
   * The call may run again; `leave` is called where it does not, so that it counts as it stands, and
   * as often as its places may have been given back.
   */
  mayEnd(callId: string, before: StartedBefore): void {
    this.#startedBefore.set(callId, before)
  }

  /**
   * How a call has ended, where an ending may tell only why it did not run again. Undefined where that
   * leaves it open: nobody knows, or an agent goes on with the run, which a stop has kept from it.
   */
  standing(callId: string, ending: Ending, isStopped: boolean): Ending | undefined {
    const before = this.#startedBefore.get(callId)
    if (before === undefined || ending.attempts > 0 || ending.status === 'success') return ending
    if (!before.leavesDoubt && !isStopped) return leftUnfinished(ending)
    before.leave()
    if (before.leavesDoubt) this.#callIds.add(callId)
    return undefined
  }

  /** A call that did not run again has ended all the same. */
  ended(callId: string, ending: Ending): void {
    this.#startedBefore.get(callId)?.leave(ending)
  }
}
