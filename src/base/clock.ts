/** Source of time. Wall time is for people and expiry, monotonic time for durations and windows. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds from an arbitrary origin; never goes back. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

/**
 * RFC 3339 text of a wall time. Events come close together: a millisecond is written once, and
 * what comes before it once a second, since `toISOString` costs more than most of the event.
 */
export function createTimeFormatter(): (milliseconds: number) => string {
  let last = Number.NaN
  let text = ''
  let second = Number.NaN
  let beginning = ''
  return (milliseconds) => {
    if (milliseconds === last) return text
    last = milliseconds
    const whole = Math.floor(milliseconds / 1000)
    if (whole !== second) {
      second = whole
      beginning = new Date(whole * 1000).toISOString().slice(0, -4)
    }
    const rest = Math.floor(milliseconds - whole * 1000)
    text = `${beginning}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`
    return text
  }
}
