import { describe, expect, test } from 'vitest'
import { flowPolicy, Talk } from './support.ts'

/** Whether a value of the type passes in a tainted session in which the user has said something. */
function passes(is: string, said: string, to: unknown): boolean {
  const talk = new Talk(flowPolicy({ act: { args: { to: { steers: true, is } } } }))
  return (
    talk
      .says(said)
      .reads('x')
      .decide({ to: to as string }).effect === 'allow'
  )
}

describe('a typed argument is compared whole, in its canonical form', () => {
  test.each([
    ['iban', 'to DE89 3704 0044 0532 0130 00 please', 'DE89370400440532013000'],
    ['iban', 'to de89370400440532013000.', 'DE89 3704 0044 0532 0130 00'],
    // the sum of the longer one is right as well
    ['iban', 'to DE89 3704 0044 0532 0130 00 0066 times', 'DE89370400440532013000'],
    ['iban', 'send it to Spotify', 'Spotify'],
    ['url', 'see www.x.example.', 'https://www.x.example/'],
    ['url', 'see https://www.x.example', 'www.x.example'],
    ['url', 'see http://x.example/a?b=1#c', 'https://x.example:443/a?b=1#c'],
    ['url', 'see [it](https://x.example/a).', 'https://X.example/a'],
    ['url', 'on www.x.example.They said', 'www.x.example'],
    ['host', 'see https://x.example:8443/a', 'X.example.'],
    ['email', 'write to <Bob@Corp.example>', 'bob@corp.example'],
    ['path', "read './notes/may.txt', please", 'notes/may.txt'],
    ['path', 'read notes//may.txt.', 'notes/x/../may.txt'],
    ['path', 'read Makefile', 'Makefile'],
    ['path', 'read my notes.txt', 'my notes.txt'],
    ['date', 'on May 3rd, 2026', '2026-05-03'],
    ['date', 'on 2026-05-03 at 10:30', '2026-05-03T10:30:00Z'],
    ['date', 'on 3 May 2026', '2026/5/3'],
    ['date', 'come tomorrow', 'tomorrow'],
    ['money', 'pay 1.234,50 €', '1234.5'],
    ['money', 'pay $1,234.50', 1234.5],
    ['money', 'pay 13.000 EUR', '13.000'],
    ['money', 'pay 0.125 BTC', '0,1250'],
    ['money', 'take 13 % of it', '13 %'],
    ['money', 'pay 1.125 BTC', 1.125],
    ['money', 'pay 0.125 BTC', 0.125],
    ['money', "pay 13'000 CHF", 13_000],
    ['money', 'pay 1\u202f250\u202f000,50 €', 1_250_000.5],
    ['money', 'pay 13\u00a0000 EUR', '13 000 EUR'],
    ['money', 'pay 13 000 EUR, then 13', 13],
    ['money', 'pay 100, 200', 200],
    ['id', 'ticket O-7', 'o-7'],
    ['argv', 'run git status -s', ['git', 'status', '-s']],
  ])('%s: what was said as %j vouches for %j', (is, said, to) => {
    expect(passes(is, said, to)).toBe(true)
  })

  test.each([
    ['iban', 'to DE89 3704 0044 0532 0130 00', 'DE8937040044053201'],
    ['iban', 'to US122000000121212121212', 'US133000000121212121212'],
    ['url', 'see x.example', 'https://x.example/a'],
    ['url', 'see https://x.example/a', 'https://x.example/a?secret=1'],
    ['url', 'see https://x.example', 'http://x.example'],
    ['url', 'see https://x.example', 'https://y@x.example'],
    ['url', 'see https://x.example', 'https://x.example.evil.example'],
    ['url', 'see x.example', 'x.example\\@evil.example'],
    ['url', 'mail bob@x.example', 'https://x.example'],
    ['host', 'see sub.x.example', 'x.example'],
    ['host', 'see x.example', 'x.example/a'],
    ['email', 'write to bob@corp.example', 'corp.example'],
    ['email', 'write to bob@corp.example', 'bob@corp.example, eve@evil.example'],
    ['email', 'bob at corp.example', 'bob@corp.example'],
    ['path', 'read notes/may.txt', '/notes/may.txt'],
    ['path', 'read notes/may.txt', 'may.txt'],
    ['path', 'read may.txt', '../may.txt'],
    ['path', 'read may.txt', 'may.txt\u0000.png'],
    ['date', 'on 03/05/2026', '2026-05-03'],
    ['date', 'on 2026-05-03', '2026-05-03T10:30'],
    ['money', 'pay 100', 1000],
    ['money', 'pay 1,00', 100],
    ['money', 'pay 13 EUR', '13%'],
    ['money', 'pay 13 EUR', '13 ％'],
    ['money', 'pay 13 EUR', '13.000'],
    ['money', 'pay 13 EUR', '€13.000'],
    ['money', 'pay 13 EUR', '013.000'],
    ['money', 'pay 13 EUR', '13.0000'],
    ['money', 'pay 1300', '1300.000'],
    ['money', 'pay 13.000 EUR', '13'],
    ['money', 'pay 13.000 EUR', 13],
    ['money', 'pay 13.000 EUR', 13000],
    ['money', 'pay 13%', '13'],
    ['money', 'pay 13%', 13],
    ['money', 'pay 13 %', '13'],
    ['money', 'pay 13 ‰', '13'],
    ['money', 'pay 13 percent', 13],
    ['money', 'pay 13 000 EUR', 13],
    ['money', 'pay 13 000 EUR', 0],
    ['money', 'pay 12 345,50 EUR', 345.5],
    // a row of a table may hold two numbers
    ['money', '12 345', 12_345],
    ['money', "pay 13'000 CHF", 13],
    ['money', "pay -13'000 CHF", 13_000],
    ['money', "pay 5-13'000 CHF", 13_000],
    ['money', "pay 2 213'000 CHF", 213_000],
    ['money', "pay 13'000.500.000 CHF", 13_000],
    ['money', "pay 13'0000 CHF", 13_000],
    ['id', 'ticket O-7', '7'],
    ['argv', 'run git status', ['git', 'status', '--exec=x']],
  ])('%s: what was said as %j does not vouch for %j', (is, said, to) => {
    expect(passes(is, said, to)).toBe(false)
  })
})

test('M15, M16: full-width and decomposed spellings are the same name', () => {
  expect(passes('text', 'ask cafe\u0301', 'caf\u00e9')).toBe(true)
  expect(passes('text', 'ask ＡＢＣ', 'abc')).toBe(true)
})

test('M13, M14: invisible characters make another name, the Kelvin sign does not', () => {
  expect(passes('text', 'ask kim', 'k\u200bim')).toBe(false)
  expect(passes('text', 'ask kim', '\u{e0061}kim')).toBe(false)
  expect(passes('text', 'ask kim', '\u212aim')).toBe(true)
})
