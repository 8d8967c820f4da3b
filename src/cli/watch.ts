import { dirname, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isSallyportError, type SallyportError } from '../base/errors.ts'
import { fileFailure } from '../base/file-failure.ts'
import { FolderWatch } from '../loading/folder-watch.ts'
import { exitCode, type ExitCode } from './exit.ts'
import { noteError, type Io } from './io.ts'

/**
 * Runs an action now and again after each change of a policy in the folders of the given files,
 * until the user interrupts or nobody reads what it prints any more. Errors of a run are shown and
 * do not end the watch. Throws `bad-file` where the folders cannot be watched.
 */
export async function rerunOnChange(
  files: readonly string[],
  io: Io,
  action: () => Promise<ExitCode>,
): Promise<ExitCode> {
  const changes = new Changes()
  const folders = new Set(files.map((file) => dirname(resolve(file))))
  const watch = new FolderWatch({
    onChange: () => changes.notice(),
    onLost: (error) => changes.lose(error),
    files: /\.(ya?ml|json)$/,
    persistent: true,
  })
  const undo = io.onInterrupt(() => changes.end())
  try {
    do {
      // anew each time: a folder may have been replaced
      watch.follow(folders)
      await runNoted(io, action)
      // that nobody reads is told after the fact
      await setImmediate()
    } while (!io.outIsClosed && (await changes.next()))
  } finally {
    undo()
    watch.close()
  }
  return exitCode.interrupted
}

/** Whether something has changed since the last look, and somebody who waits for it. */
class Changes {
  #changed = false
  #over = false
  #lost: SallyportError | undefined
  #wake: (() => void) | undefined

  notice(): void {
    this.#changed = true
    this.#wake?.()
  }

  end(): void {
    this.#over = true
    this.#wake?.()
  }

  lose(cause: Error): void {
    this.#lost = fileFailure('a folder to watch', 'read', cause)
    this.#wake?.()
  }

  /** True after the next change, false once it is over. */
  async next(): Promise<boolean> {
    if (!this.#changed && !this.#over && this.#lost === undefined) {
      await new Promise<void>((wake) => {
        this.#wake = wake
      })
    }
    if (this.#lost !== undefined) throw this.#lost
    this.#changed = false
    return !this.#over
  }
}

async function runNoted(io: Io, action: () => Promise<ExitCode>): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (!isSallyportError(error)) throw error
    noteError(io, error.toJSON())
  }
  io.note('waiting for a change, Ctrl-C ends\n')
}
