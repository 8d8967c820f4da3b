import { execFileSync, type StdioOptions } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isolate } from '../../../src/tools/isolate/isolate.ts'
import type { IsolateOptions } from '../../../src/tools/isolate/options.ts'
import type { Tool, ToolLog } from '../../../src/tools/tool.ts'
import { agentOf, allowing, finish } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { eventually, hasWalls, hostileModule, processesWith } from '../../support/isolation.ts'
import { root } from '../../support/program.ts'

interface Harmed {
  readonly status: string
  readonly message: string | undefined
  readonly row: unknown
  readonly logged: readonly unknown[]
}

interface Isolated {
  readonly tools: readonly Tool[]
  /** A folder that stands in the command line of their processes only. */
  readonly mark: string
}

const isolated = new Map<string, Promise<Isolated>>()

/** The tools in walls of these options, made once. */
function isolatedBy(options: IsolateOptions): Promise<Isolated> {
  const key = JSON.stringify(options)
  const known = isolated.get(key) ?? isolateAnew(options)
  isolated.set(key, known)
  return known
}

async function isolateAnew(options: IsolateOptions): Promise<Isolated> {
  const mark = temporaryFolder()
  return { mark, tools: await isolate(hostileModule, { ...options, read: [mark] }) }
}

/** One call that does harm; afterwards its process is gone. */
async function harm(
  way: string,
  { tool = 'harm', ...options }: IsolateOptions & { readonly tool?: 'harm' | 'endless' } = {},
): Promise<Harmed> {
  // those that take their whole time run side by side
  const making = tool === 'endless' ? isolateAnew(options) : isolatedBy(options)
  const { tools, mark } = await making
  const logged: unknown[] = []
  const log: ToolLog = (message, data) => logged.push(message, data)
  const turns = [{ calls: [{ tool, args: { way } }] }, { text: '' }]
  const { start } = agentOf(turns, { tools, policy: allowing(tool), log })
  const { result } = await finish(start())
  expect(result.status).toBe('completed')
  const [row] = result.report.rows
  // a call that is stopped has a moment to end by itself
  const { graceMs } = options
  if (row!.status !== 'timeout') expect(processesWith(mark)).toEqual([])
  else if (graceMs === undefined) expect(await eventually(() => isGone(mark))).toBe(true)
  return { status: row!.status, message: row!.error?.message, row, logged }
}

function isGone(mark: string): boolean {
  return processesWith(mark).length === 0
}

const endlessWays = [
  'never yield',
  'never answer',
  'block for good',
  'ignore its signal',
  'close the channel',
  'ask and never listen',
] as const

