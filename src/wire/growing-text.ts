/** Characters that gather before they are kept as bytes. */
const portion = 16 * 1024

/** A body as it is sent: UTF-8 where it is long. */
export type BodyText = string | Uint8Array<ArrayBuffer>

/**
 * A text that grows at its end, and is sent again and again between others. A long one is kept as
 * UTF-8: as a string of many parts it would be put together in fresh memory each time it is sent,
 * which takes several times as long as to copy its bytes.
 */
export class GrowingText {
  #bytes = Buffer.alloc(0)
  #length = 0
  /** What comes after the bytes. */
  #end = ''
  isEmpty = true

  /** Appends a text that begins and ends with whole characters. */
  append(text: string): void {
    this.isEmpty &&= text === ''
    this.#end += text
    if (this.#end.length >= portion) this.#keep()
  }

  /** The text with others before and after it. */
  between(before: string, after: string): BodyText {
    const end = `${this.#end}${after}`
    if (this.#length === 0) return `${before}${end}`
    const size = Buffer.byteLength(before) + this.#length + Buffer.byteLength(end)
    const body = Buffer.allocUnsafe(size)
    let at = body.write(before)
    at += this.#bytes.copy(body, at, 0, this.#length)
    body.write(end, at)
    return body
  }

  #keep(): void {
    const needed = this.#length + Buffer.byteLength(this.#end)
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * needed)
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    this.#length += this.#bytes.write(this.#end, this.#length)
    this.#end = ''
  }
}
