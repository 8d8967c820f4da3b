import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { manualClock } from '../../../src/testing/clock.ts'
import type { ScriptedTurn } from '../../../src/testing/turn.ts'
import type { FetchInit } from '../../../src/tools/access/fetch.ts'
import { isolate } from '../../../src/tools/isolate/isolate.ts'
import type { IsolateOptions } from '../../../src/tools/isolate/options.ts'
import {
  canReconcile,
  implementationOf,
  reconcilerOf,
  type ToolContext,
  type ToolLog,
} from '../../../src/tools/tool.ts'
import { agentOf, allowing, finish, only, policyOf } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { eventually, hasWalls, hostileModule, processesWith } from '../../support/isolation.ts'
import { root } from '../../support/program.ts'

/** A module of its own in an empty folder. */
function moduleOf(text: string): string {
  const path = join(temporaryFolder(), 'tools.mjs')
  writeFileSync(path, text)
  return path
}

/** A call whose guards look at one path, and that opens another one. */
function opening(what: string, where: string): ScriptedTurn {
  return { calls: [{ tool: 'asking', args: { path: 'in.txt', what, where } }] }
}

function contextWith(members: object): ToolContext {
  const { signal } = new AbortController()
  return {
    signal,
    deadline: Date.now() + 60_000,
    log: () => undefined,
    ...members,
  } as unknown as ToolContext
}

async function settled(frames: unknown): Promise<unknown> {
  for (;;) {
    const step = await (frames as AsyncGenerator).next()
    if (step.done === true) return step.value
  }
}

function holdingItself(): object {
  const value: Record<string, unknown> = {}
  value['self'] = value
  return value
}

function refusing(module: string, options?: IsolateOptions): Promise<unknown> {
  return isolate(module, options).catch((error: unknown) => error)
}

