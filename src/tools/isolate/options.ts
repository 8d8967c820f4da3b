import { existsSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SallyportError } from '../../base/errors.ts'
import { isObject, type JsonValue } from '../../base/json.ts'
import { checkNumber, checkOptions } from '../../base/options.ts'
import { shorten } from '../../base/text.ts'

/**
 * What keeps the module inside: `system`, namespaces of Linux around Node's permission model, or
 * `node`, that model alone, which is no wall against code that means harm.
 */
export type Walls = 'system' | 'node'

export interface IsolateOptions {
  /** Default `system`. */
  readonly walls?: Walls
  /**
   * Files and folders the module may read, absolute paths. Its own file, the `node_modules` folders
   * above it, and what Node itself needs are always readable; other files it imports have to be
   * named. Default none.
   */
  readonly read?: readonly string[]
  /** Files and folders it may read and write, absolute paths that exist. Default none. */
  readonly write?: readonly string[]
  /** May open connections by itself. Default false; `context.fetch` works without it. */
  readonly network?: boolean
  /** All of `process.env` that it sees, set before it is loaded. Nothing is inherited. Default empty. */
  readonly environment?: Readonly<Record<string, string>>
  /** Bound of its heap and of its other data, in MiB each. Default 256; from 64 to 16,384. */
  readonly memoryMb?: number
  /**
   * What one call may send in all: result, progress, log, requests. Default 8 MiB; from 4 KiB to 64
   * MiB.
   */
  readonly maxOutputBytes?: number
  /** What is kept of its standard output and errors. Default 65,536; from 0 to 16 MiB. */
  readonly maxLogBytes?: number
  /** How long a call that is stopped may go on before it is killed. Default 100; from 0 to 10,000. */
  readonly graceMs?: number
  /** Time to start and to load the module. Default 30,000; from 100 to 600,000. */
  readonly startTimeoutMs?: number
  /**
   * Plain data out of the `deps` of the run, given to the tool as its `deps`. A call fails where it is
   * none, or over 16 Mi characters of JSON. Default nothing.
   */
  deps?(deps: unknown): JsonValue
}

/** Options with their defaults, and paths as the disk has them. */
export interface Isolation {
  readonly module: string
  readonly walls: Walls
  /** Paths as they are named and as they are without links. */
  readonly read: readonly string[]
  readonly write: readonly string[]
  /** Where each of them lay, without links, when it was named. */
  readonly places: ReadonlyMap<string, string>
  readonly network: boolean
  readonly environment: Readonly<Record<string, string>>
  readonly memoryMb: number
  readonly maxOutputBytes: number
  readonly maxLogBytes: number
  readonly graceMs: number
  readonly startTimeoutMs: number
  readonly deps: (deps: unknown) => JsonValue
}

const known = [
  'walls',
  'read',
  'write',
  'network',
  'environment',
  'memoryMb',
  'maxOutputBytes',
  'maxLogBytes',
  'graceMs',
  'startTimeoutMs',
  'deps',
]

const mebibyte = 1024 * 1024

/** Throws `bad-option`. */
export function readIsolation(module: string | URL, options: IsolateOptions): Isolation {
  checkOptions('`isolate`', options, known)
  const { walls = 'system', network = false, environment = {}, deps = () => null } = options
  if (walls !== 'system' && walls !== 'node') {
    throw refused('`walls` is neither `system` nor `node`', 'leave it out, or write one of them')
  }
  if (typeof network !== 'boolean')
    throw refused('`network` is not a boolean', 'write true or false')
  if (typeof deps !== 'function') {
    throw refused(
      '`deps` is not a function',
      'give a function from the `deps` of a run to plain data',
    )
  }
  const file = modulePath(module)
  const read = [...codeOf(file), ...paths('read', options.read ?? [])]
  const write = paths('write', options.write ?? [])
  return {
    module: file,
    walls,
    network,
    deps,
    read,
    write,
    places: new Map([...read, ...write].map((path) => [path, realpathSync(path)])),
    environment: readEnvironment(environment),
    memoryMb: whole('memoryMb', options.memoryMb, 256, 64, 16_384),
    maxOutputBytes: whole(
      'maxOutputBytes',
      options.maxOutputBytes,
      8 * mebibyte,
      4096,
      64 * mebibyte,
    ),
    maxLogBytes: whole('maxLogBytes', options.maxLogBytes, 65_536, 0, 16 * mebibyte),
    graceMs: whole('graceMs', options.graceMs, 100, 0, 10_000),
    startTimeoutMs: whole('startTimeoutMs', options.startTimeoutMs, 30_000, 100, 600_000),
  }
}

