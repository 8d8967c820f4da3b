import { watch } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isSallyportError } from '../base/errors.ts'
import { exitCode, type ExitCode } from './exit.ts'
import { noteError, type Io } from './io.ts'

/** Editors write a file in several steps; what comes within this time is one change. */
const pauseMs = 100

/**
 * Runs an action now and again after each change of a file in the folders of the given ones, until
 * the user interrupts. Errors of a run are shown and do not end the watch.
 */
export async function rerunOnChange(
  files: readonly string[],
  io: Io,
  action: () => Promise<ExitCode>,
): Promise<ExitCode> {
  const changes = new Changes()
  // folders, not files: a file that is replaced as a whole would be lost from sight
  const folders = new Set(files.map((file) => dirname(resolve(file))))
  const watchers = [...folders].map((folder) =>
    watch(folder, (_event, name) => {
      if (name === null || /\.(ya?ml|json)$/.test(basename(name))) changes.notice()
    }),
  )
  const undo = io.onInterrupt(() => changes.end())
  try {
    do await runNoted(io, action)
    while (await changes.next())
  } finally {
    undo()
    for (const watcher of watchers) watcher.close()
  }
  return exitCode.interrupted
}

/** Whether something has changed since the last look, and somebody who waits for it. */
class Changes {
  #changed = false
  #over = false
  #wake: (() => void) | undefined

  notice(): void {
    this.#changed = true
    this.#wake?.()
  }

  end(): void {
    this.#over = true
    this.#wake?.()
  }

  /** True after the next change, false once it is over. */
  async next(): Promise<boolean> {
    if (!this.#changed && !this.#over) {
      await new Promise<void>((wake) => {
        this.#wake = wake
      })
    }
    if (!this.#over) await setTimeout(pauseMs)
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
