import { watch, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'

/** Editors and deployments write in several steps; what comes within this time is one change. */
const pauseMs = 100

export interface FolderWatchOptions {
  /** Something has changed in one of the folders, perhaps. */
  readonly onChange: () => void
  /** A folder cannot be watched any more. */
  readonly onLost: (error: Error) => void
}

/**
 * Watches folders rather than files: a file that is replaced as a whole would be lost from sight.
 * For a folder that is not there the next one above it is watched. Keeps no process alive.
 */
export class FolderWatch {
  readonly #options: FolderWatchOptions
  readonly #watchers: FSWatcher[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(options: FolderWatchOptions) {
    this.#options = options
  }

  /** Watches these folders instead of those before, anew: they may have been replaced. */
  follow(folders: Iterable<string>): void {
    this.#stop()
    const found = new Set<string>()
    for (const folder of folders) {
      try {
        this.#watch(folder, found)
      } catch (error) {
        this.#options.onLost(error as Error)
      }
    }
  }

  close(): void {
    this.#stop()
    clearTimeout(this.#timer)
  }

  #watch(folder: string, found: Set<string>): void {
    if (found.has(folder)) return
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#notice())
      watcher.on('error', this.#options.onLost)
      this.#watchers.push(watcher)
      found.add(folder)
    } catch (error) {
      const above = dirname(folder)
      const isGone = ['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))
      if (!isGone || above === folder) throw error
      this.#watch(above, found)
    }
  }

  /** The first of several changes sets the time: a folder that is never quiet is looked at too. */
  #notice(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#options.onChange()
    }, pauseMs).unref()
  }

  #stop(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close()
  }
}
