/**
 * The wait a provider asks for, in whole milliseconds, from `Retry-After-Ms` or `Retry-After`
 * (RFC 9110 section 10.2.3: seconds or an HTTP date). To be read on errors only: some providers
 * send it with every answer. Undefined when absent or malformed; a date in the past is 0.
 */
export function retryAfter(
  header: (name: string) => string | undefined,
  now: number,
): number | undefined {
  const milliseconds = header('retry-after-ms')
  // some endpoints send 0 here beside a meaningful number of seconds
  if (milliseconds !== undefined && /^[0-9]+(\.[0-9]+)?$/.test(milliseconds)) {
    const value = whole(Number(milliseconds))
    if (value > 0) return value
  }
  const text = header('retry-after')?.trim()
  if (text === undefined || text === '') return undefined
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return whole(Number(text) * 1000)
  // without a letter Date.parse would read odd numbers as years
  if (!/^[A-Z][a-z]{2}/.test(text)) return undefined
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** However many digits a wait has, none is shorter for being longer. */
function whole(milliseconds: number): number {
  return Math.min(Math.ceil(milliseconds), Number.MAX_SAFE_INTEGER)
}
