import { childController, after, type ChildController } from '../base/signal.ts'
import type { Journal } from '../journal/journal.ts'
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
  /** Stops model, tools and questions to people; the run still ends with a result and a report. */
  cancel(): void
  /** The recorded events again from the journal, from the `from`-th record on, as far as written. */
  events(options?: { readonly from?: number }): AsyncIterable<StructuralEvent>
}

export interface RunHandleOptions<Result> {
  readonly id: string
  readonly queue: EventQueue
  readonly journal: Journal
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number
  /** Whether the run may be shown at all; its records are read only afterwards. */
  readonly admitted?: Promise<unknown> | undefined
  /** Carries the run to its result. */
  readonly carry: (controller: ChildController) => Promise<Result>
}

/** Starts carrying at once and hands out the handle. */
export function startRun<Result>(options: RunHandleOptions<Result>): Run<Result> {
  const { id, queue } = options
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
    cancel: () => controller.abort('cancelled'),
    events: ({ from = 0 } = {}) => replay(options, from),
    [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
  }
}

async function carry<Result>(
  { carry: work, timeoutMs }: RunHandleOptions<Result>,
  controller: ChildController,
): Promise<Result> {
  const cancelTimer = after(timeoutMs, () => controller.abort('run-timeout'))
  try {
    return await work(controller)
  } finally {
    cancelTimer()
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
