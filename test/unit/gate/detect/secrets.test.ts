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
    ['AK', 'IAQYLPMN5HHHFPZAM2'],
    ['xo', `xb-123456789012-${letters(24)}`],
    ['sk_', `live_${letters(24)}`],
    ['AI', `za${letters(35)}`],
    ['GOC', `SPX-${letters(28)}`],
    ['glp', `at-${letters(20)}`],
    ['sk-', `ant-api03-${letters(95)}`],
    ['sk-', `or-v1-${'0a'.repeat(32)}`],
    ['sk-', `proj-${letters(48)}`],
    ['hf', `_${'abcdefghij'.repeat(4).slice(0, 34)}`],
    ['SG', `.${letters(22)}.${letters(43)}`],
    ['', `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: '1' })}.${letters(43)}`],
    ['postgres', '://app:s3cret@'],
  ])('of a known format is found: %s…', (head, tail) => {
    const secret = `${head}${tail}`
    expect(find(secret)).toContain(secret)
    expect(find(`token="${secret}", more`)).toContain(secret)
  })

  test('with a wrong checksum is none', () => {
    expect(find(`gh${'p_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18'}`)).toEqual([])
    expect(find(`npm_${letters(36)}`)).toEqual([])
  })

  test('that is a private key is found from its first to its last line', () => {
    expect(find(`a ${key('')} b ${key('RSA ')}`)).toEqual([key(''), key('RSA ')])
    expect(find('-----BEGIN OPENSSH PRIVATE KEY-----\nabc')[0]).toContain('abc')
    expect(find('-----BEGIN PUBLIC KEY-----\nabc')).toEqual([])
  })

  test('that is no token of its form is left alone', () => {
    expect(find(`eyJ${letters(30)}.${letters(30)}.${letters(30)}`)).toEqual([])
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
    expect(find('p@ss', ['p@s'])).toEqual([])
  })
})
