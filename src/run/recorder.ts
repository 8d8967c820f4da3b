import { createTimeFormatter, type Clock } from '../base/clock.ts'
import { isSallyportError, messageOf, SallyportError } from '../base/errors.ts'
import { copyPlain } from '../base/plain.ts'
import { Chain } from '../journal/chain.ts'
import type { Journal, JournalRecord } from '../journal/journal.ts'
import type { EndStatus, StructuralEvent } from '../protocol/run-event.ts'
import type { EventQueue } from './queue.ts'
import { shown } from './shown.ts'

type Body<Event> = Event extends unknown ? Omit<Event, 'seq' | 'runId' | 'turn' | 'at'> : never

/** An event before the recorder has numbered and dated it. */
export type EventBody = Body<StructuralEvent>

export interface RecorderOptions {
  readonly runId: string
  readonly journal: Journal
  readonly clock: Clock
  readonly queue: EventQueue
  /** Sees each structural event as the journal keeps it; must not throw. */
  readonly observe: (event: StructuralEvent) => void
}

/**
 * Numbers the events of a run and hands each to its three readers: the journal, the fold that
 * becomes the report, and whoever iterates the run. Records gather until `flush`; the loop flushes
 * where the order of disk and world matters.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #chain = new Chain()
  readonly #format = createTimeFormatter()
  #pending: JournalRecord[] = []
  #writing: Promise<void> | undefined
  #failure: SallyportError | undefined
  #seq = 0
  #ended = false
  turn = 0

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /** Digest of the last record. */
  get head(): string {
    return this.#chain.head
  }

  /** Records the end of the run; whatever comes later is dropped. */
  end(status: EndStatus): void {
    this.emit({ type: 'end', status, head: this.head })
  }

  /** Records an event and takes it over. */
  emit(body: EventBody): void {
    // a tool that was left behind may speak after the end of its run
    if (this.#ended) return
    const event = this.#seal(this.#complete(body))
    this.#ended = event.type === 'end'
    this.#options.observe(event)
    this.#options.queue.push(shown(event))
  }

  /** The event as it is in the record: text from outside may be such that no digest can be made. */
  #seal(event: StructuralEvent): StructuralEvent {
    if (this.#failure !== undefined) return event
    try {
      this.#pending.push(this.#chain.seal(event))
      return event
    } catch {
      const plain = plainEvent(event)
      this.#pending.push(this.#chain.seal(plain))
      return plain
    }
  }

  delta(type: 'text-delta' | 'reasoning-delta', text: string): void {
    if (this.#ended) return
    const seq = this.#seq++
    this.#options.queue.delta(type, text, () => {
      const { clock, runId } = this.#options
      return { type, text, seq, runId, turn: this.turn, at: this.#format(clock.now()) }
    })
  }

  /** Completes the body in place: bodies are made for this call, and there are many. */
  #complete(body: EventBody): StructuralEvent {
    const { clock, runId } = this.#options
    const event = body as { -readonly [Key in keyof StructuralEvent]: StructuralEvent[Key] }
    event.seq = this.#seq++
    event.runId = runId
    event.turn = this.turn
    event.at = this.#format(clock.now())
    return event as StructuralEvent
  }

  /**
   * Brings everything recorded so far into the journal. Returns undefined when nothing has to be
   * waited for. Rejects with `bad-journal` or `journal-conflict` when it cannot be written, now
   * and at every later call: a run whose journal is lost must not go on.
   */
  flush(): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#writing !== undefined) return this.#writing
    try {
      const written = this.#append()
      if (written === undefined) return undefined
      this.#writing = this.#drain(written)
      return this.#writing
    } catch (error) {
      return Promise.reject(this.#fail(error))
    }
  }

  #append(): Promise<void> | undefined {
    if (this.#pending.length === 0) return undefined
    const batch = this.#pending
    this.#pending = []
    return this.#options.journal.append(this.#options.runId, batch[0]!.seq, batch)
  }

  /** Writes on until nothing is left, so that everybody who waits meanwhile shares one write. */
  async #drain(first: Promise<void>): Promise<void> {
    try {
      await first
      while (this.#pending.length > 0) await this.#append()
    } catch (error) {
      throw this.#fail(error)
    } finally {
      this.#writing = undefined
    }
  }

  #fail(error: unknown): SallyportError {
    this.#pending = []
    this.#failure = isSallyportError(error)
      ? error
      : new SallyportError('bad-journal', `the journal cannot be written: ${messageOf(error)}`, {
          cause: error,
        })
    return this.#failure
  }
}

/** The largest event is a transcript of long results. */
const eventBounds = { maxLength: 256 * 1024 * 1024, maxDepth: 128 }

/** With U+FFFD in place of lone surrogates. */
function plainEvent(event: StructuralEvent): StructuralEvent {
  const copy = copyPlain(event, eventBounds)
  if (copy.ok) return copy.value as unknown as StructuralEvent
  throw new SallyportError('internal', `\`${event.type}\` cannot be recorded: ${copy.message}`)
}