describe.runIf(hasWalls)('an isolated tool', () => {
  test('is told what any tool is told, but for what it cannot hold', async () => {
    const tools = await isolate(hostileModule, {
      environment: { REGION: 'north' },
      deps: (deps) => ({ shop: (deps as { shop: string }).shop }),
    })
    const logged: unknown[] = []
    const log: ToolLog = (message, data) => logged.push([message, data])
    const turns = [{ calls: [{ tool: 'told', args: { a: [1, 'ä'] } }] }, { text: '' }]
    const { start } = agentOf(turns, { tools, policy: allowing('told'), log })
    const { recorded } = await finish(start({ deps: { shop: 's', secret: 'not for tools' } }))
    const [started] = only(recorded, 'execution-start')
    const [result] = only(recorded, 'tool-result')
    expect(result!.result).toEqual({
      args: { a: [1, 'ä'] },
      environment: { REGION: 'north' },
      text: 'ä\u{1f600}\ufffd',
      context: {
        principal: { subject: 'user-1', roles: ['user'], scopes: [] },
        runId: started!.runId,
        callId: started!.callId,
        turn: 1,
        attempt: 1,
        idempotencyKey: expect.stringMatching(/./),
        deadline: expect.any(Number),
        deps: { shop: 's' },
      },
    })
    expect(only(recorded, 'execution-progress').map(({ value }) => value)).toEqual([
      { half: 'wäy' },
    ])
    expect(logged).toContainEqual(['noted', { a: 1 }])
    expect(logged).toContainEqual([
      'the tool wrote to its standard output or errors',
      { text: 'printed\n', dropped: 0 },
    ])
  })

  test.each<[string, () => unknown, RegExp]>([
    ['holds a bigint', () => ({ n: 1n }), /a bigint has no JSON form/],
    ['holds itself', () => holdingItself(), /cyclic/],
    ['cannot be read', () => ({ toJSON: () => expect.fail('no') }), /reading the value failed/],
    ['is too long', () => 'x'.repeat(16 * 1024 * 1024), /longer than/],
    ['is a promise that rejects', async () => expect.fail('no'), /a Promise has no JSON form/],
  ])('does not run with what its host cannot pass on because it %s', async (_, deps, message) => {
    const tools = await isolate(hostileModule, { deps: deps as IsolateOptions['deps'] & object })
    const turns = [{ calls: [{ tool: 'told', args: {} }] }, { text: '' }]
    const { start } = agentOf(turns, { tools, policy: allowing('told') })
    const [result] = only((await finish(start())).recorded, 'tool-result')
    expect(result).toMatchObject({
      status: 'error-execution',
      error: { message: expect.stringMatching(message) },
    })
  })

  test('has the processor for its time, whatever the clock of the host says', async () => {
    const module = moduleOf(`export default [{
      name: 'bound',
      description: 'd',
      input: {},
      timeoutMs: 60_000,
      execute: () => process.report.getReport().userLimits.cpu_time_seconds.soft,
    }]`)
    const tools = await isolate(module)
    for (const now of [0, Date.now() + 1e9]) {
      const turns = [{ calls: [{ tool: 'bound' }] }, { text: '' }]
      const options = { tools, policy: allowing('bound'), clock: manualClock(now) }
      const { messages } = await agentOf(turns, options).start().result()
      expect(messages.find(({ role }) => role === 'tool')).toMatchObject({ content: '490' })
    }
  })

  test('is tried again, and hides what is sensitive, as any tool', async () => {
    const tools = await isolate(hostileModule)
    const args = { pin: 'pin-4711', fail: 1 }
    const turns = [
      { calls: [{ tool: 'told', args }] },
      { calls: [{ tool: 'told', args: { pin: 'pin-4711', fail: 2 } }] },
      { text: '' },
    ]
    const { start } = agentOf(turns, { tools, policy: allowing('told') })
    const { result } = await finish(start())
    const [again] = result.report.rows
    expect(again).toMatchObject({ status: 'success', attempts: 2 })
    expect(JSON.stringify(result.report.rows)).not.toContain('pin-4711')
  })

  test('opens by its context what the guards of the policy allow, and nothing else', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'in.txt'), 'from the host')
    writeFileSync(join(folder, 'other.md'), 'not for it')
    const tools = await isolate(hostileModule)
    const guard = { tools: ['asking'], arg: '/path', root: folder, symlinks: 'deny' }
    const policy = policyOf({
      rules: [{ id: 'allowed', allow: ['asking'], who: { roles: ['user'] } }],
      tools: { asking: { kind: 'write', args: { path: { is: 'path' } } } },
      guards: { paths: [{ ...guard, deny: ['*.md'] }] },
    })
    const turns = [
      opening('read', join(folder, 'in.txt')),
      opening('write', join(folder, 'out.txt')),
      opening('read', join(folder, 'other.md')),
      opening('read', join(folder, 'missing.txt')),
      opening('fetch', 'http://127.0.0.1:1/'),
      { text: '' },
    ]
    const { start } = agentOf(turns, { tools, policy })
    const { recorded } = await finish(start())
    const [read, , refused, missing, fetched] = only(recorded, 'tool-result')
    expect(read!.result).toEqual({ text: 'from the host', size: 13 })
    expect(readFileSync(join(folder, 'out.txt'), 'utf8')).toBe('by the tool')
    expect(refused!.error?.message).toMatch(/^access-denied: /)
    expect(missing!.error?.message).toMatch(/^ENOENT: /)
    expect(fetched!.error?.message).toMatch(/^access-denied: /)
  })

  test('fetches by its context', async () => {
    const tool = (await isolate(hostileModule)).find(({ name }) => name === 'asking')!
    const asked: unknown[] = []
    const context = contextWith({
      fetch: (url: string, { method, headers, body }: FetchInit) => {
        asked.push({ url, method, headers, body: Buffer.from(body as Buffer).toString() })
        return Promise.resolve(new Response('ä', { status: 201 }))
      },
    })
    const found = await settled(
      implementationOf(tool)({ what: 'fetch', where: 'http://a.example/' }, context),
    )
    expect(asked).toEqual([
      { url: 'http://a.example/', method: 'POST', headers: { a: 'b' }, body: 'ask' },
    ])
    expect(found).toEqual({ status: 201, text: 'ä' })
  })

  test('waits for what it fetches as long as its own signal says', async () => {
    const tool = (await isolate(hostileModule)).find(({ name }) => name === 'asking')!
    const context = contextWith({ fetch: () => new Promise(() => undefined) })
    const args = { what: 'fetch in time', where: 'http://a.example/' }
    await expect(settled(implementationOf(tool)(args, context))).rejects.toThrow('due to timeout')
  })

  test('fetches on after others that it has given up, which end', async () => {
    const module = moduleOf(`
      const giveUp = (fetch) =>
        fetch('http://slow.example/', { signal: AbortSignal.timeout(20) }).catch(() => undefined)
      export default [{
        name: 'patient',
        description: '',
        input: { type: 'object' },
        async execute(args, { fetch }) {
          await Promise.all(Array.from({ length: 9 }, () => giveUp(fetch)))
          return (await fetch('http://fast.example/')).text()
        },
      }]`)
    const [tool] = await isolate(module)
    const underWay = new Set<AbortSignal>()
    const fetch = (url: string, { signal }: FetchInit): Promise<Response> => {
      if (url === 'http://fast.example/') return Promise.resolve(new Response('found'))
      underWay.add(signal!)
      return new Promise((_, reject) => {
        signal!.addEventListener('abort', () => reject(signal!.reason as Error))
      })
    }
    expect(await settled(implementationOf(tool!)({}, contextWith({ fetch })))).toBe('found')
    expect([...underWay].every((signal) => signal.aborted)).toBe(true)
    expect(underWay.size).toBeGreaterThan(3)
  })

  test('is asked on resume what became of its call', async () => {
    const told = (await isolate(hostileModule)).find(({ name }) => name === 'told')
    expect(canReconcile(told!)).toBe(true)
    const found = await reconcilerOf(told!)!({}, contextWith({ idempotencyKey: 'key-1' }))
    expect(found).toEqual({ outcome: 'success', result: 'key-1' })
  })

  test('is asked by its schema library, inside', async () => {
    const module = moduleOf(`
      import { z } from '${root}/node_modules/zod/index.js'
      const input = z.object({ a: z.number().refine((a) => a !== 7) })
      const output = z.string().refine((text) => text !== 'A8')
      const execute = ({ a }) => 'A' + a
      export default [{ name: 'odd', description: '', input, output, execute }]`)
    const tools = await isolate(module, { read: [join(root, 'node_modules')] })
    const calls = ['x', 7, 8, 9].map((a) => ({ tool: 'odd', args: { a } }))
    const turns = [{ calls }, { text: '' }]
    const { start } = agentOf(turns, { tools, policy: allowing('odd') })
    const { result } = await finish(start())
    expect(result.report.rows.map(({ status }) => status)).toEqual([
      'error-validation',
      'error-execution',
      'error-output',
      'success',
    ])
  })

  test.each(['outside', 'read'])('does not run when its folder is a link to %s', async (name) => {
    const folder = temporaryFolder()
    const [given, read, target] = ['given', 'read', name].map((part) => join(folder, part))
    for (const path of new Set([given, read, target])) mkdirSync(path!)
    const tools = await isolate(hostileModule, { read: [read!], write: [given!] })
    renameSync(given!, join(folder, 'moved'))
    symlinkSync(target!, given!)
    const turns = [{ calls: [{ tool: 'told' }] }, { text: '' }]
    const { start } = agentOf(turns, { tools, policy: allowing('told') })
    const { result } = await finish(start())
    const [row] = result.report.rows
    expect(row!.status).toBe('error-execution')
    expect(row!.error?.message).toMatch(/is no longer where it was/)
  })

  test('dies with its host, even when it never yields and the host is killed', async () => {
    const mark = temporaryFolder()
    const program = `
      import { isolate } from '${root}/src/tools/isolate/isolate.ts'
      import { agentOf, allowing } from '${root}/test/support/agent.ts'
      const tools = await isolate('${hostileModule}', { read: ['${mark}'] })
      console.log('isolated')
      const turns = [{ calls: [{ tool: 'harm', args: { way: 'never yield' } }] }]
      await agentOf(turns, { tools, policy: allowing('harm') }).start().result()`
    const host = spawn(process.execPath, ['--input-type=module', '--eval', program])
    const isBusy = (): boolean => processesWith('--allow-fs-read=' + mark).length > 0
    // the first process, which only describes the tools, is gone by then
    await once(host.stdout, 'data')
    expect(await eventually(isBusy)).toBe(true)
    host.kill('SIGKILL')
    expect(await eventually(() => !isBusy())).toBe(true)
  })
})

