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

/** Whether there is such a day, as `YYYY-MM-DD`; engines read some others as one of the next month. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text
}

/** The first millisecond after a day that there is, UTC. */
export function endOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) + 24 * 60 * 60_000
}
