import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  loadPolicy,
  watchPolicy,
  type PolicyChange,
  type WatchedPolicy,
} from '../../../src/index.ts'
import { signPolicy } from '../../../src/loading/sign.ts'
import type { WatchOptions } from '../../../src/loading/watched.ts'
import { agentOf, finish, only, toolOf } from '../../support/agent.ts'
import {
  policyFolder,
  policyText,
  writePolicy,
  type FileFields,
} from '../../support/policy-files.ts'
import { keyPair } from '../../support/policy-keys.ts'
import { decideOn } from '../policy/build.ts'

const mild = 'roles: { user: {} }\nrules:\n  - { id: may, allow: [tool] }\n'
const strict = 'roles: { user: {} }\nrules:\n  - { id: never, deny: [tool] }\n'

const open: WatchedPolicy[] = []
afterEach(() => {
  for (const policy of open.splice(0)) policy.close()
})

interface Watching {
  readonly policy: WatchedPolicy
  readonly folder: string
  readonly path: string
  readonly heard: readonly PolicyChange[]
  /** Writes the first file in one step. */
  write(fields: FileFields): void
  /** Resolves with the next news. */
  next(): Promise<PolicyChange>
}

async function watching(
  files: Readonly<Record<string, FileFields>>,
  options: WatchOptions = {},
): Promise<Watching> {
  const folder = policyFolder(files)
  return watchingIn(folder, options)
}

