import { toDecimal } from '../base/decimal.ts'
import type { JsonObject } from '../base/json.ts'
import { absent, valueAt } from '../base/json-path.ts'

/** Digits behind the point that are counted exactly; what is smaller is rounded up. */
const places = 9

/** What one call takes. */
export const oneUnit = 10n ** BigInt(places)

/** A number as a whole number of billionths. */
export function toUnits(value: number): bigint {
  const { digits, exponent } = toDecimal(value)
  const shift = exponent + places
  if (shift >= 0) return digits * 10n ** BigInt(shift)
  const divisor = 10n ** BigInt(-shift)
  const whole = digits / divisor
  // no digits end in zeros: something is left
  return digits < 0n ? whole : whole + 1n
}

/** Billionths as a number, to be shown. */
export function fromUnits(units: bigint): number {
  return Number(units) / 10 ** places
}

/** Money may be written as decimal text. */
const decimalText = /^-?(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,9}))?$/

/**
 * What a call adds to a sum; undefined when that cannot be told. An absent argument adds nothing,
 * and so does a negative one: nobody earns room by it.
 */
export function amountAt(args: JsonObject | null, path: readonly string[]): bigint | undefined {
  const value = valueAt(args, path)
  if (value === absent) return 0n
  const units = unitsOf(value)
  return units !== undefined && units < 0n ? 0n : units
}

/** Of a text every digit counts, also those that a number could not hold. */
function unitsOf(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? toUnits(value) : undefined
  if (typeof value !== 'string') return undefined
  const [text, whole = '', fraction = ''] = decimalText.exec(value) ?? []
  if (text === undefined) return undefined
  return text.startsWith('-') ? 0n : BigInt(whole + fraction.padEnd(places, '0'))
}
