import { messageOf, SallyportError } from '../base/errors.ts'
import { late, within } from '../base/signal.ts'
import type { Anchor, Checkpoint } from '../journal/checkpoint.ts'

/** An anchor that does not answer is given up after this time. */
const timeoutMs = 10_000

/** Checkpoints that wait to be sent again, at most; of more, the oldest are given up. */
const maxWaiting = 1_000

interface Signed {
  readonly text: string
  readonly checkpoint: Checkpoint
}

/** Sends the checkpoints of all runs of a runtime to an anchor. */
export class Anchoring {
  readonly #anchor: Anchor
  readonly #required: boolean
  /** What the anchor did not take, oldest first. */
  #waiting: Signed[] = []

  constructor(anchor: Anchor, required: boolean) {
    this.#anchor = anchor
    this.#required = required
  }

  /**
   * Sends a checkpoint, and after it what was not taken before. Where the anchor is required, throws
   * `anchor-failed`; else gives the error back, and the checkpoint is sent again with a later one.
   */
  async take(text: string, checkpoint: Checkpoint): Promise<SallyportError | undefined> {
    const failed = await this.#send({ text, checkpoint })
    if (failed === undefined) {
      await this.#sendAgain()
      return undefined
    }
    if (this.#required) throw failed
    this.#waiting = [...this.#waiting, { text, checkpoint }].slice(-maxWaiting)
    return failed
  }

  async #sendAgain(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    for (const [at, signed] of waiting.entries()) {
      if ((await this.#send(signed)) === undefined) continue
      this.#waiting = [...waiting.slice(at), ...this.#waiting].slice(-maxWaiting)
      return
    }
  }

  async #send({ text, checkpoint }: Signed): Promise<SallyportError | undefined> {
    try {
      const end = await within(timeoutMs, async () => this.#anchor(text, checkpoint))
      if (end === late) throw new Error('no answer within 10 s')
      return undefined
    } catch (cause) {
      const place = `the checkpoint of ${checkpoint.size} records of run \`${checkpoint.runId}\``
      return new SallyportError(
        'anchor-failed',
        `${place} was not kept elsewhere: ${messageOf(cause)}`,
        { help: 'it is kept in the journal; find out why the anchor did not take it', cause },
      )
    }
  }
}
