import { createParser, type EventSourceParser } from 'eventsource-parser'

/**
 * Bytes of a `text/event-stream` body (WHATWG HTML section 9.2) to events. Handles a leading byte
 * order mark, LF, CRLF and CR also when split over reads, characters split over reads, comments and
 * data of several lines. An event without its final blank line is never dispatched.
 */
export class SseReader {
  /** True once an event was longer than the bound; nothing is read after that. */
  overflow = false
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #parser: EventSourceParser

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
    const text = this.#decoder.decode(bytes, { stream: true })
    if (text !== '') this.#parser.feed(text)
  }
}
