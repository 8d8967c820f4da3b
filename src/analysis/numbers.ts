/** A whole number and a broken one strictly between two bounds, as far as there are any. */
export function numbersBetween(low: number, high: number): readonly number[] {
  return [wholeBetween(low, high), brokenBetween(low, high)].filter(
    (value) => value !== undefined && value > low && value < high,
  ) as readonly number[]
}

function wholeBetween(low: number, high: number): number | undefined {
  if (low === -Infinity && high === Infinity) return 0
  const middle = Math.trunc(low / 2 + high / 2)
  // beyond 2^53 the next whole number is further away than one
  const candidates = [Math.floor(low) + 1, Math.ceil(high) - 1, middle, low * 2, high * 2]
  return candidates.find((value) => Number.isFinite(value) && value > low && value < high)
}

function brokenBetween(low: number, high: number): number | undefined {
  const whole = wholeBetween(low, high)
  const candidates = [
    low + (high - low) / 2,
    low + (high - low) / 3,
    ...(whole === undefined ? [] : [whole + 0.5, whole - 0.5]),
  ]
  return candidates.find(
    (value) => Number.isFinite(value) && !Number.isInteger(value) && value > low && value < high,
  )
}

/** Whether a multiple of `divisor` may lie strictly between the bounds; in doubt, yes. */
export function hasMultiple(low: number, high: number, divisor: number): boolean {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return true
  const first = Math.floor(low / divisor) + 1
  const slack = divisor * 1e-9
  return [first - 1, first, first + 1].some(
    (count) => count * divisor > low + slack && count * divisor < high - slack,
  )
}
