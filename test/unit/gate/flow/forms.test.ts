import { describe, expect, test } from 'vitest'
import { dateOf, datesIn } from '../../../../src/gate/flow/dates.ts'
import {
  canonical,
  endorsedForm,
  formsIn,
  formsOfNumber,
  idForm,
  isEmpty,
  openQuery,
  queryOf,
} from '../../../../src/gate/flow/forms.ts'
import { printOf, withoutAddresses } from '../../../../src/gate/flow/print.ts'
import { wordsOf } from '../../../../src/gate/flow/words.ts'

describe('the one form of a value', () => {
  test.each([
    ['url', ' https://A.example:443/ ', 'url:https:a.example'],
    ['url', 'a.example/x?y#z', 'url:any:a.example/x?y#z'],
    ['url', 'http://a.example:8080/x/', 'url:http:a.example:8080/x/'],
    ['host', 'A.example.', 'host:a.example'],
    ['email', 'Bob@Corp.Example', 'email:bob@corp.example'],
    ['iban', 'de89 3704-0044\u00a00532 0130 00', 'iban:DE89370400440532013000'],
    ['iban', 'DE8937040044', 'iban:DE8937040044'],
    ['iban', `DE89${'1'.repeat(30)}`, `iban:DE89${'1'.repeat(30)}`],
    ['date', '3 May 2026', 'date:2026-05-03'],
    ['money', '1.234,50 EUR', 'money:1234.5'],
    ['money', 'usd 5', 'money:5'],
    ['money', '5gbp', 'money:5'],
    ['money', 'CHF 5', 'money:5'],
    ['path', './a/../b/', 'path:b'],
    ['path', '/', 'path:/'],
    ['path', 'a/', 'path:a'],
    ['path', '/a', 'path:/a'],
    ['path', '..a', 'path:..a'],
    ['path', 'cafe\u0301', 'path:caf\u00e9'],
  ] as const)('%s: of %j is %j', (form, value, one) => expect(canonical(value, form)).toBe(one))

  test.each([
    ['url', ''],
    ['url', 'https://u@a.example'],
    ['host', 'a@b.example'],
    ['host', 'https://a.example'],
    ['email', '@corp.example'],
    ['email', 'bob'],
    ['iban', 'DE893704004'],
    ['iban', `DE89${'1'.repeat(31)}`],
    ['iban', '1E8937040044'],
    ['iban', 'DEX937040044'],
    ['iban', 'DE89370400!4'],
    ['date', 'tomorrow'],
    ['money', 'five'],
    ['path', ''],
    ['path', '..'],
    ['path', '../a'],
    ['path', 'a/../../b'],
    ['path', 'a\\b'],
    ['path', 'a\u001fb'],
    ['text', 'a'],
    ['id', 'a'],
    ['argv', 'a'],
    ['sql', 'a'],
  ] as const)('%s: there is none of %j', (form, value) => {
    expect(canonical(value, form)).toBeUndefined()
  })
})

const accountOf = (length: number): string => 'DE89'.padEnd(length - 8) + '37040044'

