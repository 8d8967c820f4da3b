import type { Ending } from './ending.ts'

/** Calls of a turn that were started by an earlier carrier of the run, and nobody knows how they ended. */
export class Doubts {
  readonly #callIds = new Set<string>()
  /** By call id what is to be done where the call does not run again. */
  readonly #startedBefore = new Map<string, () => void>()

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
  mayEnd(callId: string, leave: () => void): void {
    this.#startedBefore.set(callId, leave)
  }

  /** Whether an ending leaves it open how the call has ended: it tells only why it did not run again. */
  outlast(callId: string, { attempts, status }: Ending): boolean {
    const leave = this.#startedBefore.get(callId)
    if (leave === undefined || attempts > 0 || status === 'success') return false
    leave()
    this.#callIds.add(callId)
    return true
  }
}
