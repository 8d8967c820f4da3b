import type { Clock } from '../base/clock.ts'

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves wall time and monotonic time on by `milliseconds`. */
  advance(milliseconds: number): void
}

/**
 * A clock for tests. `startMs` is its wall time in milliseconds since the epoch.
 *
 * @example
 * ```ts
 * const clock = manualClock(Date.parse('2026-11-01T00:00:00Z'))
 * const runtime = createRuntime({ model, policy, clock })
 * clock.advance(60_000)
 * ```
 */
export function manualClock(startMs = 0): ManualClock {
  let elapsed = 0
  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    advance(milliseconds) {
      elapsed += milliseconds
    },
  }
}
