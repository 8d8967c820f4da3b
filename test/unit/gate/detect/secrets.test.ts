import { describe, expect, test } from 'vitest'
import { createSecretDetector } from '../../../../src/gate/detect/secrets.ts'

const find = (text: string, known: readonly string[] = []): readonly string[] =>
  createSecretDetector(known)(text).map(({ start, end }) => text.slice(start, end))

// pieces, so that no scanner of repositories takes them for leaked secrets
const letters = (count: number): string => 'aB3dE5gH7jK9'.repeat(10).slice(0, count)
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const key = (kind: string): string =>
  `-----BEGIN ${kind}PRIVATE KEY-----\nabc\n-----END ${kind}PRIVATE KEY-----`

describe('a secret', () => {
  test.each([
    ['gh', 'p_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17'],
    ['github_', `pat_${letters(22)}_${letters(59)}`],
    ['np', 'm_aB3dE5gH7jK9aB3dE5gH7jK9aB3dE52uf92z'],
    ['AK', 'IAQYLPMN5HHHFPZAM2'],
    ['AS', 'IAQYLPMN5HHHFPZAM2'],
    ['xo', `xb-123456789012-${letters(24)}`],
    ['xo', `xe.xoxp-1-${letters(100)}`],
    ['xa', `pp-1-${letters(40)}`],
    ['hooks.', `slack.com/services/T0/B0/${letters(24)}`],
    ['sk_', `live_${letters(24)}`],
    ['rk_', `test_${letters(24)}`],
    ['whs', `ec_${letters(32)}+/=`],
    ['AI', `za${letters(35)}`],
    ['GOC', `SPX-${letters(28)}`],
    ['ya', `29.${letters(60)}-_`],
    ['glp', `at-${letters(20)}`],
    ['glso', `at-${letters(20)}-_`],
    ['sk-', `ant-api03-${letters(95)}`],
    ['sk-', `or-v1-${'0a'.repeat(32)}`],
    ['sk-', `proj-${letters(48)}`],
    ['sk-', letters(48)],
    ['hf', `_${'abcdefghij'.repeat(4).slice(0, 34)}`],
    ['SG', `.${letters(22)}.${letters(43)}`],
    ['dop', `_v1_${'0a'.repeat(32)}`],
    ['pypi', `-AgEIcHlwaS5vcmc${letters(60)}`],
    ['shp', `at_${'0aF'.repeat(11).slice(0, 32)}`],
    ['hv', `s.${letters(30)}-_`],
    ['123456', `7890:AA${letters(33)}`],
    ['Account', `Key=${letters(84)}+/==`],
    ['', `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: '1' })}.${letters(43)}`],
    ['postgres', '://app:s3cret@'],
    ['postgresql', '://app:s3cret@'],
    ['mysql', '://:s3cret@'],
    ['mongodb', '+srv://app:s3cret@'],
    ['mongodb', '://app:s3cret@'],
    ['redis', '://:s3cret@'],
    ['rediss', '://:s3cret@'],
    ['amqp', '://app:s3cret@'],
    ['amqps', '://app:s3cret@'],
    ['postgresql', '+psycopg2://app:s3cret@'],
    ['mssql', '+pyodbc://app:s3cret@'],
    ['MySQL', '://app:s3cret@'],
    ['postgres', '://app:s3:c:ret@'],
    ['postgres', '://app:p@ss@w0rd@'],
    ['postgres', `://app:${"'"}s3cret@`],
    // in JSON, and in JSON in JSON, of writers that escape slashes
    ['hooks.', `slack.com\\/services\\/T0\\/B0\\/${letters(24)}`],
    ['Account', `Key=${letters(84)}+\\/==`],
    ['postgres', ':\\/\\/app:s3cret@'],
    ['postgres', ':\\\\\\/\\\\\\/app:s3cret@'],
  ])('of a known format is found: %s…', (head, tail) => {
    const secret = `${head}${tail}`
    expect(find(secret)).toEqual([secret])
    expect(find(`token="${secret}", more`)).toEqual([secret])
  })

  // longer words that only look like one, and what is cut
  test.each([
    ['xAK', 'IAQYLPMN5HHHFPZAM2'],
    ['AK', 'IAQYLPMN5HHHFPZAM2x'],
    ['AK', 'IAQYLPMN5HHHFPZAM0'],
    ['-xo', `xb-${letters(24)}`],
    ['xo', `xb-${letters(9)}`],
    ['-xa', `pp-1-${letters(40)}`],
    ['xa', `pp-1-${letters(19)}`],
    ['hooks.', `slack.com/services/${letters(19)}`],
    ['_sk_', `live_${letters(24)}`],
    ['sk_', `live_${letters(15)}`],
    ['xwhs', `ec_${letters(32)}`],
    ['whs', `ec_${letters(31)}`],
    ['-AI', `za${letters(35)}`],
    ['AI', `za${letters(36)}`],
    ['GOC', `SPX-${letters(27)}`],
    ['-ya', `29.${letters(60)}`],
    ['ya', `29.${letters(19)}`],
    ['-glp', `at-${letters(20)}`],
    ['glp', `at-${letters(19)}`],
    ['-sk-', `ant-api03-${letters(95)}`],
    ['sk-', `ant-api03-${letters(31)}`],
    ['-sk-', `or-v1-${'0a'.repeat(32)}`],
    ['sk-', `or-v1-${'0a'.repeat(31)}`],
    ['-sk-', `proj-${letters(48)}`],
    ['sk-', `proj-${letters(31)}`],
    ['-sk-', letters(48)],
    ['sk-', letters(47)],
    ['sk-', letters(49)],
    ['-hf', `_${'abcdefghij'.repeat(4).slice(0, 34)}`],
    ['hf', `_${'abcdefghij'.repeat(4).slice(0, 35)}`],
    ['-SG', `.${letters(22)}.${letters(43)}`],
    ['SG', `.${letters(22)}.${letters(42)}`],
    ['-dop', `_v1_${'0a'.repeat(32)}`],
    ['-pypi', `-AgEIcHlwaS5vcmc${letters(60)}`],
    ['pypi', `-AgEIcHlwaS5vcmc${letters(49)}`],
    ['-shp', `at_${'0aF'.repeat(11).slice(0, 32)}`],
    ['-hv', `s.${letters(30)}`],
    ['hv', `s.${letters(23)}`],
    ['9123456', `7890:AA${letters(33)}`],
    ['123456', `7890:AA${letters(34)}`],
    ['123456', `7:AA${letters(33)}`],
    ['Account', `Key=${letters(85)}==`],
    ['xpostgres', '://app:s3cret@'],
    ['postgres', '://app:s3@'],
    ['postgres', '://app:s3 cret@'],
    ['postgres', '://a/b:s3cret@'],
    ['postgres', '://app@'],
  ])('is not what looks like one: %s%s', (head, tail) => expect(find(`${head}${tail}`)).toEqual([]))

  test('with a wrong checksum is none', () => {
    expect(find(`gh${'p_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18'}`)).toEqual([])
    expect(find(`npm_${letters(36)}`)).toEqual([])
  })

  test('of the form of a token has a header that names an algorithm, and a signature', () => {
    const payload = encode({ sub: '1' })
    const token = `${encode({ alg: 'HS256' })}.${payload}.${letters(43)}`
    expect(find(token)).toEqual([token])
    for (const none of [
      `${encode({ alg: 'HS256' })}.${payload}.`,
      `${encode({ alg: 'HS256' })}.${payload}.${letters(15)}`,
      `x${token}`,
      `${encode({ typ: 'JWT', kid: 'x' })}.${payload}.${letters(43)}`,
      `${encode({ alg: 256, kid: 'x' })}.${payload}.${letters(43)}`,
      `eyJ${letters(30)}.${payload}.${letters(43)}`,
    ]) {
      expect(find(none)).toEqual([])
    }
  })

  test('that is a private key is found from its first to its last line', () => {
    expect(find(`a ${key('')} b ${key('RSA ')}`)).toEqual([key(''), key('RSA ')])
    expect(find('-----BEGIN OPENSSH PRIVATE KEY-----\nabc')[0]).toContain('abc')
    expect(find('-----BEGIN PUBLIC KEY-----\nabc')).toEqual([])
    const block = '-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc\n-----END PGP PRIVATE KEY BLOCK-----'
    expect(find(`${block}.`)).toEqual([block])
    const encrypted = key('ENCRYPTED OPENSSH ')
    expect(find(`-----END PRIVATE KEY----- ${encrypted} b ${key('')} c`)).toEqual([
      encrypted,
      key(''),
    ])
  })

  test('the host knows is found as it is and in every usual encoding, wherever it stands', () => {
    const value = 'p@ss/wörd "7"'
    const bytes = Buffer.from(value)
    for (const text of [
      value,
      JSON.stringify({ a: value }),
      encodeURIComponent(value),
      encodeURIComponent(value).replaceAll('%20', '+'),
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
    ]) {
      expect(find(`x${text}y`, [value])).not.toEqual([])
    }
    for (const before of ['', 'a', 'ab', 'abc']) {
      const longer = Buffer.from(`${before}${value}tail`)
      for (const alphabet of ['base64', 'base64url'] as const) {
        expect(find(longer.toString(alphabet), [value])).not.toEqual([])
      }
    }
  })

  test.each([
    ['escaped in lower case', 'k%2b7%2fp%21%27', 'k%2b7%2fp%21%27'],
    ['escaped where it need not be', '%6B+7%2Fp!%27', '%6B+7%2Fp!%27'],
    ['hex in both cases', '6b2B372F702127', '6b2B372F702127'],
    ['hex in groups', 'see 6b2b 372f 7021 27.', '6b2b 372f 7021 27'],
    ['hex in lines', '6b2b37\n2f702127', '6b2b37\n2f702127'],
    ['hex by colons', '6B:2B:37:2F:70:21:27', '6B:2B:37:2F:70:21:27'],
    [
      'bytes of a program',
      '"\\x6b\\x2b\\x37\\x2F\\x70\\x21\\x27"',
      '6b\\x2b\\x37\\x2F\\x70\\x21\\x27',
    ],
    [
      'bytes in a list',
      '[0x6b, 0x2b, 0x37, 0x2f, 0x70, 0x21, 0x27]',
      '6b, 0x2b, 0x37, 0x2f, 0x70, 0x21, 0x27',
    ],
    ['hex in quoted pieces', '["6b2b", "372f", "7021", "27"]', '6b2b", "372f", "7021", "27'],
    ['hex by other signs', '6b_2b|37/2f;7021>27', '6b_2b|37/2f;7021>27'],
    ['base64 in quoted lines', '> ays3\n> L3Ah\n> Jw', 'ays3\n> L3Ah\n> J'],
    ['base64 by points', 'ays3.L3Ah.Jw', 'ays3.L3Ah.J'],
    ['base64 by hyphens', 'ays3-L3Ah-Jw', 'ays3-L3Ah-J'],
    ['base64 by its own signs', 'ays3+L3Ah/Jw', 'ays3+L3Ah/J'],
    ['hex in lines of a URL', '6b2b37%0D%0A2f%20702127', '6b2b37%0D%0A2f%20702127'],
    ['base64 in lines of a URL', 'ays3%0D%0AL3AhJw%3D%3D', 'ays3%0D%0AL3AhJ'],
    ['base64 in short lines', 'ays3\nL3Ah\nJw', 'ays3\nL3Ah\nJ'],
    ['base64 over two lines', 'ays3L\r\n3AhJw==', 'ays3L\r\n3AhJ'],
    ['base64 over two lines of a text in JSON', '"ays3L\\n3AhJw=="', 'ays3L\\n3AhJ'],
  ])('the host knows is found in %s', (_, text, found) => {
    expect(find(text, ["k+7/p!'"])).toEqual([found])
  })

  test.each([
    ['escapes slashes', 'k+7\\/p<\u00e4>\\t\\"'],
    ['writes ASCII alone', 'k+7/p<\\u00e4>\\t\\"'],
    ['escapes what HTML reads', 'k\\u002B7/p\\u003c\u00e4\\u003e\\t\\u0022'],
    ['escapes whatever it can', 'k+7\\u002fp<\u00e4>\\u0009\\"'],
    ['writes a text in a text', 'k+7\\\\/p<\\\\u00e4>\\\\t\\\\\\"'],
  ])('the host knows is found in JSON of a writer that %s', (_, text) => {
    expect(find(`{"a":"${text}"}`, ['k+7/p<\u00e4>\t"'])).toEqual([text])
  })

  test('the host knows is found in base64 whose signs are escaped in JSON', () => {
    const text = 'fn5\\u002BPz8\\/Pj4\\u002B'
    expect(find(text, ['~~~???>>>'])).toEqual([text])
  })

  test('the host knows is found in base64 whose signs are escaped', () => {
    const text = encodeURIComponent(Buffer.from('~~~???>>>').toString('base64'))
    expect(find(text, ['~~~???>>>'])).toEqual(['fn5%2BPz8%2FPj4%2B'])
  })

  test.each([
    ['lines', 'key-%61bc-\n123'],
    ['groups', 'key %2D%61bc %2D 123'],
    ['lines of a text in JSON', 'key-%61bc-\\n123'],
    ['quoted lines', 'key-%61b\n> c-123'],
  ])('the host knows is found where %s break what is escaped', (_, text) => {
    expect(find(text, ['key-abc-123'])).toEqual([text])
    // as other words
    expect(find(text.replaceAll(/%61/g, 'a').replaceAll(/%../g, ' '), ['key-abc-123'])).toEqual([])
  })

  test.each([
    ['base64 for URLs by hyphens', 'fn5--Pz8_-Pj4-', 'fn5--Pz8_-Pj4'],
    ['base64 by slashes', 'fn5+/Pz8//Pj4+', 'fn5+/Pz8//Pj4'],
    ['base64 for URLs in lines of a URL', 'fn5-%0APz8_%0APj4-', 'fn5-%0APz8_%0APj4-'],
  ])('the host knows is found in %s, whose signs it holds', (_, text, found) => {
    expect(find(text, ['~~~???>>>'])).toEqual([found])
  })

  test('the host knows is found whole where signs stand between its escaped bytes', () => {
    const text = [...Buffer.from('-key:abc-')].map((byte) => byte.toString(16)).join('/%')
    expect(find(`%${text}`, ['-key:abc-'])).toEqual([text])
  })

  test('the host knows is found where only some of it is escaped', () => {
    const value = 'k\u00e4se-\ud83d\ude00-123'
    for (const text of ['%6b\u00e4se-\ud83d\ude00-123', 'k\u00e4se%2D%F0%9F%98%80-123', value]) {
      expect(find(`a ${text} b`, [value])).toEqual([text])
    }
    expect(find('%6b\u00e4s\ne-\ud83d\ude00-1 23', [value])).toHaveLength(1)
  })

  test('the host knows is marked where it stands, each time', () => {
    const value = 'known+1'
    expect(createSecretDetector([value])(`a ${value} ${value}`)).toEqual([
      { start: 2, end: 9 },
      { start: 10, end: 17 },
    ])
    expect(find('known+known+known+', ['known+known+'])).toEqual(['known+known+'])
  })

  test('the host knows is found in base64 only by what no neighbour changes', () => {
    const value = '~~~???>>>'
    expect(find(Buffer.from(value).toString('base64'), [value])).toEqual(['fn5+Pz8/Pj4+'])
    expect(find(Buffer.from(value).toString('base64url'), [value])).toEqual(['fn5-Pz8_Pj4-'])
    expect(find(Buffer.from(`a${value}b`).toString('base64url'), [value])).toEqual(['5-fj8_Pz4-P'])
    expect(find(Buffer.from(`ab${value}`).toString('base64url'), [value])).toEqual(['-fn4_Pz8-Pj'])
  })

  test('the host knows has six characters or more', () => {
    expect(find('p@s5w', ['p@s5w'])).toEqual([])
    expect(find('p@s5wo', ['p@s5wo'])).toEqual(['p@s5wo'])
    // six characters of base64 are four bytes
    expect(find('cEBzNXc', ['p@s5w'])).toEqual([])
    expect(find('p@s5wo anything', [''])).toEqual([])
  })
})
