import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FileProbe } from '../../../../src/gate/guards/links.ts'
import { fileProbe } from '../../../../src/gate/guards/probe.ts'
import { temporaryFolder } from '../../../support/folder.ts'
import { check, guardsOf, rulesOf } from './guarded.ts'

const project = guardsOf({ paths: [{}] })
const refuses = (path: string): boolean => rulesOf(project, { path }).join(',') === 'guards.paths'

describe('a path by its text', () => {
  test.each([
    'a',
    'src/index.ts',
    './a/./b',
    'a/../b',
    '/srv/project',
    '/srv/project/a',
    '.env',
    'a~b',
  ])('may be %s', (path) => {
    expect(check(project, { path })).toEqual([])
  })

  test.each(['../../etc/passwd', '/etc/passwd', '..', 'a/../..', '../project/a', '/srv'])(
    'E01: does not leave the root: %s',
    (path) => expect(refuses(path)).toBe(true),
  )

  test.each(['/srv/project-evil/x', '/srv/projec', '/srv/project/../project-evil/x'])(
    'E02: is compared by segments: %s',
    (path) => expect(refuses(path)).toBe(true),
  )

  test.each([
    'a%2f..%2f..',
    'a%252f..',
    '%2e%2e/a',
    '%c0%ae%c0%ae/a',
    '..%u2215a',
    '....//a',
    '..;/a',
  ])('E05: is not decoded: %s', (path) => expect(refuses(path)).toBe(true))

  test.each([
    'a\\..\\..',
    'C:\\x',
    'C:/x',
    '\\\\host\\share',
    '//host/share',
    'file::$DATA',
    'file:stream',
    'CON',
    'con.txt',
    'a/lpt1/b',
    'a.',
    'a /b',
    'GIT~1/config',
  ])('E06: is refused on every platform: %s', (path) => expect(refuses(path)).toBe(true))

  test.each(['/proc/self/environ', '/dev/fd/0', '~/.ssh/id_rsa', '~root/x', '~'])(
    'E07: names nothing but files: %s',
    (path) => expect(refuses(path)).toBe(true),
  )

  test('E07: shows no system files where the root is everything', () => {
    const guards = guardsOf({ paths: [{ root: '/' }] })
    expect(rulesOf(guards, { path: '/etc/hosts' })).toEqual([])
    expect(rulesOf(guards, { path: '/proc/self/environ' })).toEqual(['guards.paths'])
  })

  test('E09: holds no NUL', () => expect(refuses('a\0.txt')).toBe(true))

  test.each(['a\u200Bb', 'a\u202Eb', 'a\u{e0041}', 'a\nb', '\u3164'])(
    'M13: holds no invisible character: %j',
    (path) => expect(refuses(path)).toBe(true),
  )

  test.each(['．．／etc／passwd', '‥/etc', 'a／b', 'Ｃ：x', 'a\uff3cb', '\u2100', 'a％2fb'])(
    'M15: holds no look-alike of a separator: %s',
    (path) => expect(refuses(path)).toBe(true),
  )

  test('is a text of at most 4096 characters, at most 1000 of them', () => {
    expect(refuses('a'.repeat(4097))).toBe(true)
    expect(refuses('')).toBe(true)
    expect(rulesOf(project, { path: 5 })).toEqual(['guards.paths'])
    expect(rulesOf(project, { path: Array.from({ length: 1001 }, () => 'a') })).toEqual([
      'guards.paths',
    ])
  })
})

describe('the lists of a guard', () => {
  const guards = guardsOf(
    {
      paths: [
        {
          deny: ['.git/**', '**/.env*', '**/*.pem', '/srv/project/keys', 'caf\u00e9'],
          readOnly: ['package.json', '.github/**'],
        },
      ],
    },
    {
      tools: [
        { name: 'read', facts: { kind: 'read' } },
        { name: 'write', facts: { kind: 'write' } },
      ],
    },
  )

  test.each([
    '.git',
    '.git/config',
    '.git/hooks/pre-commit',
    '.GIT/config',
    '.env',
    'a/.ENV.local',
    'a/.env.d/b',
    'a/b/key.PEM',
    'keys/a',
  ])('E08: deny %s in any case', (path) => {
    expect(rulesOf(guards, { path }, 'read')).toEqual(['guards.paths'])
  })

  test.each(['cafe\u0301', 'CAF\u00c9/a', 'caf\u00e9'])(
    'M16: deny %s in any normal form',
    (path) => {
      expect(rulesOf(guards, { path }, 'read')).toEqual(['guards.paths'])
    },
  )

  test.each(['\u212aeys/a', 'key\u017f/a'])('M14: deny %s in any spelling', (path) => {
    expect(rulesOf(guards, { path }, 'read')).toEqual(['guards.paths'])
  })

  test.each(['a.git', '.github/x', 'environment', 'src/pem/a', 'a/keys'])('let %s pass', (path) => {
    expect(rulesOf(guards, { path }, 'read')).toEqual([])
  })

  test('keep files from being written by every tool that is not known to read', () => {
    for (const path of ['package.json', '.github/workflows/a.yml']) {
      expect(rulesOf(guards, { path }, 'read')).toEqual([])
      expect(rulesOf(guards, { path }, 'write')).toEqual(['guards.paths'])
      expect(rulesOf(guardsOf({ paths: [{ readOnly: ['**'] }] }), { path })).toEqual([
        'guards.paths',
      ])
    }
  })

  test('say what is the matter without the value', () => {
    const [finding] = check(guards, { path: 'a/.env.secret' }, 'read')
    expect(finding).toMatchObject({ effect: 'deny', rule: 'guards.paths' })
    expect(finding!.reason).toBe('`/path` is denied by the pattern `**/.env*`')
  })
})

