interface Decimal {
  readonly digits: bigint
  /** Power of ten the digits are multiplied by. */
  readonly exponent: number
}

/**
 * True when `value` is a whole multiple of `divisor` as both are written in decimal. The binary
 * remainder would call 0.3 no multiple of 0.1. Exponents of a double bound the work.
 */
export function isMultipleOf(value: number, divisor: number): boolean {
  const a = toDecimal(value)
  const b = toDecimal(divisor)
  const exponent = Math.min(a.exponent, b.exponent)
  return scaled(a, exponent) % scaled(b, exponent) === 0n
}

function scaled({ digits, exponent }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to)
}

export function toDecimal(value: number): Decimal {
  const [mantissa = '0', power = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), exponent: Number(power) - fraction.length }
}
