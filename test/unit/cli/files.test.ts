import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/folder.ts'
import { inProcess } from '../../support/in-process.ts'

const policy = 'sallyport: 1\nname: a\nrules: []\n'

/** A folder with a policy, an empty journal and a folder `sub`; the function gives paths in it. */
function folder(): (name: string) => string {
  const at = temporaryFolder()
  writeFileSync(join(at, 'a.yaml'), policy)
  writeFileSync(join(at, 'bad.json'), '[1,')
  mkdirSync(join(at, 'sub'))
  return (name) => join(at, name)
}

const commands = (path: (name: string) => string, file: string): readonly string[][] => [
  ['check', path(file)],
  ['test', path(file)],
  ['test', `${path(file)}.test.yaml`],
  ['fmt', path(file)],
  ['convert', path(file)],
  ['sign', path('a.yaml'), '--key', path(file)],
  ['report', path(file)],
  ['report', `${path(file)}.json`],
  ['replay', path(file), '--policy', path('a.yaml')],
  ['check', path('a.yaml'), '--policy-keys', path(file)],
  ['check', path('a.yaml'), '--tools', `${path(file)}.json`],
]

/** Not one of those that make a name of their own out of the given one. */
function isWhole(args: readonly string[]): boolean {
  return !args.join().includes('sub.')
}

describe('a file that a command cannot use', () => {
  test('is named, with the reason in words and what to do', async () => {
    for (const args of commands(folder(), 'none')) {
      const { code, out, notes } = await inProcess(args)
      expect([args, code, out]).toEqual([args, 2, ''])
      expect(notes).toMatch(/^error\[bad-file\]: .*none.* cannot be read: there is no such file\n/)
      expect(notes).toContain('\n  help: check the name; it is looked up from the current folder\n')
    }
  })

  test('is told from a folder', async () => {
    for (const args of commands(folder(), 'sub').filter(isWhole)) {
      const { code, out, notes } = await inProcess(args)
      expect([args, code, out]).toEqual([args, 2, ''])
      const why =
        args[0] === 'report'
          ? /^error\[bad-file\]: the folder `.*sub` holds no journal and no report\n {2}help: /
          : /^error\[bad-file\]: .*sub` cannot be read: (it is a folder|it is not a file)\n {2}help: /
      expect(notes).toMatch(why)
    }
  })

  test('that is to be written is told why not', async () => {
    const path = folder()
    const shut = await inProcess(['init', '--output', path('none/a.yaml')])
    expect([shut.code, shut.notes]).toEqual([
      2,
      `error[bad-file]: \`${path('none/a.yaml')}\` cannot be written: its folder does not exist\n` +
        '  help: make the folder first, or choose another name\n',
    ])
    const taken = await inProcess(['init', '--output', path('a.yaml')])
    expect(taken.code).toBe(2)
    expect(taken.notes).toContain('cannot be written: it exists already\n')
    expect(taken.notes).toContain('an existing file is not overwritten')
  })

  test('is told from schemas that are no JSON', async () => {
    const path = folder()
    const { code, notes } = await inProcess(['check', path('a.yaml'), '--tools', path('bad.json')])
    expect(code).toBe(2)
    expect(notes).toMatch(/bad\.json` is not JSON: .*\n {2}help: write a JSON array of/)
  })
})
