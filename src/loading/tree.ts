import { constants, open, realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { SallyportError } from '../base/errors.ts'
import { fileFailure } from '../base/file-failure.ts'
import { segmentsBelow } from '../base/path.ts'
import { Diagnostics } from '../policy/diagnostic.ts'
import type { PolicyFile } from '../policy/document.ts'
import { openPolicy, type CompleteOptions, type OpenPolicy } from '../policy/read.ts'
import type { Name } from '../policy/shape.ts'

/** One file of a policy, its text well-formed; nothing in it has been believed yet. */
export interface TreeFile {
  /** As it stands in messages: the way from the first file, appended to its path. */
  readonly shown: string
  readonly open: OpenPolicy
  readonly parents: readonly TreeFile[]
  /** Longest way to a file without parents. */
  readonly height: number
}

/** A policy with everything it extends, as it lies on the disk. */
export interface PolicyTree {
  readonly root: TreeFile
  /** Every file once, the first one first. */
  readonly files: readonly TreeFile[]
}

/** Longest chain of files in which each extends the next. */
const maxHeight = 8
const maxFiles = 64
const maxBytes = 16 * 1024 * 1024

/**
 * Opens a policy file and the files it extends, each read once. Parents lie in the folder of the
 * first file or below it, symbolic links resolved. `onFolder` hears of every folder that was looked
 * at, also when the tree is broken.
 *
 * Throws `bad-file` when the first file cannot be read, and `bad-policy` for files that are not
 * well-formed and parents that cannot be used: missing, outside, in a cycle, more than 8 deep, more
 * than 64 files.
 */
export async function openTree(
  path: string,
  onFolder: (folder: string) => void = () => {},
): Promise<PolicyTree> {
  return new Gatherer(dirname(path), onFolder).gather(path)
}

/** Reads the files of a tree as one policy, parents first. Throws `bad-policy`. */
export function completeTree(
  { root }: PolicyTree,
  options: Pick<CompleteOptions, 'against' | 'variables' | 'now'>,
): PolicyFile {
  const done = new Map<TreeFile, PolicyFile>()
  const complete = (file: TreeFile): PolicyFile => {
    const known = done.get(file)
    if (known !== undefined) return known
    const parents = file.parents.map(complete)
    const policy = file.open.complete({ ...options, parents, asParent: file !== root })
    done.set(file, policy)
    return policy
  }
  return complete(root)
}

interface Place {
  readonly shown: string
  /** With all symbolic links resolved. */
  readonly real: string
}

class Gatherer {
  readonly #folder: string
  readonly #onFolder: (folder: string) => void
  readonly #files = new Map<string, TreeFile>()
  #root = ''
  #opened = 0

  constructor(folder: string, onFolder: (folder: string) => void) {
    this.#folder = folder
    this.#onFolder = onFolder
  }

  async gather(path: string): Promise<PolicyTree> {
    this.#onFolder(resolve(this.#folder))
    try {
      this.#root = await realpath(this.#folder)
      const place = { shown: path, real: await realpath(path) }
      this.#onFolder(dirname(place.real))
      const opened = openPolicy(await readText(place.real), path)
      const root = await this.#fill(place, opened, [])
      return { root, files: [root, ...[...this.#files.values()].filter((file) => file !== root)] }
    } catch (error) {
      if (error instanceof SallyportError) throw error
      throw fileFailure(`policy \`${path}\``, 'read', error)
    }
  }

  async #fill(place: Place, opened: OpenPolicy, chain: readonly Place[]): Promise<TreeFile> {
    const way = [...chain, place]
    const parents: TreeFile[] = []
    for (const name of opened.extends) parents.push(await this.#parent(name, opened, way))
    const height = Math.max(-1, ...parents.map((parent) => parent.height)) + 1
    const file = { shown: place.shown, open: opened, parents, height }
    this.#files.set(place.real, file)
    return file
  }

  async #parent(name: Name, child: OpenPolicy, way: readonly Place[]): Promise<TreeFile> {
    const place = await this.#find(name, child, way)
    const known = this.#files.get(place.real)
    const depth = way.length + (known?.height ?? 0)
    if (way.some(({ real }) => real === place.real)) {
      throw refusal(name, child, `\`extends\` goes round in a circle: ${chainOf(way, place)}`)
    }
    if (depth > maxHeight) {
      const message = `\`extends\` is more than ${maxHeight} files deep: ${chainOf(way, place)}`
      throw refusal(name, child, message)
    }
    if (known !== undefined) return known
    if (++this.#opened > maxFiles) {
      throw refusal(name, child, `the policy extends more than ${maxFiles} files`)
    }
    return this.#fill(place, openPolicy(await this.#read(name, child, place), place.shown), way)
  }

  async #find(name: Name, child: OpenPolicy, way: readonly Place[]): Promise<Place> {
    const shown = join(dirname(way.at(-1)!.shown), name.text)
    this.#onFolder(resolve(dirname(shown)))
    let real: string
    try {
      real = await realpath(shown)
    } catch (error) {
      throw unreadable(name, child, error)
    }
    // the folder itself is no file
    if ((segmentsBelow(this.#root, real) ?? []).length > 0) {
      this.#onFolder(dirname(real))
      return { shown, real }
    }
    throw refusal(name, child, `\`${name.text}\` leads out of the folder of the policy`, {
      help: 'parents lie in that folder or below it, also where symbolic links lead',
    })
  }

  async #read(name: Name, child: OpenPolicy, { real }: Place): Promise<string> {
    try {
      return await readText(real)
    } catch (error) {
      throw unreadable(name, child, error)
    }
  }
}

function chainOf(way: readonly Place[], last: Place): string {
  return [...way, last].map(({ shown }) => shown).join(' > ')
}

function unreadable(name: Name, child: OpenPolicy, error: unknown): unknown {
  return refusal(name, child, fileFailure(`\`${name.text}\``, 'read', error).message)
}

/** What `Diagnostics` throws for one error at the name of a parent. */
function refusal(
  name: Name,
  { source }: OpenPolicy,
  message: string,
  extra: { readonly help?: string } = {},
): unknown {
  const diagnostics = new Diagnostics(source)
  diagnostics.error(name, 'bad-parent', message, extra)
  try {
    diagnostics.throwErrors()
  } catch (error) {
    return error
  }
  return undefined
}

/** Only files: a pipe would never end, a device never be a policy. */
export async function readText(path: string, signal?: AbortSignal): Promise<string> {
  // a named pipe would be waited for
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const status = await handle.stat()
    if (!status.isFile()) throw new Error('it is not a file')
    if (status.size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`)
    return await handle.readFile({ encoding: 'utf8', signal })
  } finally {
    await handle.close()
  }
}