describe.runIf(hasWalls)('a tool that does harm', () => {
  test.each([
    ['fill the heap', /it used up its memory of 64 MiB/],
    ['lift the bound of the heap', /it used up its memory of 64 MiB/],
    ['fill memory beside the heap', /[Aa]llocat|used up its memory/],
  ])('is ended when it is to %s', async (way, message) => {
    const { status, message: said } = await harm(way, { memoryMb: 64 })
    expect(status).toBe('error-execution')
    expect(said).toMatch(message)
  })

  test.concurrent.each(endlessWays)(
    'is ended when its time is over and it is to %s',
    async (way) => {
      const { status } = await harm(way, { tool: 'endless' })
      expect(status).toBe('timeout')
    },
  )

  test.each([
    ['say what is no JSON', /it sent what is no JSON/],
    ['say what is no message', /it sent what is no message/],
    ['say what means nothing', /said `described`, which means nothing here/],
    ['never end a line', /it sent more than 8388608 bytes/],
    ['return too much', /it sent more than 8388608 bytes/],
    ['exit', /ended without a result: it ended with code 0/],
    ['abort', /ended without a result/],
    ['throw later', /ended with code 1; it wrote `.*later/],
    ['signal everybody', /kill ESRCH/],
  ])('has no result when it is to %s', async (way, message) => {
    const { status, message: said } = await harm(way)
    expect(status).toBe('error-execution')
    expect(said).toMatch(message)
  })

  test('is told to stop and may end by itself', async () => {
    const { status, logged } = await harm('heed its signal', { tool: 'endless', graceMs: 5000 })
    expect(status).toBe('timeout')
    await eventually(() => logged.length > 0)
    expect(logged).toContainEqual({ text: 'stopped in time', dropped: 0 })
  })

  test('cannot fill the log of its host', async () => {
    const { status, logged } = await harm('write too much', { maxLogBytes: 1000 })
    expect(status).toBe('success')
    expect(logged).toContainEqual({ text: 'x'.repeat(1000), dropped: 200 * 65_536 - 1000 })
  })

  test('answers for itself alone, whatever it writes by hand', async () => {
    const early = await harm('answer in advance')
    expect(early.row).toMatchObject({ status: 'success', resultBytes: 7 })
    const touched = await harm('touch prototypes')
    expect(touched.status).toBe('error-output')
    expect(touched.message).toMatch(/a member `__proto__` is not accepted/)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('leaves nothing behind when it has answered', async () => {
    const { status } = await harm('leave work behind')
    expect(status).toBe('success')
  })

  test('is told of what is no plain data as any tool is', async () => {
    const { status, message } = await harm('return a Map')
    expect(status).toBe('error-output')
    expect(message).toMatch(/a Map has no JSON form/)
  })

  test.each<IsolateOptions>([{}, { walls: 'node', network: true }])(
    'gets no file that its host was started with: %j',
    async (options) => {
      const folder = temporaryFolder()
      writeFileSync(join(folder, 'secret.txt'), 'handed down')
      const program = `
      import { isolate } from '${root}/src/tools/isolate/isolate.ts'
      import { agentOf, allowing, finish } from '${root}/test/support/agent.ts'
      const tools = await isolate('${hostileModule}', ${JSON.stringify(options)})
      const turns = [{ calls: [{ tool: 'harm', args: { way: 'read what is open' } }] }, { text: '' }]
      const { recorded } = await finish(agentOf(turns, { tools, policy: allowing('harm') }).start())
      console.log(JSON.stringify(recorded.find(({ type }) => type === 'tool-result')))`
      const handed = openSync(join(folder, 'secret.txt'), 'r')
      const stdio: StdioOptions = ['ignore', 'pipe', 'inherit', handed, handed, handed, handed]
      const out = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
        encoding: 'utf8',
        stdio,
      })
      closeSync(handed)
      expect(JSON.parse(out)).toMatchObject({ status: 'success', result: [] })
    },
  )

  test('is stopped with its run', async () => {
    const mark = temporaryFolder()
    const tools = await isolate(hostileModule, { read: [mark] })
    const turns = [{ calls: [{ tool: 'harm', args: { way: 'never yield' } }] }]
    const { start } = agentOf(turns, { tools, policy: allowing('harm') })
    const stop = new AbortController()
    const ending = finish(start({ signal: stop.signal }))
    expect(await eventually(() => !isGone(mark))).toBe(true)
    stop.abort()
    expect((await ending).result.status).toBe('cancelled')
    expect(await eventually(() => isGone(mark))).toBe(true)
  })
})

describe.runIf(hasWalls)('a tool that does harm in walls of Node alone', () => {
  const walls: IsolateOptions = { walls: 'node', network: true }

  test.each<[string, string]>([
    ['fill the heap', 'error-execution'],
    ['say what is no JSON', 'error-execution'],
    ['say what is no message', 'error-execution'],
    ['never end a line', 'error-execution'],
    ['return too much', 'error-execution'],
    ['say what means nothing', 'error-execution'],
    ['abort', 'error-execution'],
    ['answer in advance', 'success'],
    ['leave work behind', 'success'],
    ['write too much', 'success'],
  ])('ends when it is to %s', async (way, status) => {
    expect((await harm(way, { ...walls, memoryMb: 64 })).status).toBe(status)
  })

  test('ends as soon as it closes its channel', async () => {
    expect((await harm('close the channel', walls)).status).toBe('error-execution')
  })

  const others = endlessWays.filter((way) => way !== 'close the channel')

  test.concurrent.each(others)('is ended in time when it is to %s', async (way) => {
    const { status } = await harm(way, { ...walls, memoryMb: 64, tool: 'endless' })
    expect(status).toBe('timeout')
  })
})
