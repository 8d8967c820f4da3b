import { execFileSync } from 'node:child_process'
import {
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { fileProbe } from '../../../src/gate/guards/probe.ts'
import type { ToolAccess } from '../../../src/tools/access/area.ts'
import { openFile, type OpenFlags } from '../../../src/tools/access/open.ts'
import { execute } from '../../../src/tools/execute.ts'
import { mintPermit } from '../../../src/tools/permit.ts'
import type { ToolContext } from '../../../src/tools/tool.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { check, guardsOf } from '../gate/guards/guarded.ts'
import { contextWith, makeTool } from './support.ts'

const kinds = [
  { name: 'reader', facts: { kind: 'read' } },
  { name: 'writer', facts: { kind: 'write' } },
] as const

function folders(): { readonly root: string; readonly outside: string } {
  const root = realpathSync(temporaryFolder())
  const outside = realpathSync(temporaryFolder())
  mkdirSync(join(root, 'data'))
  writeFileSync(join(root, 'data/a.txt'), 'inside')
  writeFileSync(join(outside, 'a.txt'), 'outside')
  return { root, outside }
}

function accessTo(guards: readonly object[], tool = 'writer'): ToolAccess {
  return guardsOf({ paths: guards }, { tools: kinds }).access(tool)!
}

async function read(access: ToolAccess | undefined, path: string): Promise<string> {
  await using handle = await openFile(access, 'writer', path)
  return handle.readFile('utf8')
}

async function write(
  access: ToolAccess,
  path: string,
  flags: OpenFlags,
  text = 'new',
): Promise<void> {
  await using handle = await openFile(access, 'writer', path, flags)
  await handle.writeFile(text)
}

const denied = (reason: string): object =>
  expect.objectContaining({
    code: 'access-denied',
    message: expect.stringContaining(reason) as string,
  })

describe('opening a file', () => {
  test('reads, writes, appends and creates below the root', async () => {
    const { root } = folders()
    const access = accessTo([{ root }])
    expect(await read(access, 'data/a.txt')).toBe('inside')
    expect(await read(access, join(root, 'data/a.txt'))).toBe('inside')
    await write(access, 'data/a.txt', 'w')
    await write(access, 'data/a.txt', 'a')
    await write(access, 'b.txt', 'wx')
    expect(await read(access, 'data/a.txt')).toBe('newnew')
    await expect(write(access, 'b.txt', 'wx')).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(read(access, 'none.txt')).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(read(access, 'none/none.txt')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('needs a guard, a path and known flags', async () => {
    await expect(read(undefined, 'a')).rejects.toMatchObject({
      code: 'access-denied',
      help: expect.stringContaining('paths: [{ tools: [writer]') as string,
    })
    const access = accessTo([{ root: '/srv' }])
    for (const flags of ['w+', { toString: () => 'r' }]) {
      await expect(openFile(access, 't', 'a', flags as OpenFlags)).rejects.toMatchObject({
        code: 'bad-option',
      })
    }
    await expect(openFile(access, 't', 5 as unknown as string)).rejects.toMatchObject({
      code: 'bad-option',
    })
  })

  test('S0-44 judges the path as the guard does', async () => {
    const { root } = folders()
    const access = accessTo([{ root, deny: ['**/*.pem'], readOnly: ['data/**'] }])
    await expect(read(access, '../a')).rejects.toEqual(denied('out of the folder'))
    await expect(read(access, 'key.PEM')).rejects.toEqual(denied('denied by the pattern'))
    await expect(write(access, 'data/a.txt', 'r+')).rejects.toEqual(denied('read-only'))
    expect(await read(access, 'data/a.txt')).toBe('inside')
    const reader = accessTo([{ root }], 'reader')
    await expect(openFile(reader, 'reader', 'data/a.txt', 'a')).rejects.toEqual(denied('reads'))
  })

  test('E03: does not follow links out of the root, nor any where they are denied', async () => {
    const { root, outside } = folders()
    symlinkSync(outside, join(root, 'out'))
    symlinkSync('data', join(root, 'in'))
    symlinkSync(join(outside, 'new.txt'), join(root, 'dangling'))
    symlinkSync('a.txt', join(root, 'data/link'))
    const strict = accessTo([{ root }])
    const inside = accessTo([{ root, symlinks: 'inside', deny: ['data/secret'] }])
    for (const path of ['out/a.txt', 'in/a.txt', 'data/link']) {
      await expect(read(strict, path)).rejects.toEqual(denied('symbolic link'))
    }
    expect(await read(inside, 'in/a.txt')).toBe('inside')
    await expect(read(inside, 'out/a.txt')).rejects.toEqual(denied('symbolic link out'))
    writeFileSync(join(root, 'data/secret'), 'x')
    await expect(read(inside, 'in/secret')).rejects.toEqual(denied('pattern'))
    for (const access of [strict, inside]) {
      await expect(write(access, 'dangling', 'w')).rejects.toEqual(denied('symbolic link'))
      expect(() => readFileSync(join(outside, 'new.txt'))).toThrow('ENOENT')
    }
  })

  test('follows no link to what the system shows, where the root is everything', async () => {
    const { root } = folders()
    symlinkSync('/proc/self', join(root, 'self'))
    const everything = { root: '/', symlinks: 'inside' }
    const path = join(root, 'self/status')
    await expect(read(accessTo([everything]), path)).rejects.toEqual(denied('leads out'))
    expect(await read(accessTo([everything]), join(root, 'data/a.txt'))).toBe('inside')
    const guards = guardsOf({ paths: [everything] }, { probe: fileProbe })
    expect(check(guards, { path })[0]?.reason).toContain('leads out')
  })

  test('opens regular files alone', async () => {
    const { root } = folders()
    const [makePipe, pipe] = ['mkfifo', join(root, 'pipe')]
    execFileSync(makePipe!, [pipe!])
    const access = accessTo([{ root }])
    await expect(read(access, 'pipe')).rejects.toEqual(denied('regular file'))
    await expect(read(access, 'data')).rejects.toEqual(denied('regular file'))
    await expect(read(access, '.')).rejects.toEqual(denied('a folder'))
    await expect(read(access, 'data/a.txt/b')).rejects.toEqual(denied('through a file'))
  })

  test('writes no file that has a second name, and empties none', async () => {
    const { root, outside } = folders()
    linkSync(join(outside, 'a.txt'), join(root, 'hard'))
    mkdirSync(join(root, '.git/objects'), { recursive: true })
    linkSync(join(outside, 'a.txt'), join(root, '.git/objects/ab'))
    const access = accessTo([{ root }])
    for (const flags of ['w', 'a', 'r+'] as const) {
      await expect(write(access, 'hard', flags)).rejects.toEqual(denied('hard link'))
    }
    expect(await read(access, 'hard')).toBe('outside')
    await write(access, '.git/objects/ab', 'w', 'object')
    expect(readFileSync(join(outside, 'a.txt'), 'utf8')).toBe('object')
  })

  test('reads no path below two folders, and asks the guards of every file and argument', async () => {
    const { root } = folders()
    const nested = accessTo([{ root }, { root: join(root, 'data') }])
    await expect(read(nested, 'a.txt')).rejects.toEqual(denied('different folders'))
    expect(await read(nested, join(root, 'data/a.txt'))).toBe('inside')
    const either = accessTo([{ root }, { root: '/srv', arg: ['other'] }])
    expect(await read(either, 'data/a.txt')).toBe('inside')
    const [area] = either.files[0]![0]!
    const parent = {
      ...either,
      files: [
        ...either.files,
        [[{ ...area!, refuse: () => 'no', locate: () => ({ ok: false as const, reason: 'no' }) }]],
      ],
    }
    await expect(read(parent, 'data/a.txt')).rejects.toEqual(denied('no'))
  })
})

describe('E04: a folder that is swapped for a link', () => {
  test('after the call was judged is not opened', async () => {
    const { root, outside } = folders()
    const guards = guardsOf({ paths: [{ root }] }, { tools: kinds, probe: fileProbe })
    expect(check(guards, { path: 'data/a.txt' }, 'writer')).toEqual([])
    renameSync(join(root, 'data'), join(root, 'old'))
    symlinkSync(outside, join(root, 'data'))
    await expect(read(guards.access('writer'), 'data/a.txt')).rejects.toEqual(
      denied('symbolic link'),
    )
  })

  test('again and again while it is opened never shows what is outside', async () => {
    const { root, outside } = folders()
    const access = accessTo([{ root }])
    const swapper = new Worker(
      `const { renameSync, symlinkSync, unlinkSync } = require('node:fs')
       const { workerData: { root, outside } } = require('node:worker_threads')
       const swap = () => {
         renameSync(root + '/data', root + '/kept')
         symlinkSync(outside, root + '/data')
         unlinkSync(root + '/data')
         renameSync(root + '/kept', root + '/data')
         setImmediate(swap)
       }
       swap()`,
      { eval: true, workerData: { root, outside } },
    )
    const seen = new Map<string, number>()
    for (let round = 0; round < 3000; round++) {
      const outcome = await read(access, 'data/a.txt').catch(
        (error: unknown) => (error as { code: string }).code,
      )
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    }
    await swapper.terminate()
    console.log('opened while a folder was swapped:', Object.fromEntries(seen))
    expect(seen.get('outside')).toBeUndefined()
    expect(
      [...seen.keys()].filter((key) => !['inside', 'access-denied', 'ENOENT'].includes(key)),
    ).toEqual([])
  })
})

/** What a tool that acts so under a permit with this access returns, or its error says. */
async function call(
  act: (context: ToolContext) => unknown,
  access: ToolAccess | undefined,
): Promise<unknown> {
  const tool = await makeTool({ execute: (_, context) => act(context) })
  const args = Object.freeze({})
  const proposed = {
    callId: 'c',
    providerId: '',
    turn: 1,
    index: 0,
    tool: tool.name,
    rawArgs: '{}',
  }
  const permit = mintPermit({ call: proposed, tool, args, principal: null, access })
  const { result, error } = await execute(permit, contextWith())
  return result ?? error?.message
}

const reading = async ({ open }: ToolContext): Promise<string> => {
  await using handle = await open('data/a.txt')
  return handle.readFile('utf8')
}

describe('the context of a tool', () => {
  test('opens what the permit carries, and nothing without a guard', async () => {
    const { root } = folders()
    expect(await call(reading, accessTo([{ root }]))).toBe('inside')
    expect(await call(reading, undefined)).toContain('may not open anything')
    expect(await call(({ fetch }) => fetch('https://a.example/'), undefined)).toContain(
      'may not fetch',
    )
  })

  test('opens nothing when the call is over', async () => {
    const { root } = folders()
    let kept: ToolContext | undefined
    await call(
      (context) => {
        kept = context
        return 1
      },
      accessTo([{ root }]),
    )
    await expect(kept!.open('data/a.txt')).rejects.toEqual(denied('the call is over'))
    await expect(kept!.fetch('https://a.example/')).rejects.toEqual(denied('the call is over'))
  })
})