describe('what is looked for', () => {
  test.each([
    [5, 'money', ['money:5'], undefined],
    [1.125, 'money', ['money:1.125'], ['1.125']],
    [1.125, undefined, ['number:1.125'], undefined],
    [1.5, undefined, ['number:1.5'], undefined],
    [true, 'url', [], ['true']],
    [null, undefined, [], ['null']],
    ['A b', undefined, [], ['a', 'b']],
    ['A b', 'text', [], ['a', 'b']],
    ['A b', 'id', [], ['a', 'b']],
    ['https://a.example', 'url', ['url:https:a.example'], undefined],
    ['no url', 'url', [], undefined],
    ['a.example', 'host', ['host:a.example'], undefined],
    ['no host', 'host', [], undefined],
    ['a@b.example', 'email', ['email:a@b.example'], undefined],
    ['a at b', 'email', [], undefined],
    ['a/b', 'path', ['path:a/b'], undefined],
    [' a ', 'path', ['path:a'], ['a']],
    ['my a/b', 'path', ['path:my a/b'], ['my', 'a/b']],
    ['../a', 'path', [], undefined],
    ['DE8937040044', 'iban', ['iban:DE8937040044'], undefined],
    ['Ann Smith', 'iban', [], ['ann', 'smith']],
    ['2026-05-03', 'date', ['date:2026-05-03'], undefined],
    ['tomorrow', 'date', [], ['tomorrow']],
    ['$5', 'money', ['money:5'], undefined],
    ['much', 'money', [], ['much']],
  ] as const)('for %j as %s', (value, form, forms, words) => {
    expect(queryOf(value, form)).toEqual({ forms, words })
  })

  test.each([
    ['a.example', ['url:any:a.example'], ['a.example']],
    ['DE8937040044', ['url:any:de8937040044', 'iban:DE8937040044'], ['de8937040044']],
    ['A b', [], ['a', 'b']],
  ])('in any source for %j', (value, forms, words) => {
    expect(openQuery(value)).toEqual({ forms, words })
  })

  test('is a value of at most 8192 characters', () => {
    const [longest, longer] = ['a'.repeat(8192), 'a'.repeat(8193)]
    expect(queryOf(longest, 'path')).toEqual({ forms: [`path:${longest}`], words: [longest] })
    expect(queryOf(longer, 'path')).toEqual({ forms: [], words: undefined })
    expect(queryOf(longer, 'iban')).toEqual({ forms: [], words: [longer] })
    expect(openQuery(accountOf(8192)).forms).toEqual(['iban:DE8937040044'])
    expect(openQuery(accountOf(8193)).forms).toEqual([])
  })

  test('in any source for what is no text', () => {
    expect(openQuery(5)).toEqual({ forms: ['number:5'], words: undefined })
    expect(openQuery(false)).toEqual({ forms: [], words: ['false'] })
  })

  test.each([
    [null, true],
    ['', true],
    [' \n', true],
    ['a', false],
    [0, false],
    [false, false],
  ])('%j is empty: %j', (value, empty) => expect(isEmpty(value)).toBe(empty))

  test('is an id as it is, and a number as its text', () => {
    expect(idForm('cafe\u0301 A')).toBe('id:caf\u00e9 A')
    expect(idForm(13)).toBe(idForm('13'))
  })

  test('is approved in its place, by its type', () => {
    expect(endorsedForm('t', 'a', 13)).toBe('["t","a",13]')
    expect(endorsedForm('t', 'a', '13')).toBe('["t","a","13"]')
  })
})

const forms = (text: string): readonly string[] => [...formsIn(text, wordsOf(text))]

const urls = (rest: string): readonly string[] =>
  ['any', 'http', 'https'].map((scheme) => `url:${scheme}:${rest}`)

const accounts = (text: string): readonly string[] =>
  forms(text).filter((form) => form.startsWith('iban:'))

