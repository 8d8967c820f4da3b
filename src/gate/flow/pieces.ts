const comma = 0x2c
const between = markers(String.fromCharCode(...Array(0x21).keys(), 0x7f) + '\'"`()[]{}<>;|!')
const wideBetween = /[\s\p{Cc}\p{Z}´‘’‚“”„«»‹›…]/u
const numberInFront = /\p{N}$/u
const numberBehind = /^\p{N}/u

/** Which of the first 128 characters a text holds. */
export function markers(characters: string): Uint8Array {
  const marks = new Uint8Array(128)
  for (let at = 0; at < characters.length; at++) marks[characters.charCodeAt(at)] = 1
  return marks
}

/** A text cut at space, controls, quotes, brackets, and commas that are not inside a number. */
export function cutBetween(text: string): readonly string[] {
  const pieces: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const cuts = code < 128 ? between[code] === 1 : wideBetween.test(text[at]!)
    if (!cuts && (code !== comma || isInNumber(text, at))) continue
    if (at > start) pieces.push(text.slice(start, at))
    start = at + 1
  }
  if (start < text.length) pieces.push(text.slice(start))
  return pieces
}

function isInNumber(text: string, at: number): boolean {
  const isBehind = numberInFront.test(text.slice(Math.max(0, at - 2), at))
  return isBehind && numberBehind.test(text.slice(at + 1, at + 3))
}

/**
 * The parts of a text between ASCII white space that hold one of the characters: a pattern whose
 * matches cross no white space and hold such a character finds the same in them as in the text,
 * and need not be tried at every letter of it.
 */
export function piecesWith(text: string, marks: Uint8Array): readonly string[] {
  const pieces: string[] = []
  let start = 0
  let isMarked = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) {
      if (isMarked) pieces.push(text.slice(start, at))
      start = at + 1
      isMarked = false
    } else if (code < 128 && marks[code] === 1) isMarked = true
  }
  if (isMarked) pieces.push(text.slice(start))
  return pieces
}