describe.runIf(hasWalls)('what cannot be isolated', () => {
  test.each([
    ['throws', `throw new Error('not today')`, /not today/],
    ['has no list', `export default {}`, /its default export is no list of tools/],
    ['imports what it may not read', `import '/etc/hostname.mjs'`, /hostname/],
    [
      'needs a key for its calls',
      `export default [{ name: 'a', description: '', input: {}, concurrencyKey: () => 'k', execute: () => 1 }]`,
      /`a` has a `concurrencyKey`/,
    ],
    ['makes no sense', `export default [{ name: 'a b' }]`, /cannot be named/],
    ['never loads', `await new Promise(() => setInterval(() => 0, 999))`, /ended by SIGKILL/],
    ['exits', `process.exit(3)`, /code 3/],
  ])('is a module that %s', async (_, text, message) => {
    const startTimeoutMs = text.startsWith('await') ? 3000 : 60_000
    const error = await refusing(moduleOf(text), { startTimeoutMs })
    expect(error).toMatchObject({ code: 'bad-tool', message: expect.stringMatching(message) })
  })

  test.each<[IsolateOptions, RegExp]>([
    [{ read: ['relative'] }, /`relative` in `read` is no absolute path/],
    [{ read: ['/not/there'] }, /cannot be found: ENOENT/],
    [{ write: ['/'] }, /cannot be a bound/],
    [{ read: ['/tmp/*'] }, /cannot be found|cannot be a bound/],
    [{ memoryMb: 1 }, /`memoryMb` is 1/],
    [{ walls: 'paper' as 'node' }, /neither `system` nor `node`/],
    [{ environment: { A: 1 } as unknown as Record<string, string> }, /`environment`/],
    [{ netwrok: true } as IsolateOptions, /did you mean `network`/],
  ])('are options like %o', async (options, message) => {
    const error = await refusing(hostileModule, options)
    expect(error).toMatchObject({ code: 'bad-option', message: expect.stringMatching(message) })
  })

  test('is a tool without network in walls that cannot deny it', async () => {
    if (process.allowedNodeEnvironmentFlags.has('--allow-net')) return
    const error = await refusing(hostileModule, { walls: 'node' })
    expect(error).toMatchObject({ code: 'isolation-unavailable' })
  })

  test('is any module where users may not make namespaces', async () => {
    const program = `
      import { isolate } from '${root}/src/tools/isolate/isolate.ts'
      await isolate('${hostileModule}').catch((error) => console.log(error.code, error.message))`
    // counted for the namespace it is written in, and so for nobody else
    const forbidding = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    const node = [process.execPath, '--input-type=module', '--eval', program]
    const out = execFileSync(
      '/usr/bin/unshare',
      ['--user', '--map-root-user', 'sh', '-c', forbidding, 'sh', ...node],
      { encoding: 'utf8' },
    )
    expect(out).toMatch(/^isolation-unavailable .*unshare failed/)
  })
})
