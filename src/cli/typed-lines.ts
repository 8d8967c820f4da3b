import { inputLines, type Io } from './io.ts'

/**
 * What somebody types at a terminal, a line whenever one is asked for. A line that comes unasked is
 * dropped: it was typed before its reader could know what it answers.
 */
export class TypedLines {
  readonly #io: Io
  #isListening = false
  #hasEnded = false
  #waiting: ((line: string | undefined) => void) | undefined

  constructor(io: Io) {
    this.#io = io
  }

  /** Forgets what was typed and is still in the terminal; to be called before a question is shown. */
  forget(): void {
    this.#io.dropTyped()
  }

  /** Undefined when there will be no more. One may be asked for at a time. */
  next(): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (this.#hasEnded) return resolve(undefined)
      this.#waiting = resolve
      if (!this.#isListening) void this.#listen()
    })
  }

  async #listen(): Promise<void> {
    this.#isListening = true
    try {
      for await (const line of inputLines(this.#io)) this.#answer(line)
    } catch {
      // input that cannot be read, or never ends a line, answers nothing
    }
    this.#hasEnded = true
    this.#answer(undefined)
  }

  #answer(line: string | undefined): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(line)
  }
}
