import type { Sink } from './sink.ts'

/** The text of one item, in parts that come one after the other. */
export class Prose {
  /** Where it stands in the whole text of its channel. */
  from = 0
  /** Characters so far. */
  length = 0
  /** Text that waits for its turn. */
  waiting = ''
  isOpen = true
  readonly #channel: Channel
  readonly #whole = new Set<number>()
  #before = ''
  // apart from the parts before it, whose reading at every part would make many parts quadratic
  #part = ''

  constructor(channel: Channel) {
    this.#channel = channel
  }

  append(text: string): void {
    if (text === '' || !this.#channel.sink.fits(text.length)) return
    this.#part += text
    this.length += text.length
    this.#channel.pass(this, text)
  }

  /** Takes a part as a whole; fragments may have been lost or left out. */
  settlePart(index: number, whole: string): void {
    if (!this.isOpen || this.#whole.has(index)) return
    this.#whole.add(index)
    if (whole.startsWith(this.#part)) this.append(whole.slice(this.#part.length))
    this.#before += this.#part
    this.#part = ''
  }

  /**
   * Takes the text as a whole. One that differs from what was shown changes nothing: what was read
   * cannot be unread, and the record says what was read.
   */
  settle(whole: string): void {
    if (this.isOpen || this.length === 0) {
      const known = this.#before + this.#part
      if (whole.startsWith(known)) this.append(whole.slice(known.length))
    }
    this.#channel.close(this)
  }
}

/**
 * Text of several items on its way to one reader. Items may come interleaved; the text of each
 * stays together, so that of others waits until the item at hand is complete.
 */
export class Channel {
  readonly sink: Sink
  readonly #emit: (text: string) => void
  #waiting: Prose[] = []
  #current: Prose | undefined
  #length = 0

  constructor(sink: Sink, emit: (text: string) => void) {
    this.sink = sink
    this.#emit = emit
  }

  pass(prose: Prose, text: string): void {
    this.#current ??= this.#begin(prose)
    if (this.#current === prose) {
      this.#send(text)
      if (!prose.isOpen) this.#current = undefined
      return
    }
    if (prose.waiting === '') this.#waiting.push(prose)
    prose.waiting += text
  }

  close(prose: Prose): void {
    prose.isOpen = false
    if (this.#current === prose) this.#proceed()
  }

  /** Lets go of whatever still waits. */
  flush(): void {
    if (this.#current !== undefined) this.#current.isOpen = false
    for (const prose of this.#waiting) prose.isOpen = false
    this.#proceed()
  }

  /** Sends what waits, up to the first item that is still open. */
  #proceed(): void {
    this.#current = undefined
    let sent = 0
    while (this.#current === undefined && sent < this.#waiting.length) {
      const next = this.#begin(this.#waiting[sent++]!)
      this.#send(next.waiting)
      next.waiting = ''
      if (next.isOpen) this.#current = next
    }
    this.#waiting = this.#waiting.slice(sent)
  }

  #begin(prose: Prose): Prose {
    prose.from = this.#length
    return prose
  }

  #send(text: string): void {
    this.#length += text.length
    this.#emit(text)
  }
}
