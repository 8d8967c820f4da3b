import { fold, isAscii } from '../../policy/equality.ts'
import { amountsIn } from './amounts.ts'
import { markers } from './pieces.ts'
import { eachRow } from './rows.ts'

const ignorable = /\p{Default_Ignorable_Code_Point}/gu
const joining = markers('-_.@:/+=')
const space = 0x20
const noBreakSpace = 0xa0
const notWord = /[^\p{L}\p{N}]+/gu
const digit = /\p{N}/u

/** Longest scalar that counts as one value, apart from the words in it. */
const maxWhole = 256

/**
 * The parts of a text that may be secrets: words, words with what joins them, groups of digits
 * taken together (an account in groups of four), amounts however their digits are grouped, and a
 * short text as a whole. Of these, what has at least 6 characters and a digit, or at least 16
 * characters. Case, width and invisible characters make no difference; a secret that was encoded or
 * put in other words is not found.
 */
export function secretsIn(text: string): ReadonlySet<string> {
  const folded = fold(isAscii(text) ? text : text.replace(ignorable, ''))
  const found = new Set<string>()
  const offer = (start: number, end: number, hasDigit: boolean): void => {
    const length = end - start
    if (length >= 16 || (hasDigit && length >= 6)) found.add(folded.slice(start, end))
  }
  const offerText = (part: string): void => {
    if (part.length >= 16 || (part.length >= 6 && digit.test(part))) found.add(part)
  }
  const joined = { start: 0, end: 0, hasDigit: false }
  // words with digits that follow each other are also one
  let group = ''
  let last = 0
  eachRow(folded, (start, end, hasDigit) => {
    offer(start, end, hasDigit)
    const isNext = start === last + 1 && last > 0
    const gap = folded.charCodeAt(last)
    if (isNext && joining[gap] === 1) joined.hasDigit ||= hasDigit
    else {
      offer(joined.start, joined.end, joined.hasDigit)
      joined.start = start
      joined.hasDigit = hasDigit
    }
    joined.end = end
    const goes = group !== '' && hasDigit && isNext && isGap(gap)
    if (!goes) offerText(group)
    if (goes) group += folded.slice(start, end)
    else group = hasDigit ? folded.slice(start, end) : ''
    last = end
  })
  offer(joined.start, joined.end, joined.hasDigit)
  offerText(group)
  for (const amount of amountsIn(folded)) found.add(amount)
  if (folded.length <= maxWhole) offerText(folded.replace(notWord, ''))
  return found
}

function isGap(code: number): boolean {
  return code === space || code === noBreakSpace || code === 0x2d
}
