import type { ModelErrorData } from '../protocol/event.ts'
import type { Exchange } from '../wire/exchange.ts'
import type { Attempt } from '../wire/retry.ts'
import type { Sender } from './provider-keys.ts'
import type { ModelSelector } from './select.ts'

/** One attempt at a request: refused before it was sent, or sent and begun to be answered. */
export class ModelAttempt implements Attempt {
  readonly model: string
  /** Who chose the model, if there was a choice. */
  readonly selector: ModelSelector | undefined
  hasOtherWay = false
  exchange: Exchange | undefined
  sender: Sender | undefined
  /** Whether server-sent events were asked for. */
  stream = false
  /** Whether a call came with data that is wanted back with it. */
  hasSealedCalls = false
  #failure: ModelErrorData | undefined

  constructor(model: string, selector: ModelSelector | undefined) {
    this.model = model
    this.selector = selector
  }

  /** Set while nothing but an error has come of it. */
  get failure(): ModelErrorData | undefined {
    return this.#failure
  }

  /** Not sent. */
  refuse(error: ModelErrorData): void {
    this.#failure = error
  }

  begin(exchange: Exchange, sender: Sender, stream: boolean): void {
    this.exchange = exchange
    this.sender = sender
    this.stream = stream
    this.#failure = exchange.failure
  }

  /** There is a way for the request from here on only after that time. */
  waitAtLeast(milliseconds: number): void {
    const { retryAfterMs = 0 } = this.#failure!
    if (milliseconds > retryAfterMs) {
      this.#failure = { ...this.#failure!, retryAfterMs: milliseconds }
    }
  }

  close(): void {
    this.exchange?.close()
  }
}
