import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { ConfigObject, type Note } from './security-config.ts'

/** So many calls in so many seconds; none at all when `max` is 0. */
export interface Rate {
  readonly max: number
  readonly seconds: number | undefined
}

const units: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
}

/** Durations of Go are whole nanoseconds; no window in seconds is that long. */
const leastNanoseconds = 1_000_000_000

/** A rate limit in any of its spellings. A window of unclear unit is read as seconds. */
export function readRate(
  value: JsonValue | undefined,
  place: string,
  note: Note,
): Rate | undefined {
  if (value === undefined || !isObject(value)) return undefined
  const config = new ConfigObject(value as JsonValue, place, note)
  const max = config.take('limit', 'maxCalls', 'max', 'requests')
  const milliseconds = config.take('windowMs', 'intervalMs')
  const window = config.take('period', 'interval', 'window')
  config.finish()
  if (typeof max !== 'number') {
    note(`${place} has no number of calls and is not converted`)
    return undefined
  }
  const seconds =
    typeof milliseconds === 'number' ? milliseconds / 1000 : readWindow(window, place, note)
  return { max: Math.max(0, Math.floor(max)), seconds }
}

function readWindow(window: JsonValue | undefined, place: string, note: Note): number | undefined {
  if (typeof window === 'number') {
    if (window >= leastNanoseconds) return window / leastNanoseconds
    note(`${place}: a window of ${window} is read as seconds`)
    return window
  }
  if (typeof window === 'string') {
    const unit = units[window.toLowerCase().replace(/s$/, '')]
    if (unit !== undefined) return unit
    const parts = [...window.matchAll(/(\d+(?:\.\d+)?)(h|m|s)/g)]
    if (parts.length > 0 && parts.map(([part]) => part).join('') === window) {
      const scale = { h: 3600, m: 60, s: 1 }
      return parts.reduce((sum, [, n, u]) => sum + Number(n) * scale[u as 'h' | 'm' | 's'], 0)
    }
  }
  note(`${place} has no window that is understood: the calls are counted for ever`)
  return undefined
}

/** A limit for a policy; a rate of 0 has none, and is a deny instead. */
export function limitDocument(
  id: string,
  tool: string,
  { max, seconds }: Rate,
  role?: string,
): JsonObject {
  return {
    id,
    tools: [tool],
    per: 'subject',
    max,
    ...(seconds === undefined ? {} : { window: `${Math.max(1, Math.ceil(seconds))}s` }),
    ...(role === undefined ? {} : { who: { roles: [role] } }),
    over: 'deny',
  }
}
