import type { ApprovalRequest, ExaminedCall } from '../gate/verdict.ts'
import type { Resting } from './delegation.ts'
import { stoppedAtRest, stoppedBefore, type Ending } from './ending.ts'

/** Calls of a turn that wait: for people, or with an agent that has come to rest. */
export class WaitingCalls {
  #requests: ApprovalRequest[] = []
  #calls: { readonly examined: ExaminedCall; readonly resting?: Resting }[] = []

  /** What people are asked. */
  get requests(): readonly ApprovalRequest[] {
    return this.#requests
  }

  ask(examined: ExaminedCall, request: ApprovalRequest): void {
    this.#requests.push(request)
    this.#calls.push({ examined })
  }

  rest(examined: ExaminedCall, resting: Resting): void {
    this.#requests.push(...resting.pending)
    this.#calls.push({ examined, resting })
  }

  /**
   * How each ends in a run that was stopped: nobody waits any more. Those of agents stay open that
   * have left calls in doubt, which are settled with the run.
   */
  stop(signal: AbortSignal): readonly (readonly [ExaminedCall, Ending])[] {
    this.#requests = []
    return this.#calls
      .splice(0)
      .filter(({ resting }) => resting === undefined || resting.inDoubt.length === 0)
      .map(({ examined, resting }) => [
        examined,
        resting === undefined ? stoppedBefore(signal) : stoppedAtRest(signal, resting),
      ])
  }
}