async function watchingIn(folder: string, options: WatchOptions = {}): Promise<Watching> {
  const path = join(folder, 'main.yaml')
  const heard: PolicyChange[] = []
  const waiting: ((change: PolicyChange) => void)[] = []
  const policy = await watchPolicy(path, {
    onChange: (change) => {
      heard.push(change)
      for (const tell of waiting.splice(0)) tell(change)
    },
    ...options,
  })
  open.push(policy)
  await policy.reload()
  return {
    policy,
    folder,
    path,
    heard,
    write(fields) {
      writePolicy(join(folder, 'next'), fields)
      renameSync(join(folder, 'next'), path)
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
  }
}

const tools = [toolOf('tool'), toolOf('other')]

function effectOf(current: ReturnType<WatchedPolicy['follow']>): string {
  return decideOn(current()).effect
}

describe('a watched policy', () => {
  test('follows its file', async () => {
    const { heard, next, policy, write } = await watching({ 'main.yaml': mild })
    const current = policy.follow(tools)
    const before = current()
    expect(effectOf(current)).toBe('allow')
    const news = next()
    write(strict)
    expect(await news).toEqual({
      kind: 'changed',
      previous: before.digest,
      digest: expect.stringMatching(/^sha256:/),
    })
    expect(effectOf(current)).toBe('deny')
    expect(decideOn(current()).policy.digest).toBe(policy.file.digest)
    expect(decideOn(before).effect).toBe('allow')
    expect(heard).toHaveLength(1)
  })

  test('follows the files it extends, in other folders too', async () => {
    const { folder, next, policy } = await watching({
      'main.yaml': 'extends: [./org/base.yaml]\nrules:\n  - { id: all, allow: ["**"] }\n',
      'org/base.yaml': mild,
    })
    const current = policy.follow(tools)
    const news = next()
    writePolicy(join(folder, 'org/base.yaml'), strict)
    expect((await news).kind).toBe('changed')
    expect(effectOf(current)).toBe('deny')
  })

  test('follows a folder that is replaced as a whole behind a symbolic link', async () => {
    const folder = policyFolder({ 'one/main.yaml': mild, 'two/main.yaml': strict })
    symlinkSync('one', join(folder, 'current'))
    symlinkSync('current/main.yaml', join(folder, 'main.yaml'))
    const { next, policy } = await watchingIn(folder)
    const current = policy.follow(tools)
    const news = next()
    symlinkSync('two', join(folder, 'new'))
    renameSync(join(folder, 'new'), join(folder, 'current'))
    expect((await news).kind).toBe('changed')
    expect(effectOf(current)).toBe('deny')
  })

  test('has nothing new to tell of the same text', async () => {
    const { heard, policy, write } = await watching({ 'main.yaml': mild })
    write(mild)
    expect(await policy.reload()).toBeUndefined()
    expect(heard).toEqual([])
  })

  test('knows the new places when only a comment was added', async () => {
    const { policy, write } = await watching({ 'main.yaml': mild })
    const current = policy.follow(tools)
    const [line, digest] = [decideOn(current()).rules[0]!.line, current().digest]
    write(`# reviewed\n${mild}`)
    expect(await policy.reload()).toEqual({ kind: 'changed', digest, previous: digest })
    expect(decideOn(current()).rules[0]!.line).toBe(line + 1)
  })

  test('stays as it is once it is closed', async () => {
    const { heard, policy, write } = await watching({ 'main.yaml': mild })
    const current = policy.follow(tools)
    policy.close()
    write(strict)
    expect(await policy.reload()).toBeUndefined()
    expect(effectOf(current)).toBe('allow')
    expect(heard).toEqual([])
  })
})

describe('P17: the last good policy stays, with an alarm, when what is on the disk', () => {
  const { open: key, secret } = keyPair('k')

  test.each<[string, string, (watched: Watching) => void]>([
    [
      'is half written',
      'bad-policy',
      ({ path }) => writeFileSync(path, policyText(mild).slice(0, 60)),
    ],
    ['is empty', 'bad-policy', ({ path }) => writeFileSync(path, '')],
    ['is gone', 'bad-file', ({ path }) => rmSync(path)],
    ['is gone with its folder', 'bad-file', ({ folder }) => rmSync(folder, { recursive: true })],
    ['is a folder', 'bad-file', ({ path }) => (rmSync(path), mkdirSync(path))],
    ['has lost its rules', 'bad-policy', ({ write }) => write('roles: { user: {} }\n')],
    [
      'names a tool that is not there',
      'bad-policy',
      ({ write }) => write('rules:\n  - { id: a, allow: [gone] }\n'),
    ],
    [
      'fails a test of its own',
      'bad-policy',
      ({ write }) =>
        write(
          `${strict}tests:\n  - { name: t, as: { roles: [user] }, call: { tool: tool }, expect: allow }\n`,
        ),
    ],
    [
      'extends a file that fails a test',
      'bad-policy',
      ({ folder, write }) => {
        writePolicy(
          join(folder, 'base.yaml'),
          `${strict}tests:\n  - { name: t, as: { roles: [user] }, call: { tool: tool }, expect: allow }\n`,
        )
        write('extends: [./base.yaml]\nrules: []\n')
      },
    ],
    [
      'cannot tell callers',
      'bad-option',
      ({ write }) =>
        write({
          rules: [],
          identity: {
            jwt: [
              {
                issuer: 'i',
                audience: ['a'],
                algorithms: ['ES256'],
                jwksFile: './keys.json',
                clockSkew: '1h',
              },
            ],
          },
        }),
    ],
  ])('%s', async (_, code, change) => {
    const watched = await watching({ 'main.yaml': mild })
    const current = watched.policy.follow(tools)
    const before = current()
    change(watched)
    const alarm = {
      kind: 'refused',
      digest: before.digest,
      error: expect.objectContaining({ code }),
    }
    const reloaded = await watched.policy.reload()
    expect(watched.heard).toEqual([alarm])
    expect(reloaded ?? alarm).toEqual(alarm)
    expect(current()).toBe(before)
    // told once, not at every look
    expect(await watched.policy.reload()).toBeUndefined()
    expect(watched.heard).toHaveLength(1)
  })

  test('P18: has lost its signature', async () => {
    const folder = policyFolder({ 'main.yaml': mild })
    const path = join(folder, 'main.yaml')
    writeFileSync(`${path}.sig`, await signPolicy(path, secret))
    const { heard, policy, write } = await watchingIn(folder, { keys: [key] })
    const current = policy.follow(tools)
    rmSync(`${path}.sig`)
    await policy.reload()
    write(strict)
    await policy.reload()
    expect(heard).toMatchObject([{ kind: 'refused', error: { code: 'policy-unsigned' } }])
    expect(effectOf(current)).toBe('allow')
    writeFileSync(`${path}.sig`, await signPolicy(path, secret))
    await policy.reload()
    expect(heard.at(-1)).toMatchObject({ kind: 'changed' })
    expect(effectOf(current)).toBe('deny')
  })

  test('and a later good one is taken', async () => {
    const { heard, next, path, policy, write } = await watching({ 'main.yaml': mild })
    const current = policy.follow(tools)
    const alarm = next()
    writeFileSync(path, 'sallyport: 1\nname: [')
    expect((await alarm).kind).toBe('refused')
    const news = next()
    write(strict)
    expect((await news).kind).toBe('changed')
    expect(effectOf(current)).toBe('deny')
    expect(heard.map(({ kind }) => kind)).toEqual(['refused', 'changed'])
  })
})

describe('who follows a watched policy', () => {
  test('has it held against tools of its own, all or none', async () => {
    const { policy, write } = await watching({ 'main.yaml': mild })
    const [one, two] = [policy.follow(tools), policy.follow([toolOf('tool')])]
    write('rules:\n  - { id: a, deny: [other] }\n')
    expect(await policy.reload()).toMatchObject({ kind: 'refused' })
    expect([effectOf(one), effectOf(two)]).toEqual(['allow', 'allow'])
    write(strict)
    expect(await policy.reload()).toMatchObject({ kind: 'changed' })
    expect([effectOf(one), effectOf(two)]).toEqual(['deny', 'deny'])
  })

  test('may begin while another policy is being tried', async () => {
    const { policy, write } = await watching({ 'main.yaml': mild })
    const one = policy.follow(tools)
    write(strict)
    const reloading = policy.reload()
    const followers = [one]
    while (policy.file.rules[0]!.id === 'may') {
      followers.push(policy.follow(tools))
      await new Promise((resolve) => void setImmediate(resolve))
    }
    await reloading
    expect(new Set(followers.map(effectOf))).toEqual(new Set(['deny']))
  })
})

describe('a runtime under a watched policy', () => {
  test('S2-37 judges the next call of a run by the policy of then', async () => {
    const { policy, write } = await watching({ 'main.yaml': mild })
    const first = toolOf('tool', {
      execute: async () => {
        write(strict)
        await policy.reload()
        return 'done'
      },
    })
    const turn = { calls: [{ tool: 'tool' }] }
    const { start } = agentOf([turn, turn, { text: 'done' }], { tools: [first], policy })
    const { events } = await finish(start())
    const decisions = only(events, 'decision').map(({ decision }) => decision)
    expect(decisions.map(({ effect, rule }) => `${effect} by ${rule}`)).toEqual([
      'allow by may',
      'deny by never',
    ])
    expect(decisions[1]!.policy.digest).toBe(policy.file.digest)
    expect(only(events, 'run-start')[0]!.policy.digest).toBe(decisions[0]!.policy.digest)
  })

  test('knows at once that a key was withdrawn', async () => {
    const hash = `sha256:${createHash('sha256').update('key-1234567890').digest('hex')}`
    const { policy, write } = await watching({
      'main.yaml': withKeys([{ id: 'ci', hash, roles: ['user'] }]),
    })
    const { runtime } = agentOf([{ text: 'hello' }, { text: 'hello' }], { policy })
    const auth = { apiKey: 'key-1234567890' }
    expect((await runtime.run({ input: 'go', auth }).result()).status).toBe('completed')
    write(withKeys([]))
    await policy.reload()
    const after = await runtime.run({ input: 'go', auth }).result()
    expect([after.status, after.error?.code]).toEqual(['denied', 'api-key-unknown'])
  })
})

function withKeys(apiKeys: object[]): FileFields {
  return { roles: { user: {} }, rules: [], identity: { apiKeys } }
}

const failing: readonly [string, () => void][] = [
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
  ['is an async function and rejects', () => Promise.reject(new Error('no'))],
]

test.each(failing)('a listener that %s does not touch the policy', async (_, onChange) => {
  const warned: string[] = []
  const listen = (warning: Error): void => void warned.push(warning.message)
  process.on('warning', listen)
  const { policy, write } = await watching({ 'main.yaml': mild }, { onChange })
  const current = policy.follow(tools)
  write(strict)
  expect(await policy.reload()).toMatchObject({ kind: 'changed' })
  expect(effectOf(current)).toBe('deny')
  await new Promise((resolve) => void setImmediate(resolve))
  process.off('warning', listen)
  expect(warned).toEqual(['onChange of `watchPolicy` threw: no'])
})

test('an alarm that nobody listens to is a warning of the process', async () => {
  const warned: string[] = []
  const listen = (warning: Error): void => void warned.push(warning.message)
  process.on('warning', listen)
  const folder = policyFolder({ 'main.yaml': mild })
  const policy = await watchPolicy(join(folder, 'main.yaml'))
  open.push(policy)
  rmSync(join(folder, 'main.yaml'))
  await policy.reload()
  await new Promise((resolve) => void setImmediate(resolve))
  process.off('warning', listen)
  expect(warned).toEqual([
    expect.stringMatching(/^the policy in force is not the one on the disk: .*cannot be read/),
  ])
})

test('watching refuses what loading refuses', async () => {
  const folder = policyFolder({ 'main.yaml': 'rulez: []\n' })
  const path = join(folder, 'main.yaml')
  await expect(watchPolicy(path)).rejects.toMatchObject({ code: 'bad-policy' })
  await expect(watchPolicy('https://a.example/p.yaml')).rejects.toMatchObject({
    code: 'bad-option',
  })
  await expect(watchPolicy(path, { onChnge: 1 } as never)).rejects.toMatchObject({
    code: 'bad-option',
  })
  await expect(loadPolicy(path, { onChange: () => undefined } as never)).rejects.toMatchObject({
    code: 'bad-option',
  })
})
