import { toDecimal } from '../base/decimal.ts'

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
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || value < 0) return undefined
    const { digits, exponent } = toDecimal(value)
    return shifted(digits, exponent + decimals)
  }
  if (typeof value !== 'string' || value.length > maxLength) return undefined
  const parts = /^([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,2}))?$/.exec(value)
  if (parts === null) return undefined
  const [, whole = '', fraction = '', power = '0'] = parts
  return shifted(BigInt(whole + fraction), Number(power) - fraction.length + decimals)
}

function shifted(digits: bigint, exponent: number): bigint {
  return exponent >= 0 ? digits * 10n ** BigInt(exponent) : digits / 10n ** BigInt(-exponent)
}

/** The amount as decimal text without superfluous digits: `0.15`. */
export function moneyText(money: Money): string {
  const digits = String(money).padStart(decimals + 1, '0')
  const fraction = digits.slice(-decimals).replace(/0+$/, '')
  const whole = digits.slice(0, -decimals)
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** The double nearest to the amount, in US dollars. */
export function toDollars(money: Money): number {
  return Number(moneyText(money))
}
