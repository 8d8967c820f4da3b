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

export function toDecimal(value: number): Decimal {
  const [mantissa = '0', power = '0'] = String(value).split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), exponent: Number(power) - fraction.length }
}

/**
 * The decimal number `text` times ten to the power of `places`, exactly, in plain digits without
 * needless zeros. Undefined for what is no such number, is negative or longer than 40 characters.
 */
export function shiftDecimal(text: string, places: number): string | undefined {
  const parts = /^([0-9]+)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]{1,2}))?$/.exec(text)
  if (parts === null || text.length > 40) return undefined
  const [, whole = '', fraction = '', power = '0'] = parts
  const digits = whole + fraction
  const point = whole.length + places + Number(power)
  const left = digits.slice(0, Math.max(0, point)).padEnd(point, '0').replace(/^0+/, '')
  const right = ('0'.repeat(Math.max(0, -point)) + digits.slice(Math.max(0, point))).replace(
    /0+$/,
    '',
  )
  return `${left === '' ? '0' : left}${right === '' ? '' : `.${right}`}`
}
