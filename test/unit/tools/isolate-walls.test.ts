import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readIsolation } from '../../../src/tools/isolate/options.ts'
import { launchOf } from '../../../src/tools/isolate/walls.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { hasWalls, hostileModule } from '../../support/isolation.ts'

/** Runs a program in the walls of the system, without those of Node. */
async function inWalls(
  program: string,
  options: Parameters<typeof readIsolation>[1],
): Promise<string> {
  const { command, args } = launchOf(readIsolation(hostileModule, options), 60_000)
  const walls = args.slice(0, args.lastIndexOf(process.execPath) + 1)
  const child = spawn(command, [...walls, '--input-type=module', '--eval', program], { env: {} })
  let out = ''
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (part) => (out += String(part)))
  await new Promise((resolve) => child.on('close', resolve))
  return out
}

test.runIf(hasWalls)('walls of the system hold what gets through those of Node', async () => {
  const folder = temporaryFolder()
  const [read, write, outside] = ['read', 'write', 'outside'].map((name) => join(folder, name))
  for (const path of [read, write, outside]) mkdirSync(path!)
  writeFileSync(join(outside!, 'secret.txt'), 'the secret')
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  const { port } = server.address() as AddressInfo
  const program = `
      import { spawnSync } from 'node:child_process'
      import { existsSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
      import { connect } from 'node:net'
      const attempts = {
        read: () => readFileSync('${outside}/secret.txt'),
        link: () => (symlinkSync('${outside}', '${write}/link'), readFileSync('${write}/link/secret.txt')),
        write: () => writeFileSync('${read}/written', ''),
        root: () => writeFileSync('/written', ''),
        device: () => readFileSync('/dev/mem'),
        run: () => { const { error } = spawnSync('/bin/sh'); if (error) throw error },
        mount: () => { const { error, status, stderr } = spawnSync('/.walls/setpriv', ['--bounding-set', '+sys_admin', '/bin/true']); if (error ?? status) throw error ?? new Error(String(stderr)) },
        host: () => process.kill(${process.pid}, 0),
        processes: () => readdirSync('/proc/1'),
        inside: () => writeFileSync('${write}/written', ''),
      }
      for (const [name, attempt] of Object.entries(attempts)) {
        try { attempt(); console.log(name, 'reached') } catch (error) { console.log(name, error.code ?? error.message) }
      }
      connect(${port}, '127.0.0.1')
        .on('connect', () => console.log('connect reached'))
        .on('error', ({ code }) => console.log('connect', code))
        .on('close', () => process.exit())`
  const out = await inWalls(program, { read: [read!], write: [write!] })
  server.close()
  const reached = [...out.matchAll(/^(\w+) reached$/gm)].map(([, name]) => name)
  expect(out.trim().split('\n').length).toBeGreaterThanOrEqual(11)
  expect(reached).toEqual(['inside'])
  expect(readdirSync(write!).toSorted()).toEqual(['link', 'written'])
  expect(readdirSync(read!)).toEqual([])
})
