/** Whether there is such a day, as `YYYY-MM-DD`; engines read some others as one of the next month. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text
}

const timeForm = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/

/**
 * Milliseconds since the epoch of a date (UTC), or of a date and a time with its zone: whatever else
 * engines read means other things elsewhere. Undefined for any other text.
 */
export function readTime(text: string): number | undefined {
  const written = text.toUpperCase()
  const day = timeForm.exec(written)?.[1]
  const time = Date.parse(written)
  return day !== undefined && !Number.isNaN(time) && isDay(day) ? time : undefined
}
