import { nearest } from '../base/suggest.ts'
import { shorten } from '../base/text.ts'

/** Names that are listed when none is near. */
const maxListed = 12

/** The repair of a name that is not among `candidates`. */
export function suggestionFor(
  word: string,
  candidates: readonly string[],
): { readonly help: string; readonly suggestion?: string } {
  const suggestion = nearest(word, candidates)
  if (suggestion !== undefined) {
    return { help: `did you mean \`${shorten(suggestion, 128)}\`?`, suggestion }
  }
  if (candidates.length === 0) return { help: 'there is none to choose from' }
  const listed = candidates.slice(0, maxListed).map((name) => `\`${shorten(name, 128)}\``)
  const more = candidates.length > maxListed ? `, and ${candidates.length - maxListed} more` : ''
  return { help: `known are ${listed.join(', ')}${more}` }
}
