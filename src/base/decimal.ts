/** A decimal number: `digits` times ten to the power of `exponent`. */
export interface Decimal {
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

/**
 * The double nearest to the sum of two finite numbers as both are written in decimal; the largest
 * there is for a sum beyond it, which can be added to again.
 */
export function addDecimals(a: number, b: number): number {
  if (a === 0 || b === 0) return a + b
  const [x, y] = [toDecimal(a), toDecimal(b)]
  const exponent = Math.min(x.exponent, y.exponent)
  const sum = Number(`${scaled(x, exponent) + scaled(y, exponent)}e${exponent}`)
  return Math.min(sum, Number.MAX_VALUE)
}

function scaled({ digits, exponent }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to)
}

/** A finite number as ECMAScript prints it. */
export function toDecimal(value: number): Decimal {
  const [mantissa = '0', power = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), exponent: Number(power) - fraction.length }
}

/** The number that a text such as `0.15` or `1e-7` stands for; undefined for others, negative ones too. */
export function readDecimal(text: string): Decimal | undefined {
  const parts = /^([0-9]+)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]{1,2}))?$/.exec(text)
  if (parts === null) return undefined
  const [, whole = '', fraction = '', power = '0'] = parts
  return { digits: BigInt(whole + fraction), exponent: Number(power) - fraction.length }
}

/** A number that is not negative, exactly, in plain digits without needless zeros. */
export function writeDecimal({ digits, exponent }: Decimal): string {
  if (exponent >= 0) return String(digits * 10n ** BigInt(exponent))
  const text = String(digits).padStart(1 - exponent, '0')
  const whole = text.slice(0, exponent)
  const fraction = text.slice(exponent).replace(/0+$/, '')
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/**
 * The decimal number `text` times ten to the power of `places`, as `writeDecimal` does. Undefined for
 * what `readDecimal` does not read, and for more than 40 characters.
 */
export function shiftDecimal(text: string, places: number): string | undefined {
  const read = text.length > 40 ? undefined : readDecimal(text)
  return read && writeDecimal({ ...read, exponent: read.exponent + places })
}
