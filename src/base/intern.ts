/**
 * The one object that the engine keeps for a text used as a key. Thousands of equal names that were
 * read from a file are as many objects; as keys, interned ones are found by address.
 */
export function interned(text: string): string {
  return Object.keys({ [text]: null })[0]!
}
