import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isolate, isolationOf } from '../../../src/tools/isolate/isolate.ts'
import type { Walls } from '../../../src/tools/isolate/options.ts'
import { agentOf, allowing, finish } from '../../support/agent.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { hasWalls, hostileModule } from '../../support/isolation.ts'
import type { Targets } from '../../support/isolated/tools.ts'

/** What a tool may reach in each kind of walls; everything else is refused. */
const reached: Readonly<Record<Walls, readonly string[]>> = {
  system: [],
  node: [
    'read through a link',
    'read a database outside',
    'write a database outside',
    'attach a database outside',
    'signal another process',
    'wake the inspector of another process',
    'connect to its host',
    'connect to a socket file',
    'fetch from its host',
    'send a datagram to its host',
  ],
}

/** What fails also where nothing holds it, as the file that is to be loaded is no library. */
const noLibraries = ['load an addon', 'require an addon', 'load an extension of SQLite']

const server = createServer((_, response) => response.end('host'))
const bystanders: ChildProcess[] = []

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))

afterAll(() => {
  for (const bystander of bystanders) bystander.kill('SIGKILL')
  server.close()
})

/** Everything anew, since tools that reach it leave it changed. */
async function makeTargets(): Promise<Targets> {
  const folder = temporaryFolder()
  const [inside, written, outside] = ['inside', 'written', 'outside'].map((name) => {
    mkdirSync(join(folder, name))
    return join(folder, name)
  }) as [string, string, string]
  writeFileSync(join(outside, 'secret.txt'), 'the secret')
  writeFileSync(join(outside, 'data.json'), '{}')
  writeFileSync(join(written, 'addon.node'), 'no addon')
  writeFileSync(join(outside, 'module.mjs'), 'export {}')
  const database = new DatabaseSync(join(outside, 'data.db'))
  database.exec('create table t (a)')
  database.close()
  symlinkSync(outside, join(inside, 'link'))
  const socket = join(folder, 'host.sock')
  const beside = createServer()
  await new Promise<void>((resolve) => beside.listen(socket, resolve))
  beside.unref()
  const bystander = spawn('sleep', ['600'])
  bystanders.push(bystander)
  const { port } = server.address() as AddressInfo
  return { inside, written, outside, pid: bystander.pid!, port, socket }
}

async function attemptsIn(
  walls: Walls,
  targets: Targets,
): Promise<Readonly<Record<string, string>>> {
  const tools = await isolate(hostileModule, {
    walls,
    read: [targets.inside],
    write: [targets.written],
    network: walls === 'node',
  })
  const turns = [{ calls: [{ tool: 'attempts', args: { ...targets } }] }, { text: '' }]
  const { start } = agentOf(turns, { tools, policy: allowing('attempts') })
  const { recorded } = await finish(start())
  const [result] = recorded.filter((event) => event.type === 'tool-result')
  expect(result?.error).toBeUndefined()
  return result?.result as Readonly<Record<string, string>>
}

/** What the same tools come to in a process that nothing holds. */
async function attemptsInTheOpen(targets: Targets): Promise<Readonly<Record<string, string>>> {
  const file = join(targets.written, 'open.mjs')
  const program = `
    import { writeFileSync } from 'node:fs'
    import tools from '${hostileModule}'
    const { execute } = tools.find(({ name }) => name === 'attempts')
    writeFileSync('${file}', JSON.stringify(await execute(${JSON.stringify(targets)})))
    process.exit()`
  const args = ['--disable-sigusr1', '--input-type=module', '--eval', program]
  // a group of its own, so that what it leaves behind can be ended with it
  const child = spawn(process.execPath, args, { detached: true, stdio: 'ignore' })
  await once(child, 'exit')
  process.kill(-child.pid!, 'SIGKILL')
  const outcomes = readFileSync(file, 'utf8')
  rmSync(file)
  return JSON.parse(outcomes) as Readonly<Record<string, string>>
}

describe.runIf(hasWalls)('a tool that means harm', () => {
  test('reaches nothing out of the walls of the system, and all of it without them', async () => {
    const targets = await makeTargets()
    const outcomes = await attemptsIn('system', targets)
    const got = Object.keys(outcomes).filter((name) => outcomes[name]!.startsWith('reached'))
    expect(got).toEqual(reached.system)
    expect(readdirSync(targets.outside).toSorted()).toEqual([
      'data.db',
      'data.json',
      'module.mjs',
      'secret.txt',
    ])
    expect(readdirSync(targets.written)).toEqual(['addon.node'])
    expect(bystanders.at(-1)!.signalCode).toBeNull()
    expect(existsSync(join(targets.inside, 'written'))).toBe(false)
    const open = await attemptsInTheOpen(await makeTargets())
    expect(Object.keys(open)).toEqual(Object.keys(outcomes))
    expect(Object.keys(open).length).toBeGreaterThan(30)
    const failed = Object.keys(open).filter((name) => !open[name]!.startsWith('reached'))
    expect(failed).toEqual(noLibraries)
    for (const name of noLibraries) {
      expect(outcomes[name]).toMatch(/ERR_DLOPEN_DISABLED|permission model/)
    }
  })

  test('gets through those of Node alone where it is said to', async () => {
    const outcomes = await attemptsIn('node', await makeTargets())
    const got = Object.keys(outcomes).filter((name) => outcomes[name]!.startsWith('reached'))
    expect(got).toEqual(reached.node)
  })

  test('is told what holds it', async () => {
    const [inSystem] = await isolate(hostileModule)
    expect(isolationOf(inSystem!)).toEqual({
      files: 'system',
      network: 'system',
      processes: 'system',
      memory: 'system',
    })
    const [inNode] = await isolate(hostileModule, { walls: 'node', network: true })
    expect(isolationOf(inNode!)).toEqual({
      files: 'node',
      network: 'open',
      processes: 'node',
      memory: 'heap',
    })
  })
})
