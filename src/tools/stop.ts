import { abortWith, after, StopError, stopReason, type StopReason } from '../base/signal.ts'

/**
 * What ends a call from outside: the signal of the run, or the time of the tool. Whoever waits is
 * told before the tool's own signal aborts, so the tool's reaction to it cannot pass for its
 * result. The tool's signal is made when it is asked for; fast tools never do.
 */
export class Stop {
  #reason: StopReason | undefined
  #listener: ((reason: StopReason) => void) | undefined
  #controller: AbortController | undefined
  #over = false
  readonly #parent: AbortSignal
  readonly #follow: () => void
  readonly #cancelTimer: () => void

  constructor(parent: AbortSignal, timeoutMs: number) {
    this.#parent = parent
    this.#follow = () => this.#stop(stopReason(parent))
    this.#cancelTimer = after(timeoutMs, () => this.#stop('tool-timeout'))
    if (parent.aborted) this.#follow()
    else parent.addEventListener('abort', this.#follow, { once: true })
  }

  /** Undefined while the call may go on. */
  get reason(): StopReason | undefined {
    return this.#reason
  }

  /** The call has ended, one way or the other. */
  get over(): boolean {
    return this.#over
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) abortWith(this.#controller, new StopError(this.#reason))
    }
    return this.#controller.signal
  }

  /** Takes the place of an earlier listener; called at most once, at once if already stopped. */
  onStop(listener: (reason: StopReason) => void): void {
    if (this.#reason === undefined) this.#listener = listener
    else listener(this.#reason)
  }

  /** The call is over: the tool's signal aborts if the tool was left behind, and nothing is kept. */
  dispose(): void {
    this.#over = true
    this.#cancelTimer()
    this.#parent.removeEventListener('abort', this.#follow)
    this.#listener = undefined
  }

  #stop(reason: StopReason): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#listener?.(reason)
    this.dispose()
    if (this.#controller !== undefined) abortWith(this.#controller, new StopError(reason))
  }
}
