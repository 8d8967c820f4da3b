import { access, constants, mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { SallyportError } from '../base/errors.ts'
import { fileFailure, isMissing } from '../base/file-failure.ts'
import { randomHex } from '../base/ids.ts'
import { isObject, parseJson } from '../base/json.ts'
import { keyFor, type WireName } from './endpoint.ts'
import type { Io } from './io.ts'

/** Keys of logins by the origin they are for, such as `https://openrouter.ai`: none goes elsewhere. */
export type StoredKeys = Map<string, string>

const longestFile = 64 * 1024

/**
 * Where the keys of logins are kept: the option, else `sallyport/keys.json` in `$XDG_CONFIG_HOME`
 * or `~/.config` (`%APPDATA%` on Windows). Undefined when there is no such folder.
 */
function keyFilePath(option: string | undefined, { environment }: Io): string | undefined {
  if (option !== undefined) return resolve(option)
  const { XDG_CONFIG_HOME: config, APPDATA: data, HOME: home } = environment
  // the XDG base directory specification has relative paths ignored
  const folder = [config, process.platform === 'win32' ? data : undefined].find(isUsable)
  if (folder !== undefined) return join(folder, 'sallyport', 'keys.json')
  return isUsable(home) ? join(home, '.config', 'sallyport', 'keys.json') : undefined
}

function isUsable(path: string | undefined): path is string {
  return path !== undefined && isAbsolute(path)
}

/** Like `keyFilePath`, but throws `bad-option` when there is none. */
export function needKeyFile(option: string | undefined, io: Io): string {
  const path = keyFilePath(option, io)
  if (path !== undefined) return path
  throw new SallyportError('bad-option', 'there is no folder for the key', {
    help: 'name a file with `--key-file`, or set HOME',
  })
}

/** The key for a model endpoint: from the environment, else from a login. Throws `bad-file`. */
export async function findKey(
  { wire, baseUrl }: { readonly wire: WireName; readonly baseUrl: string },
  option: string | undefined,
  io: Io,
): Promise<string | undefined> {
  const key = keyFor(wire, baseUrl, io)
  const path = key === undefined ? keyFilePath(option, io) : undefined
  const origin = URL.parse(baseUrl)?.origin
  if (path === undefined || origin === undefined) return key
  // a home that cannot be looked into holds no login, which most runs do not need
  if (option === undefined && !(await isReadable(path))) return undefined
  const keys = await readKeys(path)
  if (keys === undefined) throw unusable(path, 'does not exist', 'check `--key-file`, or log in')
  return keys.get(origin)
}

function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
}

/**
 * The keys in a file; undefined when there is no file. Throws `bad-file`, also for a file that others
 * may read or that belongs to somebody else. Messages hold nothing of its contents.
 */
export async function readKeys(path: string): Promise<StoredKeys | undefined> {
  let file: FileHandle
  try {
    // a named pipe would be waited for
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw fileFailure(`key file \`${path}\``, 'read', cause)
  }
  try {
    await checkOwner(file, path)
    const buffer = Buffer.alloc(longestFile + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    return keysIn(buffer.toString('utf8', 0, bytesRead), path)
  } finally {
    await file.close()
  }
}

/** Of the opened file, so that it cannot be exchanged in between. */
async function checkOwner(file: FileHandle, path: string): Promise<void> {
  const stat = await file.stat()
  if (!stat.isFile()) throw unusable(path, 'is no file', 'name a file')
  // there are no such permissions on Windows
  if (process.platform === 'win32') return
  if ((stat.mode & 0o077) !== 0) {
    throw unusable(path, 'may be read by others', `\`chmod 600 ${path}\`, and revoke the key in it`)
  }
  if (stat.uid !== process.getuid?.() && stat.uid !== 0) {
    throw unusable(path, 'belongs to somebody else', 'log in again with a file of your own')
  }
}

function keysIn(text: string, path: string): StoredKeys {
  const parsed = parseJson(text, { maxLength: longestFile, maxDepth: 4 })
  const value = parsed.ok && isObject(parsed.value) ? parsed.value : {}
  const entries = isObject(value['keys']) ? Object.entries(value['keys']) : []
  const isKnown = value['version'] === 1 && isObject(value['keys'])
  const areKeys = entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
  if (isKnown && areKeys) return new Map(entries as [string, string][])
  throw unusable(path, 'holds no keys', 'remove it and log in again')
}

function unusable(path: string, problem: string, help: string): SallyportError {
  return new SallyportError('bad-file', `the key file \`${path}\` ${problem}`, { help })
}

/**
 * Puts the keys into the file, which only its owner may read, in place of what it held; without
 * keys the file goes. Other readers see the old file or the new one. Throws `bad-file`.
 */
export async function writeKeys(path: string, keys: StoredKeys): Promise<void> {
  const draft = `${path}.${randomHex()}`
  try {
    if (keys.size === 0) return await rm(path, { force: true })
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(draft, 'wx', 0o600)
    try {
      const value = { version: 1, keys: Object.fromEntries(keys) }
      await file.writeFile(`${JSON.stringify(value, undefined, 2)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw fileFailure(`key file \`${path}\``, 'written', cause)
  }
}
