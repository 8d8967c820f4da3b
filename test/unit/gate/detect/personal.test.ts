import { describe, expect, test } from 'vitest'
import {
  findCards,
  findEmails,
  findIbans,
  findPhones,
} from '../../../../src/gate/detect/personal.ts'
import { replaceFound, type Detector } from '../../../../src/gate/detect/span.ts'

const found = (detect: Detector, text: string): readonly string[] =>
  detect(text).map(({ start, end }) => text.slice(start, end))

describe('numbers and addresses of people', () => {
  test('cards have an issuer, a length and a check digit', () => {
    const text = '4111111111111111, 4111 1111 1111 1111; 5500-0000-0000-0004 378282246310005.'
    expect(new Set(found(findCards, text))).toEqual(
      new Set([
        '4111111111111111',
        '4111 1111 1111 1111',
        '5500-0000-0000-0004',
        '378282246310005',
      ]),
    )
    for (const none of [
      '4111111111111112',
      '1732193934123',
      '0000000000000000',
      '41111111111111111111111',
      'x4111111111111111',
      '9999 9999 9999 9995',
    ]) {
      expect(found(findCards, none)).toEqual([])
    }
  })

  test('IBANs have the length of their country and right check digits', () => {
    const text =
      'to DE89370400440532013000 or GB29 NWBK 6016 1331 9268 19 now, de89370400440532013000'
    expect(found(findIbans, text)).toEqual([
      'DE89370400440532013000',
      'GB29 NWBK 6016 1331 9268 19',
      'de89370400440532013000',
    ])
    for (const none of [
      'DE88370400440532013000',
      'DE8937040044053201300',
      'XX89370400440532013000',
    ]) {
      expect(found(findIbans, none)).toEqual([])
    }
  })

  test('mail addresses have a domain', () => {
    const text = 'Ann <ann.o+x@mail.example>, b@c, jürgen@bücher.example. @x.example a@@b.example'
    expect(found(findEmails, text)).toEqual(['ann.o+x@mail.example', 'jürgen@bücher.example'])
  })

  test('telephone numbers are international or North American', () => {
    const text = 'call +49 (30) 123-45678, 0044 20 7946 0958 or (212) 555-0123.'
    expect(found(findPhones, text)).toEqual([
      '+49 (30) 123-45678',
      '0044 20 7946 0958',
      '(212) 555-0123',
    ])
    for (const none of ['2026-11-21', '1.2.3.4', 'version 10.20.30', '12345678', 'O-555-012-34']) {
      expect(found(findPhones, none)).toEqual([])
    }
  })

  test('parts that overlap are replaced once', () => {
    const parts = [
      { start: 2, end: 5 },
      { start: 0, end: 3 },
      { start: 7, end: 8 },
    ]
    expect(replaceFound('abcdefghij', parts, () => '_')).toEqual({ text: '_fg_ij', count: 2 })
  })
})
