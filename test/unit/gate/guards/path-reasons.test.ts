import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../../src/base/json.ts'
import { check, guardsOf } from './guarded.ts'

const position = { file: 'test.json', line: 1, column: 1 }

/** What is said about the call, as the rest of a sentence behind the argument. */
const problem = (guards: ReturnType<typeof guardsOf>, args: JsonObject): string | undefined =>
  check(guards, args)[0]?.reason.replace(/^`[^`]*` /, '')

describe('the text of a path', () => {
  const project = guardsOf({ paths: [{}] })
  const dots = 'has a part that ends in a dot or a space, which some disks leave out'
  const device = 'has a part that names a device on some platforms'
  const short = 'has a part that some disks read as a short name'
  const home = 'begins with `~`; write a path relative to the folder'
  const encoded = 'holds percent-encoded characters; write them as they are'
  const hidden = 'holds look-alikes of other characters: it '
  const out = 'leads out of the folder `/srv/project`; stay below it'

  test('is told from others with argument and position', () => {
    expect(check(project, { path: ['a', '..'] })).toEqual([
      { effect: 'deny', rule: 'guards.paths', position, reason: `\`/path/1\` ${out}` },
    ])
  })

  test.each<[string, string]>([
    ['', 'is empty'],
    ['a'.repeat(4097), 'is longer than 4096 characters'],
    ['a\0', 'holds a control or invisible character'],
    ['a\\b', 'holds a backslash; write `/`'],
    ['a:b', 'holds a colon, which names a drive or a stream'],
    ['//a', 'begins with two slashes, which names another machine'],
    ['/srv/project/../project', 'is absolute and holds `..`; write it without `..`'],
    ['/srv/project/..', 'is absolute and holds `..`; write it without `..`'],
    ['..', out],
    ['a/../..', out],
    ['../project/a', out],
    ['./../project/a', out],
    ['a//../../project/b', out],
    ['a/./../../project/b', out],
    ['a//../..', out],
    ['./..', out],
    ['a/./../..', out],
    ['/dev/null', out],
    ['/sys/a', out],
    ['a./b', dots],
    ['a/b ', dots],
    ['...', dots],
    ['..;/a', 'has a part `..;`, which some servers read as `..`'],
    ...['con', 'PRN', 'aux.txt', 'nul', 'clock$', 'conin$', 'CONOUT$.x', 'com1', 'lpt9.a'].map(
      (name): [string, string] => [`a/${name}`, device],
    ),
    ...['GIT~1', 'a~1', 'abcdef~123456', 'a~1.', 'a~1.b', 'a~12.bcd'].map(
      (name): [string, string] => [`x/${name}`, name.endsWith('.') ? dots : short],
    ),
    ...['~', '~/a', '~root/a', '~a.b_c-1', '~A'].map((path): [string, string] => [path, home]),
    ...['a%00', 'a%0A', 'a%2fb', 'a%2E', 'a%25', 'a%5c', 'a%c0', 'a%C1', 'a%e0', 'a%f0'].map(
      (path): [string, string] => [path, encoded],
    ),
    ...['a%f8', 'a%fc', 'a%%', 'a%u002f', 'a%UFF0E'].map((path): [string, string] => [
      path,
      encoded,
    ]),
    ['a\uff0fb', 'holds a look-alike of `/`'],
    ['\uff0e\uff0e/a', `${hidden}climbs`],
    ['a\uff1ab', `${hidden}holds a colon, which names a drive or a stream`],
    ['a\uff3cb', `${hidden}holds a backslash; write \`/\``],
    ['\uff5e/a', `${hidden}${home}`],
    ['ｃｏｎ', `${hidden}${device}`],
  ])('%# is refused with a reason of its own', (path, reason) => {
    expect(problem(project, { path })).toBe(reason)
  })

  test.each([
    'a'
      .repeat(4096)
      .replace(/.{200}/g, '$&/')
      .slice(0, 4096),
    'a//b',
    '..a',
    'a..;b',
    'x..;',
    'falcon',
    'icon.txt',
    'con1',
    'confirm',
    'com',
    'com10',
    'lptx',
    'a-con',
    'a~b',
    'a~',
    '~~1',
    'a~1b',
    'a~1.bcde',
    'a~1.b.c',
    'abcdefg~1',
    'a~1234567',
    'a.b~1',
    'a~/b',
    '~a b/c',
    'a/~',
    'a%',
    'a%41',
    'a%u00',
    '5%c',
    'ＡＢＣ',
    '\ufb01le',
    'caf\u00e9',
    'cafe\u0301/../x',
    'ａ/../ｂ',
  ])('may be %s', (path) => expect(problem(project, { path })).toBeUndefined())

  test('is a system file only below a root that is not one itself', () => {
    const memory = guardsOf({ paths: [{ root: '/dev/shm' }] })
    expect(problem(memory, { path: 'a' })).toBeUndefined()
    expect(problem(memory, { path: '/dev/null' })).toContain('leads out of the folder `/dev/shm`')
    const all = guardsOf({ paths: [{ root: '/' }] })
    for (const path of ['/dev/null', '/sys/a', '/proc/1', 'proc/1', '/dev', 'dev']) {
      expect(problem(all, { path })).toBe('leads out of the folder `/`; stay below it')
    }
    expect(problem(all, { path: '/devices' })).toBeUndefined()
  })
})

