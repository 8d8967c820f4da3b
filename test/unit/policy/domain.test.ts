import { expect, test } from 'vitest'
import { compileDomains, hostOf } from '../../../src/policy/domain.ts'
import { no, unknown, yes } from '../../../src/policy/truth.ts'

test.each([
  ['nodejs.org', 'nodejs.org'],
  ['NodeJS.org.', 'nodejs.org'],
  ['https://nodejs.org/api?x=@y#@z', 'nodejs.org'],
  ['https://nodejs.org:8443/', 'nodejs.org'],
  ['HTTPS://NODEJS.ORG', 'nodejs.org'],
  ['https://ｎodejs.org/', 'nodejs.org'],
  ['ann@desk.example', 'desk.example'],
  ['ann+x@DESK.example', 'desk.example'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['http://2852039166/', '169.254.169.254'],
])('the host of %s is %s', (text, host) => {
  expect(hostOf(text)).toBe(host)
})

test.each([
  'https://nodejs.org@evil.example/',
  'https://@evil.example/',
  'https://nodejs.org\\@evil.example',
  'https:nodejs.org',
  'https:///nodejs.org',
  'https://%6eodejs.org/',
  '//nodejs.org/x',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'git+ssh://nodejs.org',
  'a@desk.example\r\nBcc: x@evil.example',
  'a@desk.example,b@evil.example',
  '"a@b"@desk.example',
  '<a@desk.example>',
  'a@b@desk.example',
  'mailto:a@desk.example',
  '@desk.example',
  'a@',
  'a b@desk.example',
  'a%b@desk.example',
  'a%evil.example@desk.example',
  'evil.example!a@desk.example',
  'a?cc=b@desk.example',
  'a&bcc=b@desk.example',
  "'a'@desk.example",
  '"a"@desk.example',
  'de\u200bsk.example',
  'desk.example/path',
  'desk.example?x',
  'desk.example#x',
  'desk%2eexample',
  'a@desk.example/x',
  'desk．example',
  'desk.example:25',
  'desk..example',
  '.',
  '',
  ' desk.example',
  'https://[::1',
])('the host of %j cannot be told', (text) => {
  expect(hostOf(text)).toBeUndefined()
})

test('a text that is too long has no host', () => {
  expect(hostOf(`${'a.'.repeat(5000)}example`)).toBeUndefined()
})

test('any of several domains will do', () => {
  const domain = compileDomains(['*.a.example', '*.b.example', 'c.example'])
  for (const name of [
    'x.a.example',
    'x.b.example',
    'c.example',
    'ws://x.a.example/',
    'wss://c.example',
  ]) {
    expect(domain(name)).toBe(yes)
  }
  expect(domain('x.c.example')).toBe(no)
  expect(domain('x https://c.example')).toBe(unknown)
  expect(domain('.')).toBe(unknown)
})

test('labels are compared from the right, and a star stands for names below only', () => {
  const domain = compileDomains(['desk.example', '*.shop.example'])
  expect(domain('desk.example')).toBe(yes)
  expect(domain('x.desk.example')).toBe(no)
  expect(domain('a.b.shop.example')).toBe(yes)
  expect(domain('shop.example')).toBe(no)
  expect(domain('notshop.example')).toBe(no)
  expect(domain('https://desk.example.evil.example/')).toBe(no)
  expect(domain('http://user@desk.example/')).toBe(unknown)
})
