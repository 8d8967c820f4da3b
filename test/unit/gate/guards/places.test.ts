import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compilePathGlob, foldName } from '../../../../src/gate/guards/path-globs.ts'
import { fileProbe } from '../../../../src/gate/guards/probe.ts'
import { temporaryFolder } from '../../../support/folder.ts'
import { check, guardsOf } from './guarded.ts'

const matches = (glob: string, path: string): boolean =>
  compilePathGlob(glob).matches(path.split('/').filter(Boolean).map(foldName))

describe('a glob of paths', () => {
  test.each([
    ['a', ['a', 'a/b', 'A', 'a/b/c'], ['', 'b', 'b/a', 'ab', 'ba']],
    ['./a//b/', ['a/b', 'a/b/c'], ['a', 'b', 'a/c', 'x/a/b']],
    ['a/**', ['a', 'a/b', 'a/b/c'], ['', 'b/a']],
    ['a/**/**', ['a', 'a/b'], ['b']],
    ['**', ['', 'a', 'a/b'], []],
    ['**/a', ['a', 'x/a', 'x/y/a', 'x/a/y'], ['', 'x', 'xa']],
    ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b', 'a/b/c', 'a/b/x/b'], ['a', 'b', 'a/x', 'x/a/b']],
    ['**/a/**/b', ['a/b', 'x/a/y/b', 'a/a/b'], ['a', 'b/a', 'x/b']],
    ['*', ['a', 'a/b', '.a'], ['']],
    ['a/*/b', ['a/x/b', 'a/x/b/c'], ['a/b', 'a/x/y/b', 'a/x']],
    ['*.pem', ['a.pem', '.pem', 'a.b.PEM'], ['a.pemx', 'pem', 'a.pe']],
    ['.env*', ['.env', '.env.local'], ['a.env', '.en']],
    ['a*b', ['ab', 'axb', 'abb', 'aab'], ['a', 'b', 'axbc', 'xab', 'ba']],
    ['ab*ba', ['abba', 'abxba'], ['aba', 'ab', 'ba']],
    ['a*b*c', ['abc', 'axbxc', 'abbcc', 'acbc'], ['ac', 'acb', 'axc', 'cba', 'ab']],
    ['a*bc*cd', ['abccd', 'axbcxcd', 'abcbccd'], ['abcd', 'acd']],
    ['*ab*ab*', ['abab', 'xabxabx'], ['ab', 'aba', 'xabx']],
    ['a**b', ['ab', 'axb'], ['a', 'ba']],
    ['**a', ['a', 'xa'], ['x/a', 'ab']],
    ['stra\u00dfe', ['STRASSE', 'stra\u00dfe'], ['strase']],
    ['\u017f', ['s', 'S', '\u017f'], ['f']],
    ['caf\u00e9', ['cafe\u0301', 'CAF\u00c9'], ['cafe']],
  ])('%s matches %j and not %j', (glob, some, others) => {
    for (const path of some) expect([path, matches(glob, path)]).toEqual([path, true])
    for (const path of others) expect([path, matches(glob, path)]).toEqual([path, false])
  })

  test('keeps its text', () => expect(compilePathGlob('./A/**').text).toBe('./A/**'))

  test('may begin with the root, which is the same as without it', () => {
    for (const [root, glob, path] of [
      ['/srv/project', '/srv/project/keys', 'keys/a'],
      ['/', '/keys', 'keys/a'],
      ['/srv/project', 'keys', 'keys/a'],
    ] as const) {
      const guards = guardsOf({ paths: [{ root, deny: [glob] }] })
      expect(check(guards, { path })[0]!.reason).toBe(
        `\`/path\` is denied by the pattern \`${glob}\``,
      )
      expect(check(guards, { path: 'other' })).toEqual([])
    }
    const other = guardsOf({ paths: [{ deny: ['/srv/projectile/keys'] }] })
    for (const path of ['keys', 'ile/keys']) expect(check(other, { path })).toEqual([])
  })

  test('keeps a file from being written, in these words', () => {
    const guards = guardsOf({ paths: [{ readOnly: ['a.json'] }] })
    expect(check(guards, { path: 'a.json' })[0]!.reason).toBe(
      '`/path` is read-only by the pattern `a.json`',
    )
  })
})

