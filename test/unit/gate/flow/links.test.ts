import { describe, expect, test } from 'vitest'
import {
  linksIn,
  parseUrl,
  readingsOf,
  urlForm,
  urlForms,
} from '../../../../src/gate/flow/links.ts'
import { secretsIn } from '../../../../src/gate/flow/secrets.ts'

describe('links in a text', () => {
  test.each([
    ['see ftp://a.example/x now', ['ftp://a.example/x']],
    ['javascript://x', ['javascript://x']],
    ['//a.example and \\\\b.example\\c', ['//a.example', '\\\\b.example\\c']],
    ['https:a.example http:b', ['https:a.example', 'http:b']],
    ['a.example:8080', ['a.example:8080']],
    ['a.EXAMPLE?x#y', ['a.EXAMPLE?x#y']],
    ['a.example#y', ['a.example#y']],
    ['x-a.example', ['x-a.example']],
    ['_a.example_', ['a.example']],
    ['a.example. Then', ['a.example']],
    ['a.example.', ['a.example']],
    ['a_b.example', ['a_b.example']],
    ['a.xn--p1ai', ['a.xn--p1ai']],
    ['उदाहरण.भारत', ['उदाहरण.भारत']],
    ['a。example ａ．example', ['a.example', 'a.example']],
    ['ev\u200bil.example', ['evil.example']],
    ['1.2.3.4/x 1.2.3.4:80?x', ['1.2.3.4/x', '1.2.3.4:80?x']],
    ['(a.example) [b](https://c.example/x)).', ['a.example', 'https://c.example/x']],
    ['<a href="a.example/x">', ['a.example/x']],
    ["'https://a.example/x', `https://b.example`", ['https://a.example/x', 'https://b.example']],
    ['https://a.example/x|y', ['https://a.example/x']],
    ['https://a.example/{x}', ['https://a.example/', 'https://a.example/{x}']],
    ['{https://a.example/x}', ['https://a.example/x']],
    ['https://a.example/x(y)', ['https://a.example/x', 'https://a.example/x(y)']],
    ['https://a.example/x[y', ['https://a.example/x', 'https://a.example/x[y']],
    ['(https://a.example/x(y)z)', ['https://a.example/x', 'https://a.example/x(y)z']],
    ['https://a.example/x(y]z', ['https://a.example/x', 'https://a.example/x(y']],
    ['[https://a.example](https://b.example/x)', ['https://a.example', 'https://b.example/x']],
    ['https://a.example/x*~_!?;:', ['https://a.example/x']],
    ['report.pdf/x a.b.pdf?x notes.md', ['report.pdf/x', 'a.b.pdf?x', 'notes.md']],
    ['a.example a.example', ['a.example', 'a.example']],
  ])('%j are %j', (text, links) => expect(linksIn(text)).toEqual(links))

  test.each([
    'report.pdf and PDF.PDF',
    '1.2.3.4 and 3.5, v1.2.3',
    'e.g. this',
    'bob@a.example',
    'a.example@b',
    '.example',
    'a.example_b',
    'a.e',
    '-.example',
    'http: //',
    'and/or 10:30',
    'nothing here',
    '',
  ])('are not in %j', (text) => expect(linksIn(text)).toEqual([]))

  test.each(
    'bak cfg conf css csv doc docx exe gif gz htm html ini jpeg jpg js json jsx lock log odt pdf png ppt pptx svg tar tmp toml ts tsx txt xls xlsx xml yaml yml'.split(
      ' ',
    ),
  )('are no names of files: a.%s', (ending) => {
    expect(linksIn(`a.${ending}`)).toEqual([])
    expect(linksIn(`a.${ending}q`)).toEqual([`a.${ending}q`])
  })
})

describe('a web address', () => {
  test.each([
    ['HTTPS://A.example:443/', { scheme: 'https', host: 'a.example', rest: 'a.example' }],
    [
      'http://a.example:8080/x/?y#z',
      { scheme: 'http', host: 'a.example', rest: 'a.example:8080/x/?y#z' },
    ],
    ['a.example', { scheme: undefined, host: 'a.example', rest: 'a.example' }],
    ['//a.example/', { scheme: undefined, host: 'a.example', rest: 'a.example' }],
    ['a.example/?x', { scheme: undefined, host: 'a.example', rest: 'a.example?x' }],
    ['ftp://a.example/', { scheme: 'ftp', host: 'a.example', rest: 'a.example' }],
  ])('%s is read in one way', (text, url) => expect(parseUrl(text)).toEqual(url))

  test.each([
    'https://u@a.example',
    'x://a.example',
    '',
    'https://',
    'a b.example',
    'a.example:99999',
    'a.example\\b',
  ])('is not %j', (text) => expect(parseUrl(text)).toBeUndefined())

  test('is vouched for by the plain or the unwritten scheme, not the other way round', () => {
    const url = { host: 'a', rest: 'a/x' }
    const forms = ['any:a/x', 'http:a/x', 'https:a/x']
    expect(urlForms({ ...url, scheme: undefined })).toEqual(forms)
    expect(urlForms({ ...url, scheme: 'http' })).toEqual(forms)
    expect(urlForms({ ...url, scheme: 'https' })).toEqual(['any:a/x', 'https:a/x'])
    expect(urlForms({ ...url, scheme: 'ftp' })).toEqual(['any:a/x', 'ftp:a/x'])
    expect(urlForm({ ...url, scheme: undefined })).toBe('any:a/x')
    expect(urlForm({ ...url, scheme: 'ftp' })).toBe('ftp:a/x')
  })

  test.each([
    ['www.a.example.They', ['www.a.example.They', 'www.a.example']],
    ['www.a.example', ['www.a.example']],
    ['www.a.example.they', ['www.a.example.they']],
    ['www.a.example.THEY', ['www.a.example.THEY']],
    ['www.a.example.T', ['www.a.example.T']],
    ['www.A.They', ['www.A.They']],
    ['www.a.example.They.x', ['www.a.example.They.x']],
    [`${'x'.repeat(285)}.ab.example.They`, [`${'x'.repeat(285)}.ab.example.They`]],
    [
      `${'x'.repeat(284)}.ab.example.They`,
      [`${'x'.repeat(284)}.ab.example.They`, `${'x'.repeat(284)}.ab.example`],
    ],
  ])('may have the next sentence behind it: %s', (link, readings) => {
    expect(readingsOf(link)).toEqual(readings)
  })
})

