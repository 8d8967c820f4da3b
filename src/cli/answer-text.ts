import type { RunEvent } from '../protocol/run-event.ts'
import { printable, type Io } from './io.ts'

/** Writes the answers of a run to standard output as they come, each ended by a line break. */
export class AnswerText {
  readonly #io: Io
  #isOpen = false

  constructor(io: Io) {
    this.#io = io
  }

  take(event: RunEvent): void {
    switch (event.type) {
      case 'text-delta':
        this.#io.out(this.#io.outIsTerminal ? printable(event.text) : event.text)
        this.#isOpen = true
        break
      case 'retry':
      case 'fallback':
        // what is written cannot be taken back
        if (this.#isOpen) this.#io.note('the answer has broken off and begins anew\n')
        this.#close()
        break
      case 'turn-end':
        this.#close()
        break
    }
  }

  #close(): void {
    if (this.#isOpen) this.#io.out('\n')
    this.#isOpen = false
  }
}
