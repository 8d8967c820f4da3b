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

/** The body with the check digit of Luhn's formula behind it. */
function withCheckDigit(body: string): string {
  const sum = [...body].toReversed().reduce((all, digit, at) => {
    const value = Number(digit) * (at % 2 === 0 ? 2 : 1)
    return all + Math.floor(value / 10) + (value % 10)
  }, 0)
  return body + String((10 - (sum % 10)) % 10)
}

const cardOf = (prefix: string, length: number): string =>
  withCheckDigit(prefix.padEnd(length - 1, '1234905678'))

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at)

describe('cards', () => {
  test.each([
    [['4'], [13, 16, 19]],
    [['51', '52', '55', '2221', '2229', '223', '229', '23', '26', '270', '271', '2720'], [16]],
    [['34', '37'], [15]],
    [['3528', '3529', '353', '358'], range(16, 19)],
    [['300', '305', '309', '36', '38', '39'], range(14, 19)],
    [['81'], range(16, 19)],
    [['50', '56', '59', '60', '6011', '62', '64', '65', '69'], range(12, 19)],
  ])('that begin with %j have one of the lengths %j', (prefixes, lengths) => {
    for (const prefix of prefixes) {
      const valid = range(11, 20).filter((length) => findCards(cardOf(prefix, length)).length > 0)
      expect([prefix, valid]).toEqual([prefix, lengths])
    }
  })

  test.each([
    '0',
    '1',
    '2220',
    '220',
    '272',
    '2721',
    '28',
    '306',
    '308',
    '31',
    '32',
    '33',
    '350',
    '3527',
    '359',
    '70',
    '80',
    '82',
    '9',
    '14',
    '151',
    '134',
    '181',
    '135',
    '150',
    '162',
  ])('of no issuer begin with %s', (prefix) => {
    for (const length of range(12, 19)) expect(findCards(cardOf(prefix, length))).toEqual([])
  })

  test.each([
    ['4111 1111 1111 1111', '4111-1111-1111-1111'],
    ['6212 4567 8012 3457 005', '6212-4567-8012-3457-005'],
    ['3782 822463 10005', '3782-822463-10005'],
    ['3056 930902 5904', '3056-930902-5904'],
  ])('come in the groups of %j', (...cards) => {
    for (const card of cards) {
      expect(found(findCards, card)).toContain(card)
      expect(found(findCards, `(${card})`)).toContain(card)
      expect(found(findCards, `x${card}`)).toEqual([])
      expect(found(findCards, `${card}x`)).toEqual([])
    }
  })

  test.each([
    ['a digit too many', '41111111111111111111'],
    ['a wrong check digit', '4111111111111112'],
    ['one digit over and over', '6666666666666'],
    ['groups apart in two ways', '4111 1111-1111 1111'],
    ['other groups', '411 11111 1111 1111'],
    ['other signs between the groups', '4111.1111.1111.1111'],
    ['a letter before it', 'x4111111111111111'],
    ['a letter behind it', '4111111111111111x'],
  ])('have not %s', (_, text) => expect(findCards(text)).toEqual([]))

  test('are found where other digits stand beside them', () => {
    expect(found(findCards, '2024 4111 1111 1111 1111')).toEqual(['4111 1111 1111 1111'])
    expect(found(findCards, '4111 1111 1111 1111 123')).toEqual(['4111 1111 1111 1111'])
    expect(found(findCards, '4111111111111111 378282246310005')).toEqual([
      '4111111111111111',
      '378282246310005',
    ])
  })
})