function whole(
  name: string,
  value: number | undefined,
  fallback: number,
  min: number,
  max: number,
): number {
  const given = value ?? fallback
  checkNumber(name, given, { min, max, integer: true })
  return given
}

function modulePath(module: string | URL): string {
  const help = 'pass an absolute path, or `new URL("./tools.ts", import.meta.url)`'
  const isFile = module instanceof URL && module.protocol === 'file:'
  if (!isFile && !(typeof module === 'string' && isAbsolute(module))) {
    throw refused('the module is no absolute path and no URL of a file', help)
  }
  return realPath(isFile ? fileURLToPath(module) : (module as string), 'the module')
}

/** What belongs to the module: itself, what says how it is read, and the packages it can import. */
function codeOf(file: string): readonly string[] {
  const found = [file]
  let manifest: string | undefined
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const [here, packages] = [join(folder, 'package.json'), join(folder, 'node_modules')]
    if (manifest === undefined && existsSync(here)) manifest = here
    if (existsSync(packages)) found.push(...bothPaths(packages, 'node_modules'))
    if (folder === dirname(folder)) break
  }
  return manifest === undefined ? found : [...found, manifest]
}

function paths(name: 'read' | 'write', given: readonly string[]): readonly string[] {
  const fits = Array.isArray(given) && given.every((path) => typeof path === 'string')
  if (!fits) throw refused(`\`${name}\` is not a list of paths`, 'give absolute paths')
  return given.flatMap((path) => {
    if (!isAbsolute(path)) {
      throw refused(
        `\`${shorten(path, 200)}\` in \`${name}\` is no absolute path`,
        'write it from the root, for example with `import.meta.dirname`',
      )
    }
    return bothPaths(path, `\`${name}\``)
  })
}

/** A path as it is written, and as it is without links, which is what Node and the system compare. */
function bothPaths(path: string, where: string): readonly string[] {
  const written = resolve(path)
  const real = realPath(written, where)
  return written === real ? [real] : [real, checked(written, where)]
}

function realPath(path: string, where: string): string {
  try {
    return checked(realpathSync(path), where)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined || code === 'bad-option') throw error
    throw refused(
      `\`${shorten(path, 200)}\` (${where}) cannot be found: ${code}`,
      'make it before the tools are isolated',
    )
  }
}

/** A star would stand for anything in Node's own lists; the root would be no bound at all. */
function checked(path: string, where: string): string {
  const isPlain = !path.includes('*') && !path.includes('\0') && dirname(path) !== path
  if (isPlain) return path
  throw refused(
    `the path \`${shorten(path, 200)}\` (${where}) cannot be a bound`,
    'name a file or a folder below the root whose path holds no `*`',
  )
}

function readEnvironment(given: unknown): Readonly<Record<string, string>> {
  const fits =
    isObject(given) &&
    Object.entries(given).every(
      ([name, value]) =>
        /^[^=\0]+$/.test(name) && typeof value === 'string' && !value.includes('\0'),
    )
  if (fits) return { ...given } as Readonly<Record<string, string>>
  throw refused('`environment` is not an object of texts', 'give each variable a string')
}

function refused(message: string, help: string): SallyportError {
  return new SallyportError('bad-option', message, { help })
}
