/** Spans of time of one length, in order and without gaps. */
export interface Bucket<Value> {
  readonly unit: 'minute' | 'hour' | 'day' | 'month'
  /** Spans before the first one that is listed, whose runs are in none. */
  readonly left: number
  readonly spans: readonly { readonly at: string; readonly value: Value }[]
}

/** Spans that are listed at most. */
const mostSpans = 60

/** How much of an RFC 3339 text in UTC names a span of each unit. */
const units = [
  ['minute', 16, 60_000],
  ['hour', 13, 3_600_000],
  ['day', 10, 86_400_000],
] as const

/**
 * Things by the time they began, in the smallest unit of which 60 reach from the first to the last; of
 * more than 60 months the last 60. Times that are none are left out.
 */
export function bucketsOf<Item extends { readonly startedAt: string }, Value>(
  items: readonly Item[],
  valueOf: (items: readonly Item[]) => Value,
): Bucket<Value> {
  const times = new Map<Item, string>()
  for (const item of items) {
    const time = Date.parse(item.startedAt)
    if (!Number.isNaN(time)) times.set(item, new Date(time).toISOString())
  }
  const sorted = [...times.values()].toSorted()
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (first === undefined || last === undefined) return { unit: 'day', left: 0, spans: [] }
  const { unit, length, names } = namesBetween(first, last)
  const groups = Map.groupBy(times.keys(), (item) => times.get(item)!.slice(0, length))
  const shown = names.slice(-mostSpans)
  const spans = shown.map((at) => ({ at, value: valueOf(groups.get(at) ?? []) }))
  return { unit, left: names.length - shown.length, spans }
}

function namesBetween(
  first: string,
  last: string,
): { readonly unit: Bucket<never>['unit']; readonly length: number; readonly names: string[] } {
  for (const [unit, length, step] of units) {
    const start = Math.floor(Date.parse(first) / step)
    const count = Math.floor(Date.parse(last) / step) - start + 1
    if (count > mostSpans) continue
    const names = Array.from({ length: count }, (_, index) =>
      new Date((start + index) * step).toISOString().slice(0, length),
    )
    return { unit, length, names }
  }
  return { unit: 'month', length: 7, names: monthsBetween(first, last) }
}

function monthsBetween(first: string, last: string): string[] {
  const [start, end] = [monthOf(first), monthOf(last)]
  return Array.from({ length: end - start + 1 }, (_, index) =>
    new Date(Date.UTC(1970, start - 1970 * 12 + index)).toISOString().slice(0, 7),
  )
}

function monthOf(at: string): number {
  const date = new Date(at)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}