describe('IBANs', () => {
  test('have the length of their country and right check digits', () => {
    const text =
      'to DE89370400440532013000 or GB29 NWBK 6016 1331 9268 19 now, de89-3704-0044-0532-0130-00'
    expect(found(findIbans, text)).toEqual([
      'DE89370400440532013000',
      'GB29 NWBK 6016 1331 9268 19',
      'de89-3704-0044-0532-0130-00',
    ])
  })

  // the remainder by 97 is right in all but the first
  test.each([
    ['wrong check digits', 'DE88370400440532013000'],
    ['a character too few', 'DE5137040044053201300'],
    ['a character too many', 'DE543704004405320130001'],
    ['a country without IBANs', 'XX46370400440532013000'],
    ['a country without IBANs and a character behind it', 'XX463704004405320130009'],
    ['a letter for a check digit', 'DE2A370400440532013005'],
    ['a letter before it', 'xDE89370400440532013000'],
    ['a letter behind it', 'DE89370400440532013000x'],
    ['two spaces in it', 'DE89  370400440532013000'],
  ])('have not %s', (_, text) => expect(findIbans(text)).toEqual([]))

  test('are found beside what looks like the beginning of one', () => {
    expect(found(findIbans, 'no12 DE89370400440532013000')).toEqual(['DE89370400440532013000'])
    expect(found(findIbans, 'DE89370400440532013000 GB29NWBK60161331926819')).toEqual([
      'DE89370400440532013000',
      'GB29NWBK60161331926819',
    ])
    const longest = 'RU0204452560040702810412345678901'
    expect(found(findIbans, longest)).toEqual([longest])
    expect(found(findIbans, `${longest}2`)).toEqual([])
  })
})

describe('mail addresses', () => {
  test('have a domain', () => {
    const text = 'Ann <ann.o+x@mail.example>, b@c, jürgen@bücher.example. @x.example a@@b.example'
    expect(found(findEmails, text)).toEqual(['ann.o+x@mail.example', 'jürgen@bücher.example'])
  })

  test.each([
    ['a@mx-1.mail.example', ['a@mx-1.mail.example']],
    ['@ a@b.example', ['a@b.example']],
    ['a@b.example.x@c.example', ['a@b.example', '.x@c.example']],
    ['a@b.example@c.example', ['a@b.example']],
    ['a@-b.example', []],
    ['a@b.e', []],
    ['a@b.4x', []],
    ['a b@c.example', ['b@c.example']],
  ])('of %j are %j', (text, addresses) => expect(found(findEmails, text)).toEqual(addresses))

  test('have at most 64 characters before the sign', () => {
    expect(found(findEmails, `${'a'.repeat(64)}@b.example`)).toEqual([
      `${'a'.repeat(64)}@b.example`,
    ])
    expect(found(findEmails, `x${'a'.repeat(64)}@b.example`)).toEqual([
      `${'a'.repeat(64)}@b.example`,
    ])
  })
})

describe('telephone numbers', () => {
  test.each([
    '+49 (30) 123-45678',
    '0044 20 7946 0958',
    '+4930123456',
    '+44/20.7946-0958',
    '(212) 555-0123',
    '(212)555.0123',
    '212-555-0123',
    '212.555.0123',
    '212 555 0123',
  ])('are international or North American: %s', (number) => {
    expect(found(findPhones, number)).toEqual([number])
    expect(found(findPhones, `call ${number}.`)).toEqual([number])
    expect(findPhones(`5${number}`)).toEqual([])
  })

  test.each([
    '2026-11-21',
    '1.2.3.4',
    'version 10.20.30',
    '12345678',
    'O-555-012-34',
    '+0 1234567890',
    '+12345',
    '+49301234567890123',
    '112-555-0123',
    '212-555-01234',
    '212-155-0123',
    '212-555-0123-4',
    '(112) 555-0123',
    '212_555_0123',
  ])('are not what looks like one: %s', (text) => expect(findPhones(text)).toEqual([]))
})

const mark = (part: string): string => `<${part}>`

describe('parts of a text', () => {
  test('are replaced together where they overlap', () => {
    const parts = [
      { start: 2, end: 5 },
      { start: 0, end: 3 },
      { start: 7, end: 8 },
    ]
    expect(replaceFound('abcdefghij', parts, mark)).toEqual({
      text: '<abcde>fg<h>ij',
      count: 2,
    })
  })

  test('are replaced one by one where they touch', () => {
    const parts = [
      { start: 1, end: 3 },
      { start: 3, end: 4 },
    ]
    expect(replaceFound('abcdef', parts, mark)).toEqual({ text: 'a<bc><d>ef', count: 2 })
  })

  test('are replaced once where one holds the other, whichever comes first', () => {
    const parts = [
      { start: 1, end: 2 },
      { start: 1, end: 5 },
      { start: 2, end: 3 },
    ]
    for (const list of [parts, parts.toReversed()]) {
      expect(replaceFound('abcdef', list, mark)).toEqual({ text: 'a<bcde>f', count: 1 })
    }
  })

  test('are none in a text that stays as it is', () => {
    expect(replaceFound('abc', [], mark)).toEqual({ text: 'abc', count: 0 })
  })
})