describe('the argument of a guard', () => {
  test('may be left out, be null, and be a list or an object of paths', () => {
    expect(rulesOf(project, {})).toEqual([])
    expect(rulesOf(project, { path: null })).toEqual([])
    expect(rulesOf(project, { path: ['a', 'b'] })).toEqual([])
    expect(rulesOf(project, { path: ['a', '../b'] })).toEqual(['guards.paths'])
    expect(rulesOf(project, { path: { 'a/b': 'c' } })).toEqual([])
    expect(rulesOf(project, { path: { '../b': 'c' } })).toEqual(['guards.paths'])
  })

  test('may be a member of every item', () => {
    const guards = guardsOf({ paths: [{ arg: ['files', '*', 'path'] }] })
    expect(rulesOf(guards, { files: [{ path: 'a' }, { text: '..' }] })).toEqual([])
    expect(rulesOf(guards, { files: [{ path: 'a' }, { path: '..' }] })).toEqual(['guards.paths'])
    expect(rulesOf(guards, { files: ['..'] })).toEqual(['guards.paths'])
  })

  test('is refused where the path of the guard leads through a scalar', () => {
    const guards = guardsOf({ paths: [{ arg: ['file', 'path'] }] })
    expect(rulesOf(guards, { file: '../x' })).toEqual(['guards.paths'])
  })

  test('is not read below two folders', () => {
    const guards = guardsOf({ paths: [{}, { root: '/srv' }] })
    expect(rulesOf(guards, { path: '/srv/project/a' })).toEqual([])
    expect(rulesOf(guards, { path: 'a' })).toEqual(['guards.paths', 'guards.paths'])
  })

  test('starts at the folder of the policy file', () => {
    const guards = guardsOf({ paths: [{ root: './data' }] })
    expect(rulesOf(guards, { path: '/policies/data/a' })).toEqual([])
    expect(rulesOf(guards, { path: '/policies/a' })).toEqual(['guards.paths'])
  })
})

describe('symbolic links', () => {
  const root = realpathSync(temporaryFolder())
  const outside = realpathSync(temporaryFolder())
  mkdirSync(join(root, 'real'))
  mkdirSync(join(root, '.git'))
  writeFileSync(join(outside, 'secret'), 'x')
  symlinkSync(outside, join(root, 'out'))
  symlinkSync('real', join(root, 'in'))
  symlinkSync('.git', join(root, 'hidden'))
  symlinkSync(join(outside, 'missing'), join(root, 'dangling'))
  symlinkSync(root, join(outside, 'door'))

  const strict = guardsOf({ paths: [{ root }] }, { probe: fileProbe })
  const inside = guardsOf(
    { paths: [{ root, symlinks: 'inside', deny: ['.git/**'] }] },
    { probe: fileProbe },
  )

  test.each(['out/secret', 'out', 'in', 'in/new', 'dangling', 'out/../real', 'in/../real'])(
    'E03: are not followed where links are denied: %s',
    (path) => expect(rulesOf(strict, { path })).toEqual(['guards.paths']),
  )

  test.each(['real', 'real/new', 'new/deep/er'])('do not matter to %s', (path) => {
    expect(rulesOf(strict, { path })).toEqual([])
    expect(rulesOf(inside, { path })).toEqual([])
  })

  test('E03: are followed inside of the root where that is said', () => {
    expect(rulesOf(inside, { path: 'in/new' })).toEqual([])
    for (const path of ['out/secret', 'out/new', 'dangling', 'hidden/config', 'in/../out']) {
      expect(rulesOf(inside, { path })).toEqual(['guards.paths'])
    }
  })

  test('may lead to the root itself', () => {
    const guards = guardsOf({ paths: [{ root: join(outside, 'door') }] }, { probe: fileProbe })
    expect(rulesOf(guards, { path: 'real' })).toEqual([])
    expect(rulesOf(guards, { path: 'out/secret' })).toEqual(['guards.paths'])
  })

  test.each(['new/../in', 'new/deep/../../out/secret', 'real/../new/../in'])(
    'are seen behind what is not there: %s',
    (path) => expect(rulesOf(strict, { path })).toEqual(['guards.paths']),
  )

  test('are not looked for below what is not there', () => {
    const looked: string[] = []
    const probe: FileProbe = {
      kindOf: (path) => {
        looked.push(path)
        return fileProbe.kindOf(path)
      },
      realPath: (path) => path,
    }
    const guards = guardsOf({ paths: [{ root }] }, { probe })
    const path = `${'new/'.repeat(500)}${'../'.repeat(500)}real/new/deep`
    expect(rulesOf(guards, { path })).toEqual([])
    const places = ['real', 'real/new', 'new'].map((place) => join(root, place))
    expect(looked.toSorted()).toEqual(places.toSorted())
  })

  test('that cannot be looked at are a refusal', () => {
    const broken: FileProbe = {
      kindOf: () => {
        throw new Error('no permission')
      },
      realPath: (path) => path,
    }
    const [finding] = check(guardsOf({ paths: [{ root }] }, { probe: broken }), { path: 'real' })
    expect(finding).toMatchObject({ effect: 'deny', rule: 'guards.paths' })
    expect(finding!.reason).toContain('could not be evaluated')
  })
})
