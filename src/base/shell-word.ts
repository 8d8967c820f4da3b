import { visible } from './text.ts'

/** One word of a POSIX shell. What is invisible is written out first, so that no paste hides it. */
export function shellWord(word: string): string {
  const shown = visible(word)
  if (/^[\w./:@][\w./:@-]*$/.test(shown)) return shown
  return `'${shown.replaceAll("'", `'\\''`)}'`
}
