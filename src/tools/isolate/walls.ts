import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SallyportError } from '../../base/errors.ts'
import { shorten } from '../../base/text.ts'
import type { Isolation } from './options.ts'

/** What keeps a tool inside on this machine, and by what. */
export interface IsolationFacts {
  /** Files outside of `read` and `write`; `node` follows links out of them. */
  readonly files: 'system' | 'node'
  /** `open`: the tool may connect, as its host said. */
  readonly network: 'system' | 'node' | 'open'
  /** Other processes, and what the tool leaves running; `node` lets it send signals to others. */
  readonly processes: 'system' | 'node'
  /** All its data, or the heap of JavaScript only. */
  readonly memory: 'system' | 'heap'
}

export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly facts: IsolationFacts
}

/** The folder of this library's own files, of which the process loads some. */
const library = dirname(dirname(import.meta.dirname))
const entry = join(
  import.meta.dirname,
  import.meta.filename.endsWith('.ts') ? 'child.ts' : 'child.js',
)

/** Programs are taken from here only, whatever `PATH` says. */
const folders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/run/current-system/sw/bin']

/** What a program needs to start at all. */
const systemFiles = [
  '/lib',
  '/lib32',
  '/lib64',
  '/usr/lib',
  '/usr/lib32',
  '/usr/lib64',
  '/usr/local/lib',
  '/nix/store',
  '/gnu/store',
  '/etc/ld.so.cache',
  '/etc/localtime',
  '/usr/share/zoneinfo',
  '/dev/null',
  '/dev/urandom',
]

const networkFiles = ['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf', '/etc/ssl']

/**
 * How the process of an isolated tool is started. Throws `isolation-unavailable` where this machine
 * has no means for what the options demand.
 */
export function launchOf(isolation: Isolation, timeMs: number): Launch {
  checkPaths(isolation)
  const bounds = limits(isolation, timeMs)
  return isolation.walls === 'system'
    ? systemLaunch(isolation, bounds)
    : nodeLaunch(isolation, bounds)
}

function nodeLaunch(isolation: Isolation, bounds: readonly string[]): Launch {
  if (process.platform === 'win32') {
    throw unavailable('tools cannot be isolated on Windows', 'run it on Linux')
  }
  if (!isolation.network && !canDenyNetwork) {
    throw unavailable(
      `Node ${process.versions.node} cannot keep a tool from the network by itself`,
      'use `walls: "system"` on Linux, or allow the network by `network: true`',
    )
  }
  return {
    command: programAt('sh'),
    args: ['-c', limited, 'sh', ...bounds, process.execPath, ...nodeFlags(isolation)],
    facts: {
      files: 'node',
      network: isolation.network ? 'open' : 'node',
      processes: 'node',
      memory: 'heap',
    },
  }
}

/** From the shell on nothing is inherited but three pipes and the channel. */
const limited = `ulimit -c 0; ulimit -t "$1"; ulimit -n "$3"; ulimit -f "$4"; shift 4; exec "$@"`

/** Namespaces of its own; whoever kills the first process kills all that are in them. */
const separated = [
  '--user',
  '--map-root-user',
  '--mount',
  '--pid',
  '--ipc',
  '--uts',
  '--kill-child',
]

function systemLaunch(isolation: Isolation, bounds: readonly string[]): Launch {
  if (process.platform !== 'linux') {
    throw unavailable(
      `\`walls: "system"\` needs Linux, not ${process.platform}`,
      'see what `walls: "node"` does not hold, and choose it if that is enough',
    )
  }
  const unshare = [...separated, ...(isolation.network ? [] : ['--net'])]
  const needed = [...systemFiles, ...(isolation.network ? networkFiles : [])]
  const setpriv = programAt('setpriv')
  const shown = [
    ...needed.filter((path) => existsSync(path)),
    ...new Set([...isolation.read, library, process.execPath]),
  ]
  return {
    // the signal reaches the process even when this one is killed and cannot send any
    command: setpriv,
    args: [
      '--pdeathsig',
      'KILL',
      programAt('unshare'),
      ...unshare,
      programAt('sh'),
      '-c',
      walled,
      'sh',
      ...bounds,
      programAt('mount'),
      programAt('chroot'),
      setpriv,
      ...entries(shown, isolation),
      '--',
      ...entries(isolation.write, isolation),
      '--',
      process.execPath,
      ...nodeFlags(isolation),
    ],
    facts: {
      files: 'system',
      network: isolation.network ? 'open' : 'system',
      processes: 'system',
      memory: 'system',
    },
  }
}

