import { stopReason } from '../base/signal.ts'
import type { ModelErrorData } from '../protocol/event.ts'
import type { Timeouts } from './settings.ts'
import { modelError } from './status.ts'

/**
 * The clocks of one HTTP exchange and its one way to be stopped: whichever of the times and the
 * caller's signal comes first sets `cut` and does what `onStop` was given. One timer serves all of
 * them: it looks at the times when it fires, so that reading costs no timer.
 */
export class Watch {
  /** Why the exchange was stopped; undefined while it was not. */
  cut: ModelErrorData | undefined
  readonly #timeouts: Timeouts
  readonly #parent: AbortSignal
  readonly #started = performance.now()
  #abort: ((reason: Error) => void) | undefined
  #aborted: Error | undefined
  #timer: NodeJS.Timeout | undefined
  #begun = false
  #draining = false
  /** Since when bytes are waited for; undefined while they are not. */
  #waitingSince: number | undefined

  constructor(timeouts: Timeouts, parent: AbortSignal) {
    this.#timeouts = timeouts
    this.#parent = parent
    const { firstEventMs, idleMs, totalMs } = timeouts
    this.#timer = setTimeout(this.#look, Math.min(firstEventMs, idleMs, totalMs))
    parent.addEventListener('abort', this.#cancelled, { once: true })
    if (parent.aborted) this.#cancelled()
  }

  /** What stopping means; at once when the exchange was stopped before. */
  onStop(abort: (reason: Error) => void): void {
    if (this.#aborted !== undefined) abort(this.#aborted)
    else this.#abort = abort
  }

  /** Bytes are waited for. A caller that is slow to ask for them is not the peer's silence. */
  waiting(): void {
    this.#waitingSince = performance.now()
  }

  /** Bytes have arrived. */
  arrived(): void {
    this.#waitingSince = undefined
  }

  /**
   * Nothing more is needed of the body: all that is left is a last short time in which it may end
   * by itself. Running out of it stops the exchange, but is no `cut`.
   */
  drain(milliseconds: number): void {
    if (this.#draining) return
    this.#draining = true
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#stopWith(new Error('drained')), milliseconds)
  }

  /** The first event that says something has arrived. */
  begun(): void {
    this.#begun = true
  }

  /** Stops the exchange; the first reason stays. */
  stop(error: ModelErrorData): void {
    if (this.cut !== undefined) return
    this.cut = error
    this.dispose()
    this.#stopWith(new Error(error.code))
  }

  #stopWith(reason: Error): void {
    this.#aborted = reason
    this.#abort?.(reason)
  }

  /** Lets go of the timer and of the caller's signal. */
  dispose(): void {
    clearTimeout(this.#timer)
    this.#parent.removeEventListener('abort', this.#cancelled)
  }

  readonly #cancelled = (): void => this.stop(cancelledError(this.#parent))

  /** Stops when a time is over; else looks again when the next one could be. */
  readonly #look = (): void => {
    const { firstEventMs, idleMs, totalMs } = this.#timeouts
    const now = performance.now()
    const left = {
      total: this.#started + totalMs - now,
      first: this.#begun ? Number.POSITIVE_INFINITY : this.#started + firstEventMs - now,
      idle: (this.#waitingSince ?? now) + idleMs - now,
    }
    if (left.total <= 0) this.#late(`the response took longer than ${totalMs} ms`, 'totalMs')
    else if (left.first <= 0) {
      this.#late(`the response did not begin within ${firstEventMs} ms`, 'firstEventMs')
    } else if (left.idle <= 0) this.#late(`no byte arrived for ${idleMs} ms`, 'idleMs')
    else this.#timer = setTimeout(this.#look, Math.ceil(Math.min(...Object.values(left))))
  }

  #late(message: string, option: string): void {
    this.stop(modelError('model-timeout', message, { help: `raise \`timeouts.${option}\`` }))
  }
}

/** The error of a response that its caller stopped. */
export function cancelledError(signal: AbortSignal): ModelErrorData {
  const reason = stopReason(signal)
  return reason === 'run-timeout'
    ? modelError('run-timeout', 'the run ended before the response')
    : modelError('cancelled', 'the response was cancelled')
}
