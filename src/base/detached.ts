/**
 * A copy of a well-formed text. The engine makes a part of a text by pointing into it, so that a part
 * that is kept for long keeps all of what was read along with it.
 */
export function detached(text: string): string {
  return Buffer.from(text).toString()
}
