import { checkNumber } from '../base/options.ts'
import { childController, after, type ChildController } from '../base/signal.ts'
import type { Journal } from '../journal/journal.ts'
import type { UserMessage } from '../protocol/message.ts'
import { isPlainObject, isText } from '../protocol/option-checks.ts'
import type { RunEvent, StructuralEvent } from '../protocol/run-event.ts'
import type { EventQueue } from './queue.ts'

/**
 * A run that is under way. Iterating it shows its events as they happen; nothing is lost when
 * nobody does. Both ways look at the same run, which never waits for a reader.
 *
 * @example
 * ```ts
 * const run = runtime.run({ input: 'refund order O-7' })
 * for await (const event of run) if (event.type === 'text-delta') process.stdout.write(event.text)
 * const { status, report } = await run.result()
 * ```
 */
export interface Run<Result> extends AsyncIterable<RunEvent> {
  readonly id: string
  /**
   * How the run ended. Does not reject for what happens inside the run; rejects for mistakes of
   * the program that came to light late, such as a tool schema that does not compile.
   */
  result(): Promise<Result>
  /**
   * Says something to the run, as its caller: it enters before the next model request, which a run
   * that has just answered then makes if its limits permit. False when it cannot enter any more: the
   * run is over, 16 messages wait, or this one has more than 65,536 characters. What waits when a
   * run ends otherwise is not heard.
   */
  steer(text: string): boolean
  /** Stops model, tools and questions to people; the run still ends with a result and a report. */
  cancel(): void
  /**
   * The recorded events again from the journal, as far as written: those whose `seq` is at least
   * `from`, so that a reader who has seen an event goes on with its `seq` and one. Default: all. Throws
   * `bad-option` where that is no object, or `from` no whole number.
   */
  events(options?: { readonly from?: number }): AsyncIterable<StructuralEvent>
}

export interface RunHandleOptions<Result> {
  readonly id: string
  readonly queue: EventQueue
  readonly journal: Journal
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number
  readonly steering: Steering
  /** Whether the run may be shown at all; its records are read only afterwards. */
  readonly admitted?: Promise<unknown> | undefined
  /** Carries the run to its result. */
  readonly carry: (controller: ChildController) => Promise<Result>
}

/** Starts carrying at once and hands out the handle. */
export function startRun<Result>(options: RunHandleOptions<Result>): Run<Result> {
  const { id, queue, steering } = options
  const controller = childController(options.signal)
  const outcome = carry(options, controller)
  // whoever only iterates learns of a mistake through the iteration
  outcome.then(
    () => queue.close(),
    (error: unknown) => queue.close(error),
  )
  return {
    id,
    result: () => outcome,
    steer(text) {
      isText('text', text)
      return steering.add(text)
    },
    cancel: () => controller.abort('cancelled'),
    events(read = {}) {
      isPlainObject('options', read)
      const { from = 0 } = read
      checkNumber('from', from, { min: 0, integer: true })
      return replay(options, from)
    },
    [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
  }
}

async function carry<Result>(
  { carry: work, steering, timeoutMs }: RunHandleOptions<Result>,
  controller: ChildController,
): Promise<Result> {
  const cancelTimer = after(timeoutMs, () => controller.abort('run-timeout'))
  try {
    return await work(controller)
  } finally {
    cancelTimer()
    steering.close()
    controller.dispose()
  }
}

async function* replay(
  { admitted, id, journal }: Pick<RunHandleOptions<unknown>, 'admitted' | 'id' | 'journal'>,
  from: number,
): AsyncGenerator<StructuralEvent> {
  await admitted
  const { readEvents } = await import('./replay.ts')
  yield* readEvents(journal, id, from)
}

/** Messages that wait at most; one more is not taken. */
const maxWaiting = 16

/** Longest message in UTF-16 code units. */
const maxLength = 65_536

/** What the caller of a run says while it is under way, until the next model request. */
export class Steering {
  #waiting: UserMessage[] = []
  #isOver = false

  /** False when it can enter no more: the run is over, too much waits, or the text is too long. */
  add(text: string): boolean {
    if (this.#isOver || this.#waiting.length >= maxWaiting || text.length > maxLength) return false
    this.#waiting.push(Object.freeze({ role: 'user', content: text.toWellFormed() }))
    return true
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  take(): readonly UserMessage[] {
    if (this.#waiting.length === 0) return []
    const taken = this.#waiting
    this.#waiting = []
    return taken
  }

  /** Nobody hears what comes later. */
  close(): void {
    this.#isOver = true
    this.#waiting = []
  }
}
