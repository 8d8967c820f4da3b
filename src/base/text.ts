/**
 * Text from models, tools and policies is hostile wherever it is shown. Each place has its own
 * escape; there is no general one.
 */

// control and format characters (C0, C1, bidirectional, zero-width, tags), line and paragraph
// ends, and what fonts draw as nothing: variation selectors, fillers
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

const anyInvisible = new RegExp(invisible, 'u')

/** Whether a text holds nothing that `visible` would change, lone surrogates aside. */
export function isVisible(text: string): boolean {
  return !anyInvisible.test(text)
}

/** Makes every invisible or control character visible as `\u{...}`; the rest stays as it is. */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replace(invisible, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

/**
 * JSON text in which what a terminal may act on or hide is written as `\\uXXXX`: the same value, and
 * nothing that moves a cursor or turns text around. Line ends between members stay.
 */
export function visibleJson(json: string): string {
  return json.replace(invisible, (character) =>
    character === '\n' ? character : escaped(character),
  )
}

function escaped(character: string): string {
  let units = ''
  for (let at = 0; at < character.length; at++) {
    units += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
  }
  return units
}

/** `visible`, cut to `length` characters with a mark that tells how many are missing. */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return visible(text)
  const end = codePointBorder(text, length)
  return `${visible(text.slice(0, end))}… (${text.length - end} more characters)`
}

/** `1 rule`, `2 rules`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** `at`, or the offset before it when `at` would cut a surrogate pair in two. */
export function codePointBorder(text: string, at: number): number {
  return text.codePointAt(at - 1)! > 0xffff ? at - 1 : at
}

/** For sorting by UTF-16 code units, whatever the language of the machine. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
