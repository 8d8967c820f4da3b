import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../../src/base/json.ts'
import { check, guardsOf } from './guarded.ts'

/** What is said about the call, as the rest of a sentence behind the argument. */
const problem = (guards: ReturnType<typeof guardsOf>, args: JsonObject): string | undefined =>
  check(guards, args)[0]?.reason.replace(/^`[^`]*` /, '')

const program = (name: string, fields: object = {}): object => ({
  name: { text: name, start: 0, end: 0 },
  flags: [],
  maxArgs: 4,
  ...fields,
})

describe('a URL', () => {
  const network = guardsOf({
    network: [{ hosts: ['a.example', '**.b.example'], methods: ['GET', 'HEAD'], ports: [80, 443] }],
  })
  const open = guardsOf({ network: [{ hosts: ['**'], schemes: ['https', 'wss'] }] })
  const absolute = 'is not an absolute URL such as `https://host/path`'
  const local = 'names a host of the local network'
  const spaces = 'holds white space, a backslash or an invisible character'

  test.each([
    ['http://a.example/', 'needs one of the schemes https'],
    ['https://a.example:8080/', 'needs one of the ports 80, 443'],
    ['https://c.example/', 'names a host that is not on the list of the guard'],
    ['https://b.example/', 'names a host that is not on the list of the guard'],
    ['https://xb.example/', 'names a host that is not on the list of the guard'],
    [`https://a.example/${'a'.repeat(8175)}`, 'is longer than 8192 characters'],
    ['a.example', absolute],
    ['xhttps://a.example', absolute],
    ['https://', absolute],
    ['https:///a', absolute],
    ['ftp://a.example', absolute],
    ['https://a.example\n', spaces],
    ['https://a.example\u200b', spaces],
    ['https://u@a.example', 'names a user in front of the host'],
    ['https://a%2eexample', 'holds percent-encoded characters in the host'],
    ['https://a.example:x', 'is not a URL'],
  ])('%# is refused with a reason of its own', (url, reason) => {
    expect(problem(network, { url })).toBe(reason)
  })

  test.each([
    ['https://a.example/', undefined, undefined],
    ['https://a.example/', null, undefined],
    ['https://a.example/', 'get', undefined],
    ['https://a.example/', 'POST', 'may only be used with the methods GET, HEAD'],
    ['https://a.example/', '', 'may only be used with the methods GET, HEAD'],
    ['https://c.example/', 'POST', 'names a host that is not on the list of the guard'],
  ])('%s is used with a method of the list: %j', (url, method, reason) => {
    expect(problem(network, method === undefined ? { url } : { url, method })).toBe(reason)
  })

  test.each([
    'https://x.b.example/',
    'https://y.x.b.example/',
    'HTTPS://A.example/',
    'https://a.example./',
    `https://a.example/${'a'.repeat(8174)}`,
    'https://a.example/%20?%40#@',
    'https://a.example:80/',
  ])('%# is fine', (url) => expect(problem(network, { url })).toBeUndefined())

  test.each<[string, string]>([
    ...['corp', 'home', 'internal', 'intranet', 'lan', 'local', 'localdomain', 'localhost'].map(
      (name): [string, string] => [`x.${name}`, local],
    ),
    ['x.onion', local],
    ['x.alt', local],
    ['x.mail', local],
    ['cache.shop.svc', local],
    ['x.private', local],
    ['localhost', local],
    ['x.home.arpa', local],
    ['x.localhost.', local],
    ['printer', 'names a host without a domain'],
    ['a..example', 'names a host that is malformed'],
    ['-a.example', 'names a host that is malformed'],
    ['a-.example', 'names a host that is malformed'],
    [`${'a'.repeat(64)}.example`, 'names a host that is malformed'],
    ['a!b.example', 'names a host that is malformed'],
    ['10.0.0.1', 'names an address that is not public'],
    ['[::1]', 'names an address that is not public'],
    ['8.8.8.8', 'names a host that is not on the list of the guard'],
  ])('names a public host: not %s', (host, reason) => {
    expect(problem(open, { url: `https://${host}/` })).toBe(reason)
  })

  test.each([
    'x.example',
    'local.example',
    'xhome.arpa.example',
    'a_b.example',
    '_a.example',
    'a--b.example',
    `${'a'.repeat(63)}.example`,
    'a.b.c.d.example',
    '1.example',
  ])('names a public host: %s', (host) => {
    expect(problem(open, { url: `https://${host}/` })).toBeUndefined()
    expect(problem(open, { url: `wss://${host}/` })).toBeUndefined()
    expect(problem(open, { url: `ws://${host}/` })).toBe('needs one of the schemes https, wss')
  })

  test('is found by any of the hosts, of which only names may have a star', () => {
    const guard = { hosts: ['*.a.example', '*.b.example', '8.8.8.8', 'x*.c.example'] }
    const several = guardsOf({ network: [guard] })
    for (const host of ['x.a.example', 'x.b.example', '8.8.8.8']) {
      expect(problem(several, { url: `https://${host}/` })).toBeUndefined()
    }
    for (const host of ['x.c.example', 'xx.c.example', '1.8.8.8', 'a.example']) {
      expect(problem(several, { url: `https://${host}/` })).toBeDefined()
    }
  })
})

