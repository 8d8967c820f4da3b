import { watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Editors and deployments write in several steps; what comes within this time is one change. */
const pauseMs = 100

export interface FolderWatchOptions {
  /** Something has changed in one of the folders, perhaps. */
  readonly onChange: () => void
  /** A folder cannot be watched any more. */
  readonly onLost: (error: Error) => void
  /** Files whose changes count. Default: all. */
  readonly files?: RegExp
  /** Whether the process goes on for as long as it watches. Default: no. */
  readonly persistent?: boolean
}

/**
 * Watches folders rather than files: a file that is replaced as a whole would be lost from sight.
 * For a folder that is not there the next one above it is watched, for whatever changes in it.
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
        this.#watch(folder, found, this.#options.files)
      } catch (error) {
        this.#options.onLost(error as Error)
      }
    }
  }

  close(): void {
    this.#stop()
    clearTimeout(this.#timer)
  }

  #watch(folder: string, found: Set<string>, files?: RegExp): void {
    // what is looked for in a folder for one that is missing, no filter of its files lets through
    const watched = `${files === undefined ? 'all' : 'some'} ${folder}`
    if (found.has(watched)) return
    const { persistent = false } = this.#options
    try {
      const watcher = watch(folder, { persistent }, (_event, name) => {
        // of the folder itself it is said that it was moved or removed
        const isOfFolder = name === null || name === basename(folder)
        if (isOfFolder || files === undefined || files.test(name)) this.#notice()
      })
      watcher.on('error', this.#options.onLost)
      this.#watchers.push(watcher)
      found.add(watched)
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