const list = (length: number, item: JsonValue = 'a'): JsonValue =>
  Array.from({ length }, () => item)

describe('an argument', () => {
  test.each([
    [{ path: 5 }, '`/path` is not a text'],
    [{ path: ['a', true] }, '`/path/1` is not a text'],
    [{ path: list(1001) }, '`/path/1000` is one of more than 1000 values'],
    [{ path: list(1000) }, undefined],
    [{ path: [null, 'a'] }, undefined],
    [{ path: [] }, undefined],
    [{ path: { 'a~b': '..' } }, expect.stringContaining('`/path/a~0b` leads out') as string],
    [{ path: { '..': 'a' } }, expect.stringContaining('`/path/..` leads out') as string],
  ])('of texts is looked at in each: %#', (args, reason) => {
    expect(check(guardsOf({ paths: [{}] }), args)[0]?.reason).toEqual(reason)
  })

  test.each([
    [{ files: 'x' }, '`/files/*/path` is not where the guard looks for it'],
    [{ files: [{ path: 'a' }, 5] }, '`/files/*/path` is not where the guard looks for it'],
    [{ files: [{ path: 'a' }, null, {}] }, undefined],
    [{ files: null }, undefined],
    [{}, undefined],
    [{ files: { a: { path: '..' } } }, expect.stringContaining('`/files/a/path` leads') as string],
    [{ files: list(1001, { path: 'a' }) }, '`/files/*/path` has more than 1000 values'],
    [{ files: list(1000, { path: 'a' }) }, undefined],
  ])('behind others is looked for in each of them: %#', (args, reason) => {
    const guards = guardsOf({ paths: [{ arg: ['files', '*', 'path'] }] })
    expect(check(guards, args)[0]?.reason).toEqual(reason)
  })

  test('is read below one folder only, by guards of this tool and this argument', () => {
    const reason = '`/path` is relative, and guards read it below different folders'
    const tools = [{ text: 'other', start: 0, end: 0 }]
    const other = { root: '/srv', arg: ['other'] }
    const path = 'a'
    const about = (...paths: readonly object[]): readonly string[] =>
      check(guardsOf({ paths }), { path }).map((finding) => finding.reason)
    expect(about({}, { root: '/srv' })).toEqual([reason, reason])
    expect(about({}, { deny: ['b'] })).toEqual([])
    expect(about({}, other)).toEqual([])
    expect(about({}, { root: '/srv', tools })).toEqual([])
  })
})