describe('a command', () => {
  const guards = guardsOf({
    commands: [
      {
        programs: [
          program('git', { subcommands: ['diff', 'log'], flags: ['-p', '--stat', '--'] }),
          program('ls', { maxArgs: 1001 }),
          program('/bin/make', { flags: ['-j'] }),
        ],
      },
    ],
  })
  const known = 'the programs are `git`, `ls`, `/bin/make`'
  const flags = 'has a flag that is not on the list of `git`; its flags are -p, --stat, --'
  const subcommand = 'has no subcommand that is on the list of `git`; its subcommands are diff, log'
  const inFront =
    'has a flag in front of the subcommand of `git`, which could take it for its value; write the flag behind it or as `--name=value`'

  test.each([
    ['ls', 'is not a list of a program and its arguments'],
    [{}, 'is not a list of a program and its arguments'],
    [null, undefined],
    [[], 'needs 1 to 1001 items'],
    [Array.from({ length: 1002 }, () => 'ls'), 'needs 1 to 1001 items'],
    [Array.from({ length: 1001 }, () => 'ls'), undefined],
    [['ls', 1], 'holds an item that is not a text'],
    [['ls', 'a\u200b'], 'holds a control or invisible character'],
    [['A=1', 'ls'], `begins with an assignment; the environment is fixed; ${known}`],
    [['/bin/ls'], `runs a program that is by an absolute path that is not listed; ${known}`],
    [['make'], `runs a program that is not on the list; ${known}`],
    [['/bin/make', 'a', 'b', 'c', 'd'], undefined],
    [['/bin/make', 'a', 'b', 'c', 'd', 'e'], 'has more than 4 arguments of `/bin/make`'],
    [['/bin/make', '-jj'], undefined],
    [['/bin/make', '-j', '-'], undefined],
    [['/bin/make', '-jk'], 'has a flag that is not on the list of `/bin/make`; its flags are -j'],
    [['/bin/make', '--'], 'has a flag that is not on the list of `/bin/make`; its flags are -j'],
    [['ls', '-l'], 'has a flag that is not on the list of `ls`; its flags are none'],
    [['git', 'diff', '-p'], undefined],
    [['git', '--stat=3', 'diff', '-p', '--stat'], undefined],
    [['git', '-p', 'diff', '--stat=3', '--stat'], inFront],
    [['git', 'diff', '--', '-x'], undefined],
    [['git', 'diff', '-x', '--'], flags],
    [['git', 'diff', '-pp'], undefined],
    [['git', 'diff', '-px'], flags],
    [['git', 'diff', '--sta=3'], flags],
    [['git', 'diff', '--stat3'], flags],
    [['git', 'push'], subcommand],
    [['git'], subcommand],
    [['git', '-p'], subcommand],
    [['git', '--', 'diff'], subcommand],
    [['git', 'x', 'diff'], subcommand],
  ])('%# is refused with a reason of its own, or fine', (argv, reason) => {
    expect(problem(guards, { argv: argv as JsonValue })).toBe(reason)
  })

  test.each([
    [['-name'], '-name', true],
    [['-name', '-a', '-b'], '-ab', false],
    [['-a', '-b'], '-ab', true],
    [['-a', '-b', '--long'], '-ab', true],
    [['--a=b'], '--a=b', true],
    [['--a=b'], '--a=c', false],
    [['--a'], '--a=b=c', true],
    [['-a'], '-a=b', false],
    [['-a'], '-', true],
  ])('with the flags %j may have %s: %j', (list, flag, may) => {
    const one = guardsOf({ commands: [{ programs: [program('x', { flags: list })] }] })
    expect(problem(one, { argv: ['x', flag] }) === undefined).toBe(may)
  })
})

