import type { ModelErrorData, ModelEvent } from '../protocol/event.ts'
import type { ResponseBody } from './body.ts'
import type { HeadObserver, HttpClient, HttpRequest, HttpResponse } from './http.ts'
import type { Attempt } from './retry.ts'
import type { Timeouts, WireBounds } from './settings.ts'
import { SseReader } from './sse.ts'
import { modelError } from './status.ts'
import { Watch } from './watch.ts'
import type { Decoder } from './wire.ts'

/** How long a body may go on after its last meaningful event, so that its connection is kept. */
const drainMs = 1000

/** White space of JSON, and the bytes of a byte order mark. */
const blanks: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf])

/** Of comments and of the fields `data`, `event`, `id` and `retry`. */
const eventStarts: ReadonlySet<number> = new Set(Buffer.from(':deir'))

const eventStream = 'text/event-stream'

/** What one try of a request needs. */
export interface ExchangeOptions {
  readonly client: HttpClient
  readonly request: HttpRequest
  readonly decoder: Decoder
  readonly bounds: WireBounds
  readonly timeouts: Timeouts
  readonly signal: AbortSignal
  readonly observe?: HeadObserver
}

const brokenConnection = modelError(
  'model-incomplete',
  'the connection broke before the answer was complete',
)

/**
 * One HTTP request and its answer as model events, read step by step. The body is read to its end,
 * which returns the connection, or destroyed.
 */
export class Exchange implements Attempt {
  readonly #decoder: Decoder
  readonly #bounds: WireBounds
  readonly #watch: Watch
  #sse: SseReader | undefined
  #body: ResponseBody | undefined
  #parts: Uint8Array[] = []
  #bytes = 0
  /** Nothing but white space has been read. */
  #blank = true
  #ended = false
  #read = false

  private constructor(options: ExchangeOptions) {
    this.#decoder = options.decoder
    this.#bounds = options.bounds
    this.#watch = new Watch(options.timeouts, options.signal)
  }

  /** Sends the request and reads until there is a first event. Never rejects. */
  static async start(options: ExchangeOptions): Promise<Exchange> {
    const exchange = new Exchange(options)
    const outcome = await options.client.post(options.request, exchange.#watch, options.observe)
    if ('error' in outcome) exchange.#finish(outcome.error)
    else exchange.#open(outcome.response, options.request.stream)
    while (exchange.#decoder.events.length === 0 && (await exchange.read()));
    return exchange
  }

  get failure(): ModelErrorData | undefined {
    const first = this.#decoder.events[0]
    return first?.type === 'error' ? first.error : undefined
  }

  /** True when the answer came as server-sent events. */
  get isStreamed(): boolean {
    return this.#sse !== undefined
  }

  /** True once the exchange was stopped from outside before its end. */
  get stopped(): boolean {
    return this.#watch.cut !== undefined
  }

  /** True once the answer has come to its own end, and was not left or given up before. */
  get isRead(): boolean {
    return this.#read
  }

  /** The events read since the last time. */
  take(): ModelEvent[] {
    return this.#decoder.events.splice(0)
  }

  /** Reads on, at once where it can; false when everything has been read. Never rejects. */
  read(): boolean | Promise<boolean> {
    if (this.#ended) return false
    this.#watch.waiting()
    try {
      const bytes = this.stopped ? undefined : this.#body!.next()
      if (bytes instanceof Promise) return this.#readLater(bytes)
      this.#take(bytes)
    } catch {
      this.#breakOff()
    }
    return true
  }

  async #readLater(arriving: Promise<Uint8Array | undefined>): Promise<boolean> {
    try {
      this.#take(await arriving)
    } catch {
      this.#breakOff()
    }
    return true
  }

  #take(bytes: Uint8Array | undefined): void {
    this.#watch.arrived()
    // also a body that arrived whole does not count once the caller has given up
    if (this.stopped) return this.#finish(this.#watch.cut)
    if (bytes !== undefined) this.#receive(bytes)
    if (!this.#ended && (bytes === undefined || this.#body!.isRead)) this.#finishBody()
  }

  #breakOff(): void {
    this.#finish(this.#watch.cut ?? (this.#decoder.complete ? undefined : brokenConnection))
    this.#body?.destroy()
  }

  close(): void {
    this.#watch.dispose()
    if (!this.#ended) this.#body?.destroy()
    this.#ended = true
  }

  #open(response: HttpResponse, asStream: boolean): void {
    this.#body = response.body
    const kind = asStream ? response.type !== 'application/json' : response.type === eventStream
    if (kind) this.#sse = this.#reader()
  }

  #reader(): SseReader {
    return new SseReader(this.#bounds.maxEventLength, (data, eventName) => {
      // what is read must not depend on how much arrived at once
      if (!this.#decoder.broken) this.#decoder.push(data, eventName)
    })
  }

  #receive(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    if (this.#bytes > this.#bounds.maxResponseBytes) {
      return this.#tooLarge('body', this.#bounds.maxResponseBytes)
    }
    if (this.#blank) this.#look(bytes)
    if (this.#sse === undefined) this.#collect(bytes)
    else this.#sse.push(bytes)
    if (this.#sse?.overflow === true) this.#tooLarge('event', this.#bounds.maxEventLength)
    if (this.#decoder.events.length > 0 || this.#sse === undefined) this.#watch.begun()
    if (this.#decoder.broken) {
      this.#body!.destroy()
      this.#finish()
    } else if (this.#decoder.complete && !this.#body!.isRead) this.#watch.drain(drainMs)
  }

  /** Media types may be wrong: no event begins as JSON does, and JSON not as events do. */
  #look(bytes: Uint8Array): void {
    const first = bytes.find((byte) => !blanks.has(byte))
    if (first === undefined) return
    this.#blank = false
    if (first === 0x7b || first === 0x5b) this.#sse = undefined
    else if (eventStarts.has(first)) this.#sse ??= this.#reader()
  }

  #collect(bytes: Uint8Array): void {
    if (this.#bytes <= this.#bounds.maxEventLength) this.#parts.push(bytes)
    else this.#tooLarge('body', this.#bounds.maxEventLength)
  }

  #finishBody(): void {
    this.#read = true
    if (this.#sse === undefined) {
      // drops a byte order mark
      const text = new TextDecoder().decode(Buffer.concat(this.#parts))
      this.#parts = []
      this.#decoder.pushBody(text)
    }
    this.#finish()
  }

  #tooLarge(what: 'body' | 'event', bound: number): void {
    this.#finish(modelError('model-too-large', `the response has a ${what} longer than ${bound}`))
  }

  #finish(cut?: ModelErrorData): void {
    if (this.#ended) return
    this.#ended = true
    this.#watch.dispose()
    if (cut !== undefined) this.#body?.destroy()
    this.#decoder.finish(cut)
  }
}
