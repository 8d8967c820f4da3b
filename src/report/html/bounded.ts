/** Longest text shown in one place, in UTF-16 code units. */
export const longestText = 16_384

/** A text as far as it is shown, and how much more there is. */
export function bounded(text: string): string {
  if (text.length <= longestText) return text
  return `${text.slice(0, longestText)}… (${text.length - longestText} more characters)`
}
