import { describe, expect, test } from 'vitest'
import { globProblem } from '../../../src/policy/glob.ts'
import { isToolName } from '../../../src/policy/names.ts'
import { saidOf } from './said.ts'

const x = (count: number): string => 'x'.repeat(count)

describe('a tool can be called', () => {
  test.each(['a', '_', '9', 'server.tool', 'a/b:c-d_e.F', `a${x(127)}`])('%s', (name) => {
    expect(isToolName(name)).toBe(true)
  })
})

describe('no tool can be called', () => {
  test.each(['', '.a', '-a', '/a', ':a', 'a b', 'a*', 'é', 'aé', 'a\n', '\na', `a${x(128)}`, ' a'])(
    '%j',
    (name) => {
      expect(isToolName(name)).toBe(false)
    },
  )
})

const head = 'sallyport: 1\nname: t\n'

/** Codes of what is said about a file with such a text in it. */
const codes = (text: string): readonly string[] =>
  saidOf(text).flatMap((line) => /^[\d:-]+ ([a-z-]+): /.exec(line)?.[1] ?? [])

const places: Readonly<Record<string, readonly [wrap: (text: string) => string, longest: number]>> =
  {
    'an id of a rule': [(text) => `${head}rules: [{ id: ${text}, deny: [t] }]`, 64],
    'an id of a role': [(text) => `${head}rules: []\nroles: { ${text}: {} }`, 64],
    'a glob': [(text) => `${head}rules: [{ id: a, deny: [${text}] }]`, 128],
    'a reason': [(text) => `${head}rules: [{ id: a, deny: [t], reason: ${text} }]`, 200],
    'a tenant': [
      (text) => `${head}rules: [{ id: a, deny: [t], who: { tenants: [${text}] } }]`,
      512,
    ],
    'a name in onlyArgs': [
      (text) => `${head}rules: [{ id: a, allow: [t], onlyArgs: [${text}] }]`,
      256,
    ],
    'an argument': [
      (text) => `${head}rules: [{ id: a, deny: [t], args: { ${text}: { const: 1 } } }]`,
      256,
    ],
    'a description': [(text) => `${head}rules: []\ndescription: ${text}`, 2000],
    'a value of a variable': [(text) => `${head}rules: []\nvars: { a: ${text} }`, 4096],
    'the name of a policy': [(text) => `sallyport: 1\nname: ${text}\nrules: []`, 63],
    'a pattern': [
      (text) => `${head}rules: [{ id: a, deny: [t], args: { x: { matches: ${text} } } }]`,
      1000,
    ],
    'an audience': [
      (text) =>
        `${head}rules: []\nidentity: { jwt: [{ issuer: i, audience: [${text}], algorithms: [ES256], jwksFile: k }] }`,
      512,
    ],
    'an environment variable': [
      (text) =>
        `${head}rules: []\nidentity: { jwt: [{ issuer: i, audience: [a], algorithms: [HS256], secretEnv: ${text.toUpperCase()} }] }`,
      1024,
    ],
  }
describe.each(Object.entries(places))('%s', (_, [wrap, longest]) => {
  test(`has ${longest} characters at most`, () => {
    expect(codes(wrap(x(longest)))).toEqual([])
    const refused = codes(wrap(x(longest + 1)))
    expect(refused).toHaveLength(1)
    expect(['bad-value', 'bad-pattern']).toContain(refused[0])
  })
})

test.each([
  ['a\u0000b', 'U+0000'],
  ['a\u0007b', 'U+0007'],
  ['a\u007fb', 'U+007F'],
  ['a\u0085b', 'U+0085'],
  ['a\u00adb', 'U+00AD'],
  ['a\u200bb', 'U+200B'],
  ['a\u2028b', 'U+2028'],
  ['a\u2029b', 'U+2029'],
  ['a\u202eb', 'U+202E'],
  ['a\ufeffb', 'U+FEFF'],
  ['a\ufffdb', 'U+FFFD'],
  ['a\u{e0041}b', 'U+E0041'],
])('a file that holds %j is not read', (written, name) => {
  const isForeign = name === 'U+0000' || name === 'U+FFFD'
  expect(saidOf(`${head}rules: [] # ${written}\n`)).toEqual([
    `3:14-${14 + written.length - 2} invisible: the file holds the character ${name}`,
    isForeign
      ? 'help: save the file as UTF-8; where it is meant, write it as an escape in a quoted string'
      : 'help: remove it; in a quoted string write it as an escape',
  ])
})

