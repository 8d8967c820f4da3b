import { systemClock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import { visible } from '../base/text.ts'
import { callUnheeded } from '../base/signal.ts'
import type { Policy } from '../policy/policy.ts'
import type { Tool } from '../tools/tool.ts'
import type { LoadOptions } from './file.ts'
import { FolderWatch } from './folder-watch.ts'
import { LivePolicy, type PolicyChange } from './live.ts'
import { readTree } from './load.ts'
import { tryPolicy } from './trial.ts'
import type { WatchedPolicy, WatchOptions } from './watched.ts'

/** What `watchPolicy` does once the types of its options have been checked. */
export async function startWatch(path: string, options: WatchOptions): Promise<WatchedPolicy> {
  const { onChange = warn, ...load } = options
  const { clock = systemClock } = load
  const folders = new Folders(path, load)
  const live = new LivePolicy(await folders.read(), {
    path,
    read: () => folders.read(),
    prove: (file, tools) => tryPolicy(file, tools, { path, clock }),
  })
  return new Watched(live, folders, onChange)
}

/** Reads the policy and remembers where it looked. */
class Folders {
  readonly #path: string
  readonly #options: LoadOptions
  #seen: ReadonlySet<string> = new Set()

  constructor(path: string, options: LoadOptions) {
    this.#path = path
    this.#options = options
  }

  get seen(): ReadonlySet<string> {
    return this.#seen
  }

  async read(): ReturnType<typeof readTree> {
    const seen = new Set<string>()
    this.#seen = seen
    return readTree(this.#path, this.#options, (folder) => seen.add(folder))
  }
}

class Watched implements WatchedPolicy {
  readonly #live: LivePolicy
  readonly #folders: Folders
  readonly #tell: (change: PolicyChange) => void
  readonly #watch: FolderWatch
  #watched: ReadonlySet<string> = new Set()
  /** Looks follow each other. */
  #looking: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(live: LivePolicy, folders: Folders, tell: (change: PolicyChange) => void) {
    this.#live = live
    this.#folders = folders
    this.#tell = tell
    this.#watch = new FolderWatch({
      onChange: () => void this.reload(),
      onLost: (error) => this.#lost(error),
    })
    this.#follow()
    // what has changed between reading and watching
    void this.reload()
  }

  get file(): LivePolicy['file'] {
    return this.#live.file
  }

  get path(): string {
    return this.#live.path
  }

  compile(tools?: readonly Tool[]): Policy {
    return this.#live.compile(tools)
  }

  follow(tools?: readonly Tool[]): () => Policy {
    return this.#live.follow(tools)
  }

  reload(): Promise<PolicyChange | undefined> {
    const look = this.#looking.then(() => (this.#closed ? undefined : this.#look()))
    this.#looking = look
    return look
  }

  close(): void {
    this.#closed = true
    this.#watch.close()
  }

  async #look(): Promise<PolicyChange | undefined> {
    this.#follow()
    let change = await this.#live.renew()
    // in a folder that was not watched before, something may have changed since it was read
    while (!this.#closed && [...this.#folders.seen].some((folder) => !this.#watched.has(folder))) {
      this.#follow()
      change = (await this.#live.renew()) ?? change
    }
    if (change !== undefined && !this.#closed) this.#news(change)
    return change
  }

  #follow(): void {
    this.#watched = new Set(this.#folders.seen)
    this.#watch.follow(this.#watched)
  }

  #lost(error: Error): void {
    const message = `the folder of policy \`${this.path}\` cannot be watched: ${messageOf(error)}`
    this.#news({
      kind: 'refused',
      digest: this.file.digest,
      error: { code: 'bad-file', message, retryable: false },
    })
  }

  /** What the host makes of the news does not touch the policy. */
  #news(change: PolicyChange): void {
    callUnheeded(
      () => this.#tell(change),
      (error) => {
        process.emitWarning(`onChange of \`watchPolicy\` threw: ${visible(messageOf(error))}`)
      },
    )
  }
}

/** Nobody listens, and a policy that is not the one on the disk must not go unnoticed. */
function warn(change: PolicyChange): void {
  if (change.kind === 'changed') return
  const { message } = change.error
  process.emitWarning(`the policy in force is not the one on the disk: ${visible(message)}`)
}