describe('what may be a secret in a text', () => {
  // a long text is not taken as a whole
  const padding = ' x'.repeat(140)

  test.each([
    ['a word with a digit', 'a1b2c3', ['a1b2c3']],
    ['no shorter one', 'a1b2c', []],
    ['a long word', 'abcdefghijklmnop', ['abcdefghijklmnop']],
    ['no shorter one without a digit', 'abcdefghijklmno', []],
    ['digits of any script', '١٢٣٤٥٦', ['١٢٣٤٥٦']],
    ['what invisible characters hide', 'a1\u00adb2\u200bc3', ['a1b2c3']],
    ['in any case and width', 'Ａ1B2c3', ['a1b2c3']],
    ['words that are joined', 'ab1-cdef-gh', ['ab1-cdef-gh']],
    ['the digit anywhere in it', 'abc-def-1', ['abc-def-1']],
    ['long words that are joined', 'abcdefgh-ijklmnop', ['abcdefgh-ijklmnop']],
    ['no short ones without a digit', 'abc-def', []],
    ['what is not joined to what stands in front', '-12-ab34', ['12-ab34', '12ab34']],
    ['groups with digits', 'DE89 3704 0044', ['de8937040044']],
    ['groups at no-break spaces', '3704\u00a00044', ['37040044']],
    ['groups at hyphens', '3704-0044', ['3704-0044', '37040044']],
    ['no groups at dots', '3704.0044', ['3704.0044']],
    ['no groups at two spaces', '3704  0044', []],
    ['groups up to a word without a digit', '37 04 x 0044 1234', ['00441234']],
    ['groups behind another', '3704 0044 x 4 5 6 7 8 9', ['37040044', '456789']],
    ['joined and in groups', '12-34 56-78', ['12345678']],
    ['an amount with commas', '$1,234,567.80.', ['567.80', '1234567.8']],
    ['an amount with commas', '98,765.43', ['765.43', '98765.43']],
    ['an amount with points', '1.234.567,80', ['1.234.567', '1234567.8']],
    ['an amount with apostrophes', "1'234'567", ['1234567']],
    ['an amount with other apostrophes', '1’234’567', ['1234567']],
    ['an amount with dots between its groups', '1\u00b7234\u00b7567', ['1234567']],
    ['an amount with the sign for thousands', '1\u066c234\u066c567', ['1234567']],
    ['an amount in front of a dot', '98,765.43\u00b72', ['765.43', '98765.43']],
    ['an amount with backticks', '1`234`567', ['1234567']],
    ['an amount with spaces', '12 345,67', ['345.67', '12345.67']],
    ['an amount with thin spaces', '1\u202f234\u2009567.80', ['1234567', '567.80', '1234567.8']],
    ['an amount with underscores', '12_345.67', ['12_345.67', '12345.67']],
    ['an amount with lakhs', '12,34,567.89', ['567.89', '1234567.89']],
    ['an amount in fours', '1234,5678', ['1234.5678', '12345678']],
    ['an amount that ends in zeros', '1,250.00', ['250.00', '1250']],
    ['an amount that ends in zeros', '1250.00', ['1250.00', '1250']],
    ['both readings of one group', '125.000', ['125.000', '125', '125000']],
    ['no amount that begins in a word', 'x12 345 678', ['x12345678', '345678']],
    ['no other groups at spaces', '12 34 56', ['123456']],
    ['no huge amount', `${'1'.repeat(20)},${'2'.repeat(20)}`, ['1'.repeat(20), '2'.repeat(20)]],
    ['no short amount', '12,345', []],
    ['no list of numbers', '12,34,56', []],
  ])('%s: %j', (_, text, found) => {
    expect([...secretsIn(text + padding)]).toEqual(found)
    expect([...secretsIn(padding.slice(1) + ' ' + text)]).toEqual(found)
  })

  test.each([...'-_.@:/+='])('words are joined by %s', (sign) => {
    expect([...secretsIn(`ab${sign}cd12${padding}`)]).toEqual([`ab${sign}cd12`])
  })

  test.each([...'#,;!?&%*~ \n'])('words are not joined by %j', (sign) => {
    expect([...secretsIn(`ab${sign}cd12${padding}`)]).toEqual([])
  })

  test.each([
    ['ab#12cd', ['ab12cd']],
    ['ab#1cd', []],
    ['correct horse battery staple', ['correcthorsebatterystaple']],
    ['correct horse', []],
    [`1${' x'.repeat(127)} `, [`1${'x'.repeat(127)}`]],
    [`1${' x'.repeat(128)}`, []],
  ])('a short text is also one as a whole: %j', (text, found) => {
    expect([...secretsIn(text)]).toEqual(found)
  })
})
