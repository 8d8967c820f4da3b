import { sleep } from '../base/signal.ts'
import type { ModelErrorData, ModelEvent } from '../protocol/event.ts'
import type { RetryOptions } from './settings.ts'

/** Something that may fail before it has shown anything to anybody. */
export interface Attempt {
  /** Set while the first news of the attempt is an error; then starting over is invisible. */
  readonly failure: ModelErrorData | undefined
  /** True when another attempt, made at once, goes another way, such as with another key. */
  readonly hasOtherWay?: boolean
  /** Lets go of the connection. */
  close(): void
}

/**
 * After a first attempt, starts until one has begun to answer, is refused for good, or the attempts
 * are used up; returns the last one, failed or not. Announces each wait by a `retry` event, whose
 * `attempt` is the one about to be made.
 */
export async function* retrying<A extends Attempt>(
  first: A,
  start: () => Promise<A>,
  options: RetryOptions,
  signal: AbortSignal,
  random: () => number,
): AsyncGenerator<ModelEvent, A, undefined> {
  let attempt = first
  for (let made = 1; ; made++) {
    const error = attempt.failure
    const delayMs =
      attempt.hasOtherWay === true ? 0 : error && delayAfter(error, made, options, random)
    if (error === undefined || delayMs === undefined) return attempt
    attempt.close()
    yield { type: 'retry', attempt: made + 1, delayMs, error }
    // an aborted wait ends here, and the next start reports the abort
    await sleep(delayMs, signal).catch(() => {})
    attempt = await start()
  }
}

/** Milliseconds to wait after the `made`-th attempt failed; undefined when it is the last one. */
export function delayAfter(
  error: ModelErrorData,
  made: number,
  options: RetryOptions,
  random: () => number,
): number | undefined {
  // a plain 500 is as often a defect that the same request meets again
  const isPlain = error.status === 500 && options.statuses === undefined
  const attempts = isPlain ? Math.min(2, options.attempts) : options.attempts
  if (!error.retryable || made >= attempts) return undefined
  const asked = error.retryAfterMs ?? 0
  if (asked > options.maxDelayMs) return undefined
  // full jitter spreads clients that were turned away together
  const backOff = Math.min(options.maxDelayMs, options.baseDelayMs * 2 ** (made - 1))
  return Math.max(asked, Math.floor(random() * backOff))
}
