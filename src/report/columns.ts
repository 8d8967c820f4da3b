import { visible } from '../base/text.ts'

const mark = /\p{M}/u
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u

/** Terminal columns of a text without control characters (UAX #11, ambiguous ones narrow). */
export function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) columns += columnsOfCharacter(character)
  return columns
}

function columnsOfCharacter(character: string): number {
  if (character < '\u0300') return 1
  return mark.test(character) ? 0 : wide.test(character) ? 2 : 1
}

/** The start of a text in at most `columns` columns, with `…` for what is missing. */
export function cutEnd(text: string, columns: number): string {
  const shown = visible(text.slice(0, columns * 4))
  if (columnsOf(shown) <= columns && text.length <= columns * 4) return shown
  return `${takeColumns([...shown], columns - 1).join('')}…`
}

/** The end of a text in at most `columns` columns, with `…` for what is missing. */
export function cutStart(text: string, columns: number): string {
  const shown = visible(text.slice(-columns * 4))
  if (columnsOf(shown) <= columns && text.length <= columns * 4) return shown
  return `…${takeColumns([...shown].toReversed(), columns - 1)
    .toReversed()
    .join('')}`
}

function takeColumns(characters: readonly string[], columns: number): readonly string[] {
  let used = 0
  const end = characters.findIndex((character) => {
    used += columnsOfCharacter(character)
    return used > columns
  })
  return end < 0 ? characters : characters.slice(0, end)
}

/** Fills a text up with spaces to a number of columns. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)))
}

/** Breaks a text into lines of at most `columns` columns, at spaces where there are any. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of visible(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (columnsOf(longer) <= columns) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    const pieces = breakWord(word, columns)
    lines.push(...pieces.slice(0, -1))
    line = pieces.at(-1)!
  }
  return [...lines, line]
}

function breakWord(word: string, columns: number): readonly string[] {
  const pieces: string[] = []
  let rest: readonly string[] = [...word]
  while (columnsOf(rest.join('')) > columns) {
    const piece = takeColumns(rest, columns)
    pieces.push(piece.join(''))
    rest = rest.slice(piece.length)
  }
  return [...pieces, rest.join('')]
}