describe('a danger pack', () => {
  test.each([
    ['secrets', `AKIA${'A2B3C4D5E6F7G2H3'}`, 'holds a secret; leave it out'],
    ['sql', "x' or 1=1", 'holds a piece of SQL; send plain values'],
    ['shell', 'x; rm -f y', 'holds a piece of a shell command; send plain text'],
    ['html', '<script>', 'holds active HTML; send plain text'],
    ['template', '{{7*7}}', 'holds a template expression; send plain text'],
    ['invisible', 'a\u200b', 'holds invisible or control characters; write it without them'],
  ])('%s says what it has found', (name, text, reason) => {
    expect(problem(guardsOf({ danger: [{ packs: [name] }] }), { text })).toBe(reason)
    const both = guardsOf({ danger: [{ packs: ['html', name] }] })
    expect(problem(both, { text: 'plain', other: text })).toBe(reason)
  })

  test.each([
    ['path', true],
    ['url', true],
    ['host', true],
    ['email', true],
    ['iban', true],
    ['money', true],
    ['date', true],
    ['id', true],
    ['text', false],
    ['sql', false],
    ['argv', false],
  ])('takes a line end in a value of the form %s for a danger: %j', (is, isDanger) => {
    const tools = [{ name: 't', facts: { args: { x: { is } } } }] as never
    const guards = guardsOf({ danger: [{ packs: ['invisible'] }] }, { tools })
    for (const sign of ['\t', '\n', '\r', '\u2028', '\u2029']) {
      expect(problem(guards, { x: `a${sign}b` }) !== undefined).toBe(isDanger)
      expect(problem(guards, { y: `a${sign}b` })).toBeUndefined()
    }
    expect(problem(guards, { x: 'a b' })).toBeUndefined()
    expect(problem(guards, { toString: 'a\nb' })).toBeUndefined()
  })

  test('looks at a text as it is and as it is seen', () => {
    const html = guardsOf({ danger: [{ packs: ['html'] }] })
    expect(problem(html, { x: '<scr\u200bipt>' })).toBeDefined()
    expect(problem(html, { x: '＜script＞' })).toBeDefined()
    // what is drawn as nothing parts what would be something else
    expect(problem(guardsOf({ danger: [{ packs: ['shell'] }] }), { x: 'a;id\u2064' })).toBeDefined()
    const template = guardsOf({ danger: [{ packs: ['template'] }] })
    expect(problem(template, { x: '{{\u200b}}' })).toBeDefined()
    expect(problem(template, { x: 'plain\u200b' })).toBeUndefined()
  })

  test('leaves SQL alone only where SQL belongs, and other packs not', () => {
    const tools = [{ name: 't', facts: { args: { q: { is: 'sql' as const } } } }]
    const guards = guardsOf({ danger: [{ packs: ['sql', 'html'] }] }, { tools })
    expect(problem(guards, { q: '1 union select 2' })).toBeUndefined()
    expect(problem(guards, { q: '<script>' })).toBe('holds active HTML; send plain text')
  })

  test('finds what stands in numbers', () => {
    const guards = guardsOf({ danger: [{ packs: ['secrets'] }] }, { secrets: ['12345678'] })
    expect(problem(guards, { n: 12_345_678 })).toBe('holds a secret; leave it out')
    expect(problem(guards, { n: 1_234_567 })).toBeUndefined()
  })
})
