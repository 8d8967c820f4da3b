import { codePointBorder, visible } from '../base/text.ts'
import { plural } from './format.ts'

/** The cells of a row: Markdown without line ends, pipes only as `markdownCode` writes them. */
export type Row = readonly string[]

/** Rows as lines, as many as there was room for, and how many were left out. */
export interface CutRows {
  readonly lines: readonly string[]
  readonly left: number
  /** UTF-16 code units of the lines with their ends. */
  readonly length: number
}

/**
 * A text from outside as a code span (CommonMark 0.31.2, section 6.1), also for a cell of a table:
 * a fence longer than any run of backticks in it, pipes escaped. A pipe after a backslash has no
 * escape that all readers understand, so it is written as `\u{7c}`. Of more than `length` UTF-16 code
 * units, counted as shown, the beginning stands with `…` behind.
 */
export function markdownCode(text: string, length: number): string {
  const shown = cut(text, length)
    .replaceAll(/\\\|/g, String.raw`\\u{7c}`)
    .replaceAll('|', String.raw`\|`)
  if (shown.trim() === '') return shown === '' ? '`(empty)`' : '`(blank)`'
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = /^[` ]|[` ]$/.test(shown) ? ' ' : ''
  return `${fence}${pad}${shown}${pad}${fence}`
}

function cut(text: string, length: number): string {
  const end = text.length <= length ? text.length : codePointBorder(text, length)
  const shown = visible(text.slice(0, end))
  if (shown.length <= length && end === text.length) return shown
  return `${shown.slice(0, codePointBorder(shown, Math.min(length, shown.length)))}…`
}

/** Rows one after another, as many as `room` code units hold; of the others nothing is made. */
export class RowsInRoom {
  readonly #room: number
  readonly #lines: string[] = []
  #length = 0
  #left = 0

  constructor(room: number) {
    this.#room = room
  }

  add(rowOf: () => Row): void {
    const line = this.#left > 0 ? undefined : `| ${rowOf().join(' | ')} |`
    if (line === undefined || this.#length + line.length + 1 > this.#room) {
      this.#left++
      return
    }
    this.#lines.push(line)
    this.#length += line.length + 1
  }

  /** The first of them, as many as `room` holds. */
  cut(room: number): CutRows {
    let length = 0
    const end = this.#lines.findIndex((line) => {
      if (length + line.length + 1 > room) return true
      length += line.length + 1
      return false
    })
    const lines = end < 0 ? this.#lines : this.#lines.slice(0, end)
    return { lines, left: this.#left + this.#lines.length - lines.length, length }
  }
}

/** A table, with a line under it that counts the rows it has no room for; nothing without rows. */
export function table(head: Row, { lines, left }: CutRows, noun = 'more call'): readonly string[] {
  const more = left === 0 ? [] : ['', `and ${plural(left, noun)} in the whole report`]
  if (lines.length === 0) return more
  return ['', `| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...lines, ...more]
}
