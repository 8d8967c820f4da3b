/** Offsets into the text of a policy, in UTF-16 code units; `end` is not included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Line and column count from 1, columns in UTF-16 code units. */
export interface Point {
  readonly line: number
  readonly column: number
}

export interface Range {
  readonly start: Point
  readonly end: Point
}

/** The text of a policy file and the way from offsets to lines. */
export class Source {
  readonly file: string
  readonly text: string
  #lines: number[] | undefined

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
  }

  point(offset: number): Point {
    const lines = (this.#lines ??= lineStarts(this.text))
    let low = 0
    let high = lines.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (lines[middle]! <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - lines[low]! + 1 }
  }

  range(span: Span): Range {
    return { start: this.point(span.start), end: this.point(Math.max(span.start, span.end)) }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}
