import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

export interface Server {
  readonly port: number
  /** Ends it at once and starts it again, on the same port and with what it has written. */
  restart(): Promise<void>
  stop(): Promise<void>
}

interface Binary {
  readonly path: string
  readonly env: NodeJS.ProcessEnv
}

/** What Debian and its relatives call the server and the libraries it needs. */
const packages = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1']

const unpacked = join(import.meta.dirname, 'node_modules/.redis-server')
const run = promisify(execFile)

/** Starts a Redis of its own, which writes everything down and that only this machine reaches. */
export async function startServer(): Promise<Server> {
  const binary = await findBinary()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-redis-'))
  const port = await freePort()
  let stop = await launch(binary, folder, port)
  return {
    port,
    async restart() {
      await stop('SIGKILL')
      stop = await launch(binary, folder, port)
    },
    async stop() {
      await stop('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function launch(
  { env, path }: Binary,
  folder: string,
  port: number,
): Promise<(signal: NodeJS.Signals) => Promise<void>> {
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const place = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder]
  const server = spawn(path, [...place, ...durable], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(server, 'exit')
  let said = ''
  for await (const chunk of server.stdout
    .setEncoding('utf8')
    .iterator({ destroyOnReturn: false })) {
    said += String(chunk)
    if (said.includes('Ready to accept connections')) break
  }
  server.stdout.resume()
  if (server.exitCode !== null) throw new Error(`Redis did not start:\n${said}`)
  return async (signal) => {
    server.kill(signal)
    await ended
  }
}

/** `redis-server` of `REDIS_SERVER` or of the path, else the one of Debian's registry, unpacked here. */
async function findBinary(): Promise<Binary> {
  const named = process.env['REDIS_SERVER']
  const places = (process.env['PATH'] ?? '').split(delimiter)
  const found = named ?? places.map((place) => join(place, 'redis-server')).find(existsSync)
  if (found !== undefined) return { path: found, env: process.env }
  if (!existsSync(unpacked)) await unpack()
  const folders = readdirSync(join(unpacked, 'usr/lib'))
  const libraries = folders.map((name) => join(unpacked, 'usr/lib', name)).join(delimiter)
  return { path: join(unpacked, 'usr/bin/redis-server'), env: { LD_LIBRARY_PATH: libraries } }
}

async function unpack(): Promise<void> {
  const folder = `${unpacked}.new`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  try {
    await run('apt-get', ['download', ...packages], { cwd: folder })
  } catch (cause) {
    throw new Error('there is no redis-server: install one, or name it in REDIS_SERVER', { cause })
  }
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb'))) {
    await run('dpkg-deb', ['--extract', name, '.'], { cwd: folder })
  }
  await run('mv', [folder, unpacked])
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
