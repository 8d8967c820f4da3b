import { createParser, type EventSourceParser } from 'eventsource-parser'

/** Where servers of llama.cpp up to 2025 put an error, which readers of the standard skip. */
const errorField = 'error:'
const errorEvent = 'event:error\ndata:'
const laterErrorFields = /([\r\n])error:/g

/** A last line, maybe of a text that began amid one, which may become such a field. */
const begunField = /(^|[\r\n])(e(?:r(?:r(?:or?)?)?)?)$/

/**
 * Bytes of a `text/event-stream` body (WHATWG HTML section 9.2) to events. Handles a leading byte
 * order mark, LF, CRLF and CR also when split over reads, characters split over reads, comments and
 * data of several lines. An event without its final blank line is never dispatched. A field `error`
 * is read as an event of that name.
 */
export class SseReader {
  /** True once an event was longer than the bound; nothing is read after that. */
  overflow = false
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #parser: EventSourceParser
  /** The end of what was read, where it may be the beginning of an error field. */
  #begun = ''
  #isLineStart = true

  /** `maxEventLength` counts characters of one event, or of a line that has not ended. */
  constructor(maxEventLength: number, onEvent: (data: string, eventName?: string) => void) {
    this.#parser = createParser({
      maxBufferSize: maxEventLength,
      onEvent: (event) => {
        if (event.data.length > maxEventLength) this.overflow = true
        else if (!this.overflow) onEvent(event.data, event.event)
      },
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') this.overflow = true
      },
    })
  }

  push(bytes: Uint8Array): void {
    if (this.overflow) return
    const text = this.#withEvents(this.#begun + this.#decoder.decode(bytes, { stream: true }))
    if (text !== '') this.#parser.feed(text)
  }

  /** What can be told for certain of a text, with events in place of fields `error`. */
  #withEvents(text: string): string {
    const [, before, begun = ''] = begunField.exec(text.slice(-errorField.length)) ?? []
    const isBegun = before !== '' || (this.#isLineStart && begun === text)
    this.#begun = isBegun ? begun : ''
    const told = text.slice(0, text.length - this.#begun.length)
    const first = this.#isLineStart && told.startsWith(errorField) ? errorField.length : 0
    if (text !== '') this.#isLineStart = this.#begun !== '' || /[\r\n]/.test(told.at(-1)!)
    const later = told.slice(first).replace(laterErrorFields, `$1${errorEvent}`)
    return first === 0 ? later : errorEvent + later
  }
}
