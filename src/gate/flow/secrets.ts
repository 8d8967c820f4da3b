import { fold } from '../../policy/equality.ts'

const ignorable = /\p{Default_Ignorable_Code_Point}/gu
const joined = /[\p{L}\p{N}]+(?:[-_.@:/+=][\p{L}\p{N}]+)*/gu
const plain = /[\p{L}\p{N}]+/gu
const digit = /\p{N}/u
const gap = /^[ \u00a0-]$/
const notWord = /[^\p{L}\p{N}]+/gu

/** Longest scalar that counts as one value, apart from the words in it. */
const maxWhole = 256

/**
 * The parts of a text that may be secrets: words, words with what joins them, groups of digits
 * taken together (an account in groups of four), and a short text as a whole. Of these, what has at
 * least 6 characters and a digit, or at least 16 characters. Case, width and invisible characters
 * make no difference; a secret that was encoded or put in other words is not found.
 */
export function secretsIn(text: string): ReadonlySet<string> {
  const folded = fold(text.replace(ignorable, ''))
  const found = new Set<string>()
  const offer = (part: string): void => {
    if (part.length >= 16 || (part.length >= 6 && digit.test(part))) found.add(part)
  }
  for (const [part] of folded.matchAll(joined)) offer(part)
  // words with digits that follow each other are also one
  let group = ''
  let end = 0
  for (const { 0: part, index } of folded.matchAll(plain)) {
    offer(part)
    const goes = group !== '' && digit.test(part) && gap.test(folded.slice(end, index))
    if (!goes) offer(group)
    group = goes ? group + part : digit.test(part) ? part : ''
    end = index + part.length
  }
  offer(group)
  if (folded.length <= maxWhole) offer(folded.replace(notWord, ''))
  return found
}