test('what no editor shows is said once for each place, what another encoding leaves once', () => {
  expect(
    saidOf(`${head}# \u200b\u200b\0\0\ufffd\ufffd\u202e\n`).filter((line) => /^\d/.test(line)),
  ).toEqual([
    '3:3-4 invisible: the file holds the character U+200B',
    '3:4-5 invisible: the file holds the character U+200B',
    '3:5-6 invisible: the file holds the character U+0000',
    '3:7-8 invisible: the file holds the character U+FFFD',
    '3:9-10 invisible: the file holds the character U+202E',
  ])
  expect(saidOf(`\ufeff${head}rules: []\n`)).toEqual([
    '1:1-2 invisible: the file holds a byte order mark',
    'help: remove it; in a quoted string write it as an escape',
  ])
  expect(saidOf(`${head}rules: [] # \ud800\n`)).toEqual([
    '1:1-2 invisible: the file holds a lone surrogate',
    'help: save the file as UTF-8',
  ])
})

test('tabs, carriage returns and what is no ASCII are read', () => {
  expect(saidOf(`${head}rules: []\t# é 😀 ü\r\n`)).toEqual([])
  expect(saidOf(`\r\n \t{"sallyport":1,"name":"t","rules":[]}\r\n`)).toEqual([])
  expect(saidOf(`[{"sallyport":1}]`)).toEqual([
    '1:1-18 wrong-type: a policy has to be a mapping, not a list',
    expect.stringContaining('help: '),
  ])
})

test('a file is read up to four million characters and a little', () => {
  const longest = 4 * 1024 * 1024
  const text = `${head}rules: []\n#`
  expect(saidOf(text.padEnd(longest, 'x'))).toEqual([])
  expect(saidOf(text.padEnd(longest + 1, 'x'))).toEqual([
    `1:1-2 too-large: the file has ${longest + 1} characters, at most ${longest} are read`,
    'help: divide the policy with `extends`, and tests into files of their own',
  ])
})

test('a file that holds nothing says what a policy needs', () => {
  for (const text of ['', '# nothing\n', ' ']) {
    expect(saidOf(text)).toEqual([
      '1:1-2 missing-key: the file is empty',
      'help: a policy needs at least `sallyport: 1`, `name` and `rules`',
    ])
  }
})

test.each(['a', 'a.*', '**', '*a**', 'A:b/c-d_9.*', 'a*b'])('%s is a glob', (glob) => {
  expect(globProblem(glob)).toBeUndefined()
})

test.each([' a', 'a ', 'a\n', 'a,b', 'ä', '', `${'('.repeat(80)}`])('%j is no glob', (glob) => {
  expect(globProblem(glob)).toBe(`\`${glob.slice(0, 64)}\` is not a tool name or glob`)
})

test('a text that is too long says how long it may be, and is no suggestion', () => {
  const rule = (reason: string): string => `${head}rules: [{ id: a, deny: [t], reason: ${reason} }]`
  expect(saidOf(rule(x(201)))).toEqual([
    '3:37-238 bad-value: the reason is longer than 200 characters',
    'help: shorten it',
  ])
  expect(saidOf(rule(`[${x(200)}]`))).toEqual([
    '3:37-239 wrong-type: the reason has to be a string, not a list',
    'help: write a text in quotes',
  ])
  const description = `${head}rules: []\ndescription: [a,\n  b]\n`
  expect(saidOf(description)).toEqual([
    '4:14-5:5 wrong-type: the text has to be a string, not a list',
    'help: write a text in quotes',
  ])
})

test('of a text that is broken, only what is not shown in it is said', () => {
  expect(saidOf('a: [\u200b\nb: !x')).toEqual([
    '1:5-6 invisible: the file holds the character U+200B',
    'help: remove it; in a quoted string write it as an escape',
  ])
})

test('a text that is nested too deeply is one finding, in either language', () => {
  const lists = '['.repeat(40) + ']'.repeat(40)
  const tooDeep = 'too-deep: the file is nested deeper than 32 levels'
  const help = 'help: no part of a policy needs as many: take levels out'
  expect(saidOf(lists)).toEqual([`1:34-35 ${tooDeep}`, help])
  expect(saidOf(`a: ${lists}`)).toEqual([`1:36-37 ${tooDeep}`, help])
  expect(saidOf(`["\u200b", ${lists}]`)).toEqual([
    '1:3-4 invisible: the file holds the character U+200B',
    'help: remove it; in a quoted string write it as an escape',
  ])
})
