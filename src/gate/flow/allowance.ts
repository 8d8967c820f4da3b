import type { JsonPrimitive } from '../../base/json.ts'

/**
 * Most that is read of one message, one result or one argument, in UTF-16 code units: four times
 * what a model is shown of a result by default, in half a second.
 */
export const maxRead = 256 * 1024

/** What is left to be read of one message or result. */
export class Allowance {
  #left = maxRead

  /** The value as far as it may be read, up to the end of a word; null for one that may not. */
  take(value: JsonPrimitive): JsonPrimitive {
    if (typeof value !== 'string') return this.#spend(String(value).length) ? value : null
    if (this.#spend(lengthRead(value, this.#left))) return value
    const rest = this.#left
    this.#left = 0
    return untilSpace(untilSpace(value, rest).normalize('NFKC'), rest)
  }

  #spend(length: number): boolean {
    const fits = length <= this.#left
    if (fits) this.#left -= length
    return fits
  }
}

/** How long a text is once characters that stand for several are written out; up to 18 times. */
export function lengthRead(text: string, most: number): number {
  return text.length > most ? text.length : text.normalize('NFKC').length
}

function untilSpace(text: string, most: number): string {
  if (text.length <= most) return text
  const end = Math.max(text.lastIndexOf(' ', most), text.lastIndexOf('\n', most))
  return text.slice(0, Math.max(0, end))
}