/**
 * Builds a root of its own that holds nothing but what is shown, over a folder of this mount
 * namespace that no tool needs, gives up every capability, and becomes Node. Paths come as
 * arguments, never as text of the script. What cannot be mounted ends it before Node starts.
 */
const walled = `set -eu
root=/sys; cpu=$1; data=$2; files=$3; blocks=$4; mount=$5; chroot=$6; setpriv=$7; shift 7
"$mount" -t tmpfs -o mode=755,size=4m,nosuid,nodev none "$root"
show() {
  if [ "$1" = folder ]; then mkdir -p "$root$2"
  else mkdir -p "$root\${2%/*}"; [ -e "$root$2" ] || : > "$root$2"; fi
  "$mount" "$4" "$3" "$root$2"
}
while [ "$1" != -- ]; do
  show "$1" "$2" "$3" --rbind
  "$mount" -o remount,bind,ro "$root$2"
  shift 3
done
shift
while [ "$1" != -- ]; do show "$1" "$2" "$3" --bind; shift 3; done
shift
mkdir "$root/.walls"; : > "$root/.walls/setpriv"
"$mount" --bind "$setpriv" "$root/.walls/setpriv"
"$mount" -o remount,bind,ro "$root/.walls/setpriv"
"$mount" -o remount,bind,ro "$root"
ulimit -c 0; ulimit -t "$cpu"; ulimit -d "$data"; ulimit -n "$files"; ulimit -f "$blocks"
exec "$chroot" "$root" /.walls/setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"`

/**
 * Processor seconds of all threads, KiB of data, open files, and blocks of 512 bytes of the largest
 * file. The first only matters when nobody is left who would kill the process in time.
 */
function limits({ memoryMb }: Isolation, timeMs: number): readonly string[] {
  const seconds = 10 + Math.ceil(timeMs / 1000) * 8
  const heapAndData = (2 * memoryMb + overheadMb) * 1024
  return [String(seconds), String(heapAndData), '256', String(1024 * 1024 * 2)]
}

/** What counts as data of an empty Node: 575 MiB, most of it reserved for code and never used. */
const overheadMb = 768

/** Kind, place and what is shown there of each path. */
function entries(paths: readonly string[], { places }: Isolation): readonly string[] {
  return paths.flatMap((path) => {
    const real = places.get(path) ?? realpathSync(path)
    return [statSync(real).isDirectory() ? 'folder' : 'file', path, real]
  })
}

/** A path that has become a link since, or leads elsewhere, is another path than the one named. */
function checkPaths({ places }: Isolation): void {
  for (const [path, real] of places) {
    if (!existsSync(path) || realpathSync(path) !== real) {
      throw unavailable(
        `the path \`${shorten(path, 200)}\` is no longer where it was`,
        'put it back, or isolate the tools again',
      )
    }
  }
}

/** Whether Node's permission model knows the network: then it denies it unless told otherwise. */
const canDenyNetwork = process.allowedNodeEnvironmentFlags.has('--allow-net')

function nodeFlags({ read, write, network, memoryMb }: Isolation): readonly string[] {
  return [
    '--permission',
    ...[...read, ...write, library].map((path) => `--allow-fs-read=${path}`),
    ...write.map((path) => `--allow-fs-write=${path}`),
    ...(network && canDenyNetwork ? ['--allow-net'] : []),
    `--max-old-space-size=${memoryMb}`,
    '--no-warnings',
    ...conditions(process.execArgv),
    entry,
  ]
}

/** The module finds the packages that this process finds. */
function conditions(given: readonly string[]): readonly string[] {
  return given.filter((argument) => /^(--conditions|-C)=/.test(argument))
}

function programAt(name: string): string {
  const found = folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
  if (found !== undefined) return found
  throw unavailable(
    `the program \`${name}\` is not there, which walls need`,
    'install util-linux and coreutils, or see what `walls: "node"` does not hold',
  )
}

export function unavailable(message: string, help: string): SallyportError {
  return new SallyportError('isolation-unavailable', message, { help })
}
