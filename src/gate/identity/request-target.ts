/**
 * What two spellings of one http URL have in common: scheme, host, port and path, without query
 * and fragment, normalised by RFC 3986 sections 6.2.2 and 6.2.3. Undefined for what is no such
 * URL, holds a password, or is only made one by a lenient reader, such as with white space.
 */
export function requestTarget(text: unknown): string | undefined {
  if (typeof text !== 'string' || !/^https?:\/\/[!-[\]-~]+$/i.test(text)) return undefined
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return undefined
  return url.origin + url.pathname.replaceAll(/%[0-9a-f]{2}/gi, respell)
}

/** An escape that is not needed is undone, any other has capitals. */
function respell(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
  return /[\w.~-]/.test(character) ? character : escape.toUpperCase()
}
