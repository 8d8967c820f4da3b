import { truthOf, unknown, type Truth } from './truth.ts'

interface Window {
  /** Milliseconds since the epoch; `until` is not included. */
  readonly from?: number
  readonly until?: number
}

/** Whether a time lies in a window; unknown when there is no time. */
export function isWithin(now: number, { from = -Infinity, until = Infinity }: Window): Truth {
  return Number.isFinite(now) ? truthOf(from <= now && now < until) : unknown
}

/** The first millisecond after a day that there is, UTC. */
export function endOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) + 24 * 60 * 60_000
}
