import { readDecimal, toDecimal, writeDecimal, type Decimal } from '../base/decimal.ts'

/**
 * An amount of US dollars in units of 10^-18, so that sums neither round nor drift. Prices per
 * million tokens with up to 12 decimals are exact for each single token.
 */
export type Money = bigint

const decimals = 18

/** Longest text of an amount; prices have some ten characters. */
const maxLength = 64

/**
 * The money a number or a decimal text stands for (`0.15`, `1e-7`); digits beyond the eighteenth
 * decimal are cut off. Undefined for what is negative, not finite, or no number.
 */
export function readMoney(value: unknown): Money | undefined {
  const decimal = decimalOf(value)
  if (decimal === undefined) return undefined
  const { digits, exponent } = decimal
  const shift = exponent + decimals
  return shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift)
}

function decimalOf(value: unknown): Decimal | undefined {
  if (typeof value === 'number') {
    return Number.isFinite(value) && value >= 0 ? toDecimal(value) : undefined
  }
  return typeof value === 'string' && value.length <= maxLength ? readDecimal(value) : undefined
}

/** The amount as decimal text without superfluous digits: `0.15`. */
export function moneyText(money: Money): string {
  return writeDecimal({ digits: money, exponent: -decimals })
}

/** The double nearest to the amount, in US dollars. */
export function toDollars(money: Money): number {
  return Number(moneyText(money))
}
