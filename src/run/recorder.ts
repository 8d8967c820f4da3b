import type { Clock } from '../base/clock.ts'
import { isSallyportError, messageOf, SallyportError, type ErrorData } from '../base/errors.ts'
import { copyPlain } from '../base/plain.ts'
import { withGrace } from '../base/signal.ts'
import { Chain, genesis } from '../journal/chain.ts'
import type { Journal, JournalRecord } from '../journal/journal.ts'
import type { CallCounts, EndStatus, RunEnded, StructuralEvent } from '../protocol/run-event.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { Keep } from './kept.ts'
import type { Observers } from './plugin-observers.ts'
import type { EventQueue } from './queue.ts'
import { shown } from './shown.ts'

/** A journal that does not answer is given up this long after its run was stopped. */
const graceMs = 5_000

type Body<Event> = Event extends unknown ? Omit<Event, 'seq' | 'runId' | 'turn' | 'at'> : never

/** An event before the recorder has numbered and dated it. */
export type EventBody = Body<Exclude<StructuralEvent, RunEnded>>

export interface RecorderOptions {
  readonly runId: string
  readonly journal: Pick<Journal, 'append'>
  readonly clock: Clock
  /** RFC 3339 text of a wall time; runs that share it write each millisecond once. */
  readonly format: (milliseconds: number) => string
  readonly queue: EventQueue
  /** Aborts when the run has to end; the journal is then waited for only a little longer. */
  readonly signal: AbortSignal
  /** What the record keeps of an event; must not throw. */
  readonly keep: Keep
  /** Sees each structural event as the journal keeps it; must not throw. */
  readonly observe: (event: StructuralEvent) => void
  /** See what readers of the run see. */
  readonly observers?: Observers | undefined
  /** Signs what the journal has taken. */
  readonly checkpoints?: Checkpoints | undefined
  /** What the journal holds of the run already. */
  readonly after?:
    | { readonly length: number; readonly head: string; readonly eventSeq: number }
    | undefined
}

/**
 * Numbers the events of a run and hands each to its three readers: the journal, the fold that
 * becomes the report, and whoever iterates the run. Records gather until `flush`; the loop flushes
 * where the order of disk and world matters.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #chain: Chain
  #pending: JournalRecord[] = []
  #writing: Promise<void> | undefined
  #failure: SallyportError | undefined
  /** Digest of the last record that the journal has taken. */
  #written: string
  #seq: number
  #ended = false
  turn = 0

  constructor(options: RecorderOptions) {
    this.#options = options
    const { length, head, eventSeq } = options.after ?? { length: 0, head: genesis, eventSeq: 0 }
    this.#chain = new Chain(length, head)
    this.#written = head
    this.#seq = eventSeq
  }

  /** Digest of the last record; of the last one known to be written once the journal has failed. */
  get head(): string {
    return this.#failure === undefined ? this.#chain.head : this.#written
  }

  /** Records sealed so far, those that the journal had included. */
  get length(): number {
    return this.#chain.length
  }

  /** False once the journal has failed: what it holds is not known then. */
  get isWritten(): boolean {
    return this.#failure === undefined
  }

  /**
   * Records the end of the run; whatever comes later is dropped. The end is shown when it is
   * written. Where it cannot be, the run has failed whatever it has achieved, and an end that says
   * so is shown instead, after the error unless that is the one `told` before; returns the error.
   */
  async end(
    status: EndStatus,
    told: ErrorData | undefined,
    counts?: CallCounts,
  ): Promise<ErrorData | undefined> {
    const event = this.#seal(
      this.#complete({ type: 'end', status, head: this.head, ...(counts && { counts }) }),
    )
    this.#ended = true
    try {
      await this.flush()
    } catch (thrown) {
      const error = (thrown as SallyportError).toJSON()
      if (error.code !== told?.code) this.#show(this.#complete({ type: 'error', ...error }))
      this.#show(this.#complete({ type: 'end', status: 'error', head: this.head }))
      return error
    }
    this.#show(event)
    return undefined
  }

  /** Records an event and takes it over. */
  emit(body: EventBody): void {
    // a tool that was left behind may speak after the end of its run
    if (!this.#ended) this.#show(this.#seal(this.#options.keep(this.#complete(body))))
  }

  #show(event: StructuralEvent): void {
    const { observe, observers, queue } = this.#options
    observe(event)
    const visible = shown(event)
    observers?.see(visible)
    queue.push(visible)
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
    const { clock, format, observers, queue, runId } = this.#options
    const isSeen = observers?.deltas === true
    if (!isSeen && queue.extend(type, text)) return
    const event = { type, text, seq, runId, turn: this.turn, at: format(clock.now()) }
    if (isSeen) observers.see(event)
    if (!isSeen || !queue.extend(type, text)) queue.push(event)
  }

  /** Completes the body in place: bodies are made for this call, and there are many. */
  #complete(body: Body<StructuralEvent>): StructuralEvent {
    const { clock, format, runId } = this.#options
    const event = body as { -readonly [Key in keyof StructuralEvent]: StructuralEvent[Key] }
    event.seq = this.#seq++
    event.runId = runId
    event.turn = this.turn
    event.at = format(clock.now())
    return event as StructuralEvent
  }

  /**
   * Brings everything recorded so far into the journal. Returns undefined when nothing has to be
   * waited for. Rejects with `bad-journal` or `journal-conflict` when it cannot be written, or has
   * not answered 5 s after the run was stopped, now and at every later call: a run whose journal is
   * lost must not go on.
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
    const appended = this.#options.journal.append(this.#options.runId, batch[0]!.seq, batch)
    const taken = (): Promise<void> | undefined => {
      this.#written = batch.at(-1)!.hash
      return this.#options.checkpoints?.take(batch)
    }
    return appended === undefined ? taken() : appended.then(taken)
  }

  /** Writes on until nothing is left, so that everybody who waits meanwhile shares one write. */
  async #drain(first: Promise<void>): Promise<void> {
    try {
      await this.#answered(first)
      while (this.#pending.length > 0) await this.#answered(this.#append())
    } catch (error) {
      throw this.#fail(error)
    } finally {
      this.#writing = undefined
    }
  }

  /** Whether a write that is given up has reached the disk is not known, so nothing may follow it. */
  async #answered(written: Promise<void> | undefined): Promise<void> {
    if (written === undefined) return
    if (await withGrace(written, this.#options.signal, graceMs)) return
    throw new SallyportError(
      'bad-journal',
      'the journal did not answer before the run had to end',
      {
        help: 'the end of the run may be missing there; check the disk or server that holds it',
      },
    )
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
