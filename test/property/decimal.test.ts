import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { shiftDecimal } from '../../src/base/decimal.ts'

const digits = fc.stringMatching(/^[0-9]{1,12}$/)

/** The value of plain digits, times ten to the power of 60. */
function scaled(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(60, '0'))
}

test('a shifted decimal is the number times a power of ten, in the one plain form it has', () => {
  fc.assert(
    fc.property(
      digits,
      fc.option(digits),
      fc.integer({ min: -20, max: 20 }),
      fc.integer({ min: 0, max: 8 }),
      (whole, fraction, power, places) => {
        const plain = fraction === null ? whole : `${whole}.${fraction}`
        const shifted = shiftDecimal(`${plain}e${power}`, places)!
        const by = power + places
        const value = scaled(plain)
        expect(scaled(shifted)).toBe(
          by < 0 ? value / 10n ** BigInt(-by) : value * 10n ** BigInt(by),
        )
        expect(shifted).toMatch(/^(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$/)
      },
    ),
  )
})

test('what is no decimal number is not shifted', () => {
  for (const text of ['', '-1', '+1', '.5', '5.', '1e', '1e999', ' 1', '1 ', 'NaN', '1_0', '٣']) {
    expect(shiftDecimal(text, 6)).toBeUndefined()
  }
  expect(shiftDecimal('1'.repeat(41), 0)).toBeUndefined()
})
