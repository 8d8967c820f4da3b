import { describe, expect, test } from 'vitest'
import { hasIbanCheckDigits, ibanLength } from '../../../src/gate/iban.ts'

// the examples of the SWIFT IBAN registry
const examples = [
  'AD1200012030200359100100',
  'AE070331234567890123456',
  'AL47212110090000000235698741',
  'AT611904300234573201',
  'BE68539007547034',
  'BG80BNBG96611020345678',
  'BR1800360305000010009795493C1',
  'CH9300762011623852957',
  'CY17002001280000001200527600',
  'CZ6508000000192000145399',
  'DE89370400440532013000',
  'DK5000400440116243',
  'EE382200221020145685',
  'ES9121000418450200051332',
  'FI2112345600000785',
  'FO6264600001631634',
  'FR1420041010050500013M02606',
  'GB29NWBK60161331926819',
  'GI75NWBK000000007099453',
  'GR1601101250000000012300695',
  'HR1210010051863000160',
  'HU42117730161111101800000000',
  'IE29AIBK93115212345678',
  'IS140159260076545510730339',
  'IT60X0542811101000000123456',
  'LI21088100002324013AA',
  'LT121000011101001000',
  'LU280019400644750000',
  'LV80BANK0000435195001',
  'MC5811222000010123456789030',
  'MT84MALT011000012345MTLCAST001S',
  'NL91ABNA0417164300',
  'NO9386011117947',
  'PL61109010140000071219812874',
  'PT50000201231234567890154',
  'RO49AAAA1B31007593840000',
  'SA0380000000608010167519',
  'SE4550000000058398257466',
  'SI56263300012039086',
  'SK3112000000198742637541',
  'SM86U0322509800000000270100',
  'TR330006100519786457841326',
  'VA59001123000012345678',
]

describe('an IBAN', () => {
  test.each(examples)('%s has the length of its country and right check digits', (iban) => {
    expect(ibanLength(iban.slice(0, 2))).toBe(iban.length)
    expect(ibanLength(iban.slice(0, 2).toLowerCase())).toBe(iban.length)
    expect(hasIbanCheckDigits(iban)).toBe(true)
    expect(hasIbanCheckDigits(iban.toLowerCase())).toBe(true)
  })

  test.each(examples)('%s is none with another digit', (iban) => {
    const last = iban.at(-1)!
    const other = last === '7' ? '8' : '7'
    expect(hasIbanCheckDigits(iban.slice(0, -1) + other)).toBe(false)
    expect(hasIbanCheckDigits(iban.slice(0, 2) + '00' + iban.slice(4))).toBe(false)
  })

  test('of a country that is not in the registry has no length', () => {
    for (const country of ['US', 'XX', '', 'D', 'DE2', 'DE22']) {
      expect(ibanLength(country)).toBeUndefined()
    }
  })
})
