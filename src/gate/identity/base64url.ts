const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The bytes of unpadded base64url (RFC 7515 section 2), accepted only in its one canonical form:
 * padding, white space, other alphabets and non-zero trailing bits are refused, because a second
 * spelling of a credential is a second cache key and a second log line for it.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** The text of UTF-8 bytes; undefined when they are not UTF-8. A byte order mark stays in it. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
