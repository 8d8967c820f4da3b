/** What a body needs of its connection. */
export interface BodySource {
  readonly paused: boolean
  pause(): void
  resume(): void
  abort(reason: Error): void
}

/** Bytes that wait for the reader before the connection is told to pause. */
const enoughBytes = 1024 * 1024

/**
 * The body of a response on its way from the connection to one reader, who takes all that has
 * arrived at once: a stream in between would cost more per chunk than reading the chunk.
 */
export class ResponseBody {
  readonly #source: BodySource
  #chunks: Uint8Array[] = []
  #bytes = 0
  #wake: (() => void) | undefined
  #ended = false
  #error: Error | undefined

  constructor(source: BodySource) {
    this.#source = source
  }

  push(chunk: Uint8Array): void {
    if (this.#ended) return
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#wake !== undefined) this.#wake()
    else if (this.#bytes > enoughBytes) this.#source.pause()
  }

  /** True once all of it was read, up to an end that is no failure. */
  get isRead(): boolean {
    return this.#ended && this.#error === undefined && this.#chunks.length === 0
  }

  /** No more chunks; with an error, the reader gets it after what has arrived. */
  end(error?: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    this.#wake?.()
  }

  /**
   * What has arrived, in one piece, at once or when there is something; undefined at the end.
   * Throws or rejects if the body broke off. All that
   * comes out of one read of the socket is taken together: a peer sends each event as a chunk of
   * its own, and decoding them one by one would cost more than copying them into one.
   */
  next(): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    if (this.#source.paused) this.#source.resume()
    return this.#chunks.length > 0 || this.#ended ? this.#take() : this.#arrival()
  }

  async #arrival(): Promise<Uint8Array | undefined> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = undefined
    return this.#take()
  }

  #take(): Uint8Array | undefined {
    const chunks = this.#chunks
    if (chunks.length > 0) {
      this.#chunks = []
      this.#bytes = 0
      return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
    }
    if (this.#error !== undefined) throw this.#error
    return undefined
  }

  /** Drops what is left, and the connection with it unless the body has ended. */
  destroy(): void {
    this.#chunks = []
    if (this.#ended) return
    this.end()
    this.#source.abort(new Error('the body is not needed any more'))
  }
}
