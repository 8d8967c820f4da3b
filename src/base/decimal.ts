/** A number as ECMAScript prints it: `digits` times ten to the power of `exponent`. */
interface Decimal {
  readonly digits: bigint
  readonly exponent: number
}

/**
 * True when `value` is a whole multiple of `divisor` as both are written in decimal. The binary
 * remainder would call 0.3 no multiple of 0.1. Exponents of doubles, from -324 to 308, bound the work.
 */
export function isMultipleOf(value: number, divisor: number): boolean {
  if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0
  const a = toDecimal(value)
  const b = toDecimal(divisor)
  const exponent = Math.min(a.exponent, b.exponent)
  return scaled(a, exponent) % scaled(b, exponent) === 0n
}

/** The double nearest to the sum of two numbers as both are written in decimal. */
export function addDecimals(a: number, b: number): number {
  if (a === 0 || b === 0) return a + b
  const [x, y] = [toDecimal(a), toDecimal(b)]
  const exponent = Math.min(x.exponent, y.exponent)
  return Number(`${scaled(x, exponent) + scaled(y, exponent)}e${exponent}`)
}

function scaled({ digits, exponent }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to)
}

export function toDecimal(value: number): Decimal {
  const [mantissa = '0', power = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), exponent: Number(power) - fraction.length }
}
