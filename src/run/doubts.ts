import type { Ending } from './ending.ts'

/** A call that was started by an earlier carrier of the run. */
interface StartedBefore {
  /** Nobody knows how it has ended; of an agent its own run tells. */
  readonly leavesDoubt: boolean
  /** What is to be done where the call does not run again. */
  leave(): void
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

  has(callId: string): boolean {
    return this.#callIds.has(callId)
  }

  /**
   * The call may run again; `leave` is called where it does not, so that it counts as it stands, and
   * as often as its places may have been given back.
   */
  mayEnd(callId: string, before: StartedBefore): void {
    this.#startedBefore.set(callId, before)
  }

  /**
   * Whether an ending leaves it open how the call has ended: it tells only why it did not run again.
   * An agent that a stop of the run has kept from going on goes on with the run.
   */
  outlast(callId: string, { attempts, status }: Ending, isStopped: boolean): boolean {
    const before = this.#startedBefore.get(callId)
    if (before === undefined || attempts > 0 || status === 'success') return false
    if (!before.leavesDoubt && !isStopped) return false
    before.leave()
    if (before.leavesDoubt) this.#callIds.add(callId)
    return true
  }
}
