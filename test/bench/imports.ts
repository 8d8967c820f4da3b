import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { startServer } from './processes.ts'
import { median } from './statistics.ts'

/** Wall time of a fresh process from spawn to exit. */
export interface ImportRow {
  readonly what: string
  readonly medianMs: number
  readonly bestMs: number
  /** Median against that of bare node. */
  readonly toBare: number
  readonly bar?: number
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Fresh processes of each kind in turn, the built package, no compile cache. */
export async function measureImports(count: number): Promise<ImportRow[]> {
  build()
  using server = await startServer()
  const startUp = fileURLToPath(new URL('start-up.ts', import.meta.url))
  const kinds: readonly { what: string; args: readonly string[]; bar?: number }[] = [
    { what: 'bare node', args: ['-e', ''] },
    { what: "import('sallyport')", args: ['-e', "import('sallyport')"], bar: 2 },
    { what: "import('undici')", args: ['-e', "import('undici')"] },
    { what: 'sallyport --version', args: ['dist/cli/main.js', '--version'], bar: 1.3 },
    { what: 'first S1 run, floor', args: [startUp, 'floor', server.baseUrl] },
    { what: 'first S1 run, sallyport', args: [startUp, 'sallyport', server.baseUrl] },
  ]
  const walls = kinds.map((): number[] => [])
  for (let round = -1; round < count; round++) {
    for (const [at, { args }] of kinds.entries()) {
      const wall = spawnMs(args)
      // the first round fills the file cache
      if (round >= 0) walls[at]!.push(wall)
    }
  }
  const bare = median(walls[0]!)
  return kinds.map(({ what, bar }, at) => ({
    what,
    medianMs: median(walls[at]!),
    bestMs: Math.min(...walls[at]!),
    toBare: median(walls[at]!) / bare,
    ...(bar === undefined ? {} : { bar }),
  }))
}

function spawnMs(args: readonly string[]): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, timeout: 30_000 })
  if (status !== 0) throw new Error(`node ${args.join(' ')}: ${stderr.toString().slice(0, 2000)}`)
  return performance.now() - start
}

/** Builds the package unless `dist` is newer than every source. */
function build(): void {
  const entry = join(root, 'dist/index.js')
  if (existsSync(entry) && statSync(entry).mtimeMs > newest(join(root, 'src'))) return
  const { status, stdout } = spawnSync('npm', ['run', 'build'], { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the build failed: ${stdout.slice(0, 2000)}`)
}

function newest(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  return Math.max(
    ...files
      .filter((file) => file.isFile())
      .map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs),
  )
}
