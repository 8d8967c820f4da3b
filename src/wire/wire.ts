import type { ModelErrorData, ModelEvent } from '../protocol/event.ts'
import type { ModelRequest } from '../protocol/request.ts'
import type { BodyText } from './growing-text.ts'
import type { WireBounds } from './settings.ts'

export interface EncodeOptions {
  /** The name of the model as the provider knows it. */
  readonly model: string
  readonly stream: boolean
}

/**
 * Turns the server-sent events of one response into model events. It is synchronous and appends
 * to an array that the caller drains, so that a delta costs neither a promise nor a generator.
 */
export interface Decoder {
  /** Events not taken yet; the caller empties it. */
  readonly events: ModelEvent[]
  /** True when the rest of the body can only tell what the response has used. */
  readonly complete: boolean
  /** True when the peer left the protocol or a bound: nothing more should be read from it. */
  readonly broken: boolean
  /** One event of the stream; never throws for what a peer sends. */
  push(data: string, eventName?: string): void
  /** A whole answer of the kind a request without streaming gets; never throws either. */
  pushBody(text: string): void
  /**
   * The body has ended, or was cut for the given reason, which fails the response unless it has
   * failed already. Appends what is missing up to `end`. To be called once.
   */
  finish(cut?: ModelErrorData): void
}

/** How requests of a wire are written and how its answers are read. */
export interface WireCodec {
  /** The JSON text of the request body. Throws `bad-option` for what the wire cannot express. */
  encode(request: ModelRequest, options: EncodeOptions): BodyText
  /** Without `toolCallDeltas` the fragments of calls are put together but not told of. */
  decoder(request: ModelRequest, bounds: WireBounds, toolCallDeltas: boolean): Decoder
}

/** A wire protocol. Its code is loaded when there is something to say. */
export interface Wire {
  /** Also the tag of opaque data, e.g. `chat`. */
  readonly name: string
  /** Appended to the base URL, e.g. `/chat/completions`. */
  readonly path: string
  load(): Promise<WireCodec>
}
