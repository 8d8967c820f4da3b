import type { ModelErrorData, ModelEvent } from '../../protocol/event.ts'
import { modelError } from '../status.ts'

/** Where the news of one response goes. The first error is the last news before its end. */
export class Sink {
  readonly events: ModelEvent[] = []
  /** True when the peer left the protocol or a bound. */
  broken = false
  failed = false
  readonly #maxTextLength: number
  #length = 0

  constructor(maxTextLength: number) {
    this.#maxTextLength = maxTextLength
  }

  tell(event: ModelEvent): void {
    if (!this.failed) this.events.push(event)
  }

  fail(error: ModelErrorData): void {
    if (this.failed) return
    this.failed = true
    this.broken = error.code === 'model-too-large' || error.code === 'model-protocol'
    this.events.push({ type: 'error', error })
  }

  /** Fails the response for what the protocol does not know. */
  refuse(message: string): void {
    this.fail(modelError('model-protocol', message))
  }

  /** Counts what is kept of the response; false when that is too much, and the response fails. */
  fits(length: number): boolean {
    this.#length += length
    const most = this.#maxTextLength
    if (this.#length <= most) return true
    this.fail(modelError('model-too-large', `the answer has more than ${most} characters`))
    return false
  }
}
