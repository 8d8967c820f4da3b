import { describe, expect, test } from 'vitest'
import { isPublicAddress } from '../../../../src/tools/access/address.ts'
import { check, guardsOf, rulesOf } from './guarded.ts'

const refuses = (guard: object, url: string): boolean =>
  rulesOf(guardsOf({ network: [guard] }), { url }).join(',') === 'guards.network'

describe('a host', () => {
  const guard = { hosts: ['a.example', '*.b.example', '8.8.8.8'] }

  test.each([
    'https://a.example/x',
    'https://A.EXAMPLE./',
    'https://x.b.example',
    'https://8.8.8.8/',
  ])('is on the list: %s', (url) => expect(refuses(guard, url)).toBe(false))

  test.each([
    'https:///a.example/',
    'https://a.example.evil.example/',
    'https://evil-a.example/',
    'https://b.example/',
    'https://xb.example/',
    'https://a.example@evil.example/',
    'https://evil.example/?a.example',
    'https://evil.example/#@a.example',
    'https://a.example%2eevil.example/',
    'https://1.1.1.1/',
  ])('E13: is compared label by label from the right: %s', (url) => {
    expect(refuses(guard, url)).toBe(true)
  })

  test.each([
    'https://localhost/',
    'https://db.local/',
    'https://metadata.google.internal/',
    'https://printer/',
    'https://router.home.arpa/',
    'https://api.internal./',
    'https://8.8.8.8/',
    'https://[2606:4700::1111]/',
    'https://a..example/',
  ])('has a public name: %s', (url) => expect(refuses({ hosts: ['**'] }, url)).toBe(true))

  test('may be any public name', () => {
    expect(refuses({ hosts: ['**'] }, 'https://bücher.example/')).toBe(false)
  })
})

describe('a URL', () => {
  test.each([
    ['http://allowed.example/', 'scheme'],
    ['ftp://allowed.example/', 'absolute URL'],
    ['https:allowed.example', 'absolute URL'],
    ['//allowed.example/', 'absolute URL'],
    ['/path', 'absolute URL'],
    ['https://allowed.example:8443/', 'port'],
    ['https://u:p@allowed.example/', 'user'],
    ['https://@allowed.example/', 'user'],
    ['https://allowed.example\\@evil.example/', 'backslash'],
    ['https://allowed.example/\u200b', 'invisible'],
    [' https://allowed.example/', 'white space'],
    ['https://allowed.example/a b', 'white space'],
    [`https://allowed.example/${'a'.repeat(9000)}`, 'longer'],
    ['https://allowed.example:99999/', 'not a URL'],
  ])('%s is refused for its %s', (url, part) => {
    const [finding] = check(guardsOf({ network: [{}] }), { url })
    expect(finding!.reason).toContain(part)
    expect(finding!.reason).not.toContain('allowed.example')
  })

  test('has the port of its scheme, or one of the list', () => {
    const guard = { schemes: ['http', 'wss'], ports: [80, 8443] }
    expect(refuses(guard, 'http://allowed.example/')).toBe(false)
    expect(refuses(guard, 'wss://allowed.example:8443/')).toBe(false)
    expect(refuses(guard, 'wss://allowed.example/')).toBe(true)
  })

  const url = 'https://allowed.example/'

  test.each([
    [['request', 'url'], (method: string) => ({ request: { url, method } })],
    [['*', 'url'], (method: string) => ({ a: { url }, b: { url, method } })],
    [['urls', '*'], (method: string) => ({ urls: { a: url }, method })],
  ])('is used with a method of the list where one stands beside it: %j', (arg, argsOf) => {
    const guards = guardsOf({ network: [{ arg, methods: ['GET'] }] })
    expect(rulesOf(guards, argsOf('get'))).toEqual([])
    expect(rulesOf(guards, argsOf('DELETE'))).toEqual(['guards.network'])
  })

  test('is used with a method of the list where the call names one', () => {
    const guards = guardsOf({ network: [{ methods: ['GET'] }] })
    expect(rulesOf(guards, { url })).toEqual([])
    expect(rulesOf(guards, { url, method: 'get' })).toEqual([])
    expect(rulesOf(guards, { url, method: 'POST' })).toEqual(['guards.network'])
    expect(rulesOf(guards, { url, method: ['GET', 'POST'] })).toEqual(['guards.network'])
  })
})

describe('E15: an address is judged by its bytes', () => {
  test.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '168.63.129.16',
    '172.31.255.255',
    '192.168.0.1',
    '198.19.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::8.8.8.8',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::8.8.8.8',
    '2002:7f00:1::',
    '2001:0:0808:0808:0:0:80ff:fffe',
    '2001:db8::1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    'fec0::1',
    // not addresses as a resolver writes them
    '127.1',
    '012.1.2.3',
    '0x7f.0.0.1',
    '2130706433',
    '1.2.3.4.5',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '12345::',
    '',
  ])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false))

  test.each([
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700:4700::1111',
    '[2606:4700:4700::1111]',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1',
    '2001:0:808:808:0:0:f7f7:f7f7',
  ])('%s is public', (address) => expect(isPublicAddress(address)).toBe(true))
})