describe('links', () => {
  const root = realpathSync(temporaryFolder())
  const outside = realpathSync(temporaryFolder())
  mkdirSync(join(root, 'real/deep'), { recursive: true })
  mkdirSync(join(root, 'kept'))
  writeFileSync(join(root, 'file'), 'x')
  symlinkSync('real', join(root, 'in'))
  symlinkSync('kept', join(root, 'door'))
  symlinkSync(outside, join(root, 'out'))
  symlinkSync(join(root, 'real'), join(root, 'real/loop'))

  const reason = (symlinks: string, path: string): string | undefined => {
    const guards = guardsOf(
      { paths: [{ root, symlinks, deny: ['kept/secret'], readOnly: ['kept/**'] }] },
      { probe: fileProbe },
    )
    return check(guards, { path })[0]?.reason.replace('`/path` ', '')
  }

  test.each([
    ['real/deep', undefined],
    ['real/../file', undefined],
    ['file/below', undefined],
    ['new/a/../b', undefined],
    ['in', 'leads through a symbolic link'],
    ['in/deep', 'leads through a symbolic link'],
    ['real/loop/deep', 'leads through a symbolic link'],
    ['in/../file', 'leads through a symbolic link'],
    ['./in//../file', 'leads through a symbolic link'],
    ['real/loop/../../file', 'leads through a symbolic link'],
    ['real/../in/x', 'leads through a symbolic link'],
    ['real/../in/../file', 'leads through a symbolic link'],
    ['real//../in/../file', 'leads through a symbolic link'],
    ['real/./../in/../file', 'leads through a symbolic link'],
  ])('are denied: %s', (path, said) => expect(reason('deny', path)).toBe(said))

  const climbing = 'leads through a symbolic link and holds `..`; write it without `..`'
  const out = 'leads through a symbolic link out of the folder'

  test.each([
    ['in/deep', undefined],
    ['in/new/er', undefined],
    ['real/loop/deep', undefined],
    ['in/../file', climbing],
    ['real/loop/../file', climbing],
    ['real/../in', climbing],
    ['real/../file', undefined],
    ['out', out],
    ['out/new', out],
    ['door/secret', 'is denied by the pattern `kept/secret`'],
    ['door/other', 'is read-only by the pattern `kept/**`'],
    ['kept/other', 'is read-only by the pattern `kept/**`'],
  ])('are followed inside: %s', (path, said) => expect(reason('inside', path)).toBe(said))

  test('are told from what is there, and from what is not', () => {
    expect(fileProbe.kindOf(join(root, 'in'))).toBe('link')
    expect(fileProbe.kindOf(join(root, 'real'))).toBe('other')
    expect(fileProbe.kindOf(join(root, 'none'))).toBe('absent')
    expect(fileProbe.kindOf(join(root, 'file/below'))).toBe('absent')
    expect(fileProbe.realPath(join(root, 'in/deep'))).toBe(join(root, 'real/deep'))
    expect(() => fileProbe.kindOf('a\0')).toThrow(TypeError)
    expect(() => fileProbe.kindOf(join(root, 'x'.repeat(300)))).toThrow('ENAMETOOLONG')
  })
})

const only = (name: string): object => ({ tools: [{ text: name, start: 0, end: 0 }] })

describe('what a tool may open and fetch', () => {
  test('is undefined where no guard of files or network is about it', () => {
    const guards = guardsOf({
      paths: [only('a')],
      network: [only('b')],
      commands: [{ programs: [] }],
      danger: [{ packs: ['html'] }],
    })
    expect(guards.access('c')).toBeUndefined()
    expect(guards.access('a')).toMatchObject({ tool: 'a', readOnly: false, network: [] })
    expect(guards.access('a')!.files).toHaveLength(1)
    expect(guards.access('b')).toMatchObject({ tool: 'b', files: [] })
    expect(guards.access('b')!.network).toHaveLength(1)
    expect(Object.isFrozen(guards.access('a'))).toBe(true)
  })

  test('is read-only for a tool that is known to read', () => {
    const tools = [
      { name: 'r', facts: { kind: 'read' as const } },
      { name: 'w', facts: { kind: 'write' as const } },
    ]
    const guards = guardsOf({ paths: [{}] }, { tools })
    expect(guards.access('r')!.readOnly).toBe(true)
    expect(guards.access('w')!.readOnly).toBe(false)
    expect(guards.access('unknown')!.readOnly).toBe(false)
  })

  test('is told by argument', () => {
    const guards = guardsOf({
      paths: [{}, { root: '/srv' }, { arg: ['to'] }, { arg: ['to'], ...only('z') }],
    })
    const areas = guards.access('t')!.files[0]!
    expect(areas.map((group) => group.map((area) => area.root))).toEqual([
      ['/srv/project', '/srv'],
      ['/srv/project'],
    ])
  })
})