describe('what a text holds', () => {
  test.each([
    [
      'see https://A.example/x.',
      [
        'url:any:a.example/x',
        'url:https:a.example/x',
        'host:a.example',
        'path:https:/A.example/x',
        'path:see https:/A.example/x.',
      ],
    ],
    ['see a.example\n', [...urls('a.example'), 'host:a.example', 'path:a.example']],
    [
      'at a.example.They\n',
      [
        ...urls('a.example.they'),
        'host:a.example.they',
        ...urls('a.example'),
        'host:a.example',
        'path:a.example.They',
      ],
    ],
    ['to <Bob@Corp.example>.\n', ['email:bob@corp.example', 'path:Bob@Corp.example']],
    [
      'x@y.example.., z@y.example\n',
      ['email:x@y.example', 'email:z@y.example', 'path:x@y.example', 'path:z@y.example'],
    ],
    ['read ([{./notes/may.txt}]).:!?\n', ['path:notes/may.txt']],
    ['pay DE8937040044\n', ['iban:DE8937040044']],
    ['a-b "c~d" `e/f`|g.h1\n', ['path:a-b', 'path:c~d', 'path:e/f', 'path:g.h1']],
    [' my notes ', ['path:my notes']],
    ['my\nnotes', []],
    ['on May 3rd, 2026 at 10:30\n', ['number:2026', 'money:2026', 'date:2026-05-03T10:30']],
    ['$1,250.50 or 5%\n', ['path:250.50', 'number:1250.5', 'number:5', 'money:1250.5']],
    ['', []],
  ])('in %j is found in all its forms', (text, found) => expect(forms(text)).toEqual(found))

  test('is found up to a length', () => {
    expect(forms('a'.repeat(1024))).toEqual([`path:${'a'.repeat(1024)}`])
    expect(forms('a'.repeat(1025))).toEqual([])
    const [longest, longer] = [`a/${'b'.repeat(8190)}`, `a/${'b'.repeat(8191)}`]
    expect(forms(`${longest}\n${longer}`)).toEqual([`path:${longest}`])
    const name = 'a'.repeat(64)
    expect(forms(`${name}@y.example\n`)[0]).toBe(`email:${name}@y.example`)
    expect(forms(`b${name}@y.example\n`)).toEqual([`path:b${name}@y.example`])
  })

  test.each([
    ['DE89 3704 0044 0532 0130 00 now', 'DE89370400440532013000'],
    ['de89-3704-0044-0532-0130-00', 'DE89370400440532013000'],
    ['DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000', 'DE89370400440532013000'],
    // words behind it that look like a group
    ['DE89 3704 0044 0532 0130 00 2026', 'DE89370400440532013000'],
    // of no known country: the longest with the right sum
    ['XX46 3704 0044 0532 0130 00 12', 'XX46370400440532013000'],
  ])('in %j is an account in groups', (text, account) => {
    expect(accounts(`to ${text}\n`)).toEqual([`iban:${account}`])
  })

  test.each([
    ['wrong digits', 'DE88 3704 0044 0532 0130 00'],
    ['the length of no account of the country', 'DE51 3704 0044 0532 0130 0'],
    ['too few groups', 'DE89 3704 00'],
    ['letters in front of it', 'xDE89 3704 0044 0532 0130 00'],
    ['groups of five', 'DE89 37040 04405 32013 000'],
    ['two spaces', 'DE89  3704  0044  0532  0130  00'],
  ])('an account has not %s', (_, text) => expect(accounts(`to ${text}\n`)).toEqual([]))

  test('a number holds itself and an amount', () => {
    expect(formsOfNumber(-1.5)).toEqual(['number:-1.5', 'money:-1.5'])
  })

  test('is looked up by words and forms, whatever it is', () => {
    expect(printOf(5)).toEqual({ words: [], forms: ['number:5', 'money:5'] })
    expect(printOf(true)).toEqual({ words: ['true'], forms: [] })
    expect(printOf(null)).toEqual({ words: [], forms: [] })
    expect(printOf('A 5\n')).toEqual({ words: ['a', '5'], forms: ['number:5', 'money:5'] })
  })

  test('has no addresses where it is trusted for its shape alone', () => {
    const words = ['a']
    const kept = ['number:1', 'money:1', 'date:x', 'number:url:']
    const dropped = ['url:a', 'host:a', 'email:a', 'iban:a', 'path:a']
    expect(withoutAddresses({ words, forms: [...dropped, ...kept] })).toEqual({
      words,
      forms: kept,
    })
  })
})

describe('a day', () => {
  test.each([
    ['2026-05-03', '2026-05-03'],
    ['2026/5/3', '2026-05-03'],
    ['2026.12.31', '2026-12-31'],
    ['3 May 2026', '2026-05-03'],
    ['3rd of may. 2026', '2026-05-03'],
    ['1st December, 2026', '2026-12-01'],
    ['22nd Jan 2026', '2026-01-22'],
    ['4th. Feb 2026', '2026-02-04'],
    ['Sept 9 2026', '2026-09-09'],
    ['Nov. 21st, 2026', '2026-11-21'],
    ['2026-05-03T10:30:00Z', '2026-05-03T10:30'],
    ['2026-05-03 10:30:15.123', '2026-05-03T10:30'],
    ['2026-05-03 at 9:05', '2026-05-03T09:05'],
    ['3 May 2026, at 23:59', '2026-05-03T23:59'],
    ['May 3 2026 00:00', '2026-05-03'],
    ['May 3 2026 00:01', '2026-05-03T00:01'],
    ['May 3 2026 10:00', '2026-05-03T10:00'],
  ])('%s is %s', (text, date) => {
    expect(dateOf(text)).toBe(date)
    expect(datesIn(`on ${text}, then`)).toEqual([date])
    expect(datesIn(`(${text})`)).toEqual([date])
  })

  test.each([
    '2026-13-01',
    '2026-00-01',
    '2026-01-32',
    '2026-01-00',
    '03.05.2026',
    '26-05-03',
    '3 Foo 2026',
    'May 32 2026',
    'May 2026',
    'Mayseventh 3 2026x',
  ])('is not %s', (text) => {
    expect(dateOf(text)).toBeUndefined()
    expect(datesIn(text)).toEqual([])
  })

  test.each(['x2026-05-03', '1.2026-05-03', '-2026-05-03', '2026-05-03-x', '2026-05-03x'])(
    'is no part of %s',
    (text) => {
      expect(dateOf(text)).toBeUndefined()
      expect(datesIn(text)).toEqual([])
    },
  )

  test('is found each time, with the hour that is one', () => {
    expect(datesIn('2026-05-03 24:00, May 3 2026 and 2026-05-04')).toEqual([
      '2026-05-03',
      '2026-05-04',
      '2026-05-03',
    ])
  })
})
