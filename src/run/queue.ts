import { SallyportError } from '../base/errors.ts'
import type { ReasoningDelta, RunEvent, TextDelta } from '../protocol/run-event.ts'

/** Events that nobody iterates: what happens is on record. */
export function unreadQueue(): EventQueue {
  const queue = new EventQueue()
  void queue[Symbol.asyncIterator]().return?.()
  return queue
}

type Delta = TextDelta | ReasoningDelta

/**
 * Events on their way to one reader. The run never waits for the reader: deltas that the reader
 * has not taken yet are merged with their neighbours of the same kind, so that what waits is
 * bounded by the text of the run and by its structural events, which are never dropped and which
 * the limits of the run bound. Deltas that arrive one by one reach a reader that keeps up one by
 * one.
 */
export class EventQueue implements AsyncIterable<RunEvent> {
  #items: RunEvent[] = []
  #next = 0
  /** What was asked for and has not happened yet; a reader may ask for several events at once. */
  #asked: PromiseWithResolvers<IteratorResult<RunEvent>>[] = []
  #closed = false
  #error: unknown
  #reader: 'none yet' | 'reading' | 'gone' = 'none yet'

  /** Appends to the delta that waits last; false when none of the same kind does. */
  extend(type: Delta['type'], text: string): boolean {
    const last = this.#next < this.#items.length ? this.#items.at(-1) : undefined
    if (last?.type !== type) return false
    ;(last as { text: string }).text += text
    return true
  }

  push(event: RunEvent): void {
    if (this.#reader === 'gone') return
    const asked = this.#asked.shift()
    if (asked === undefined) this.#items.push(event)
    else asked.resolve({ done: false, value: event })
  }

  /** No more events; with an error, the reader gets it after the last one. */
  close(error?: unknown): void {
    if (this.#closed) return
    this.#closed = true
    this.#error = error
    for (const { reject, resolve } of this.#asked.splice(0)) {
      if (error === undefined) resolve({ done: true, value: undefined })
      else reject(error)
    }
  }

  /** One reader only: two would each see half of the events. */
  [Symbol.asyncIterator](): AsyncIterator<RunEvent> {
    if (this.#reader !== 'none yet') {
      throw new SallyportError('bad-option', 'the events of a run can be iterated once', {
        help: 'use `run.events()` to read them again',
      })
    }
    this.#reader = 'reading'
    return {
      next: () => this.#take(),
      return: () => {
        this.#reader = 'gone'
        this.#items = []
        this.#next = 0
        for (const { resolve } of this.#asked.splice(0)) resolve({ done: true, value: undefined })
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  #take(): Promise<IteratorResult<RunEvent>> {
    if (this.#next < this.#items.length) {
      const value = this.#items[this.#next++]!
      // what was taken is let go of, also where the reader never quite catches up
      if (this.#next * 2 >= this.#items.length) {
        this.#items = this.#items.slice(this.#next)
        this.#next = 0
      }
      return Promise.resolve({ done: false, value })
    }
    if (this.#closed || this.#reader === 'gone') {
      if (this.#error !== undefined) return Promise.reject(this.#error)
      return Promise.resolve({ done: true, value: undefined })
    }
    const asked = Promise.withResolvers<IteratorResult<RunEvent>>()
    this.#asked.push(asked)
    return asked.promise
  }
}
