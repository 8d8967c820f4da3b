/** What can be said of a picture without showing it. */
export interface ImageFacts {
  /** Of a data URL, e.g. `image/png`. */
  readonly mediaType?: string
  /** Of a data URL, after decoding. */
  readonly bytes?: number
  /** Where a linked picture lies. */
  readonly host?: string
}

const head = /^data:(image\/[a-z0-9.+-]{1,64})(?:;[a-z0-9-]{1,64}=[a-z0-9.+-]{1,64}){0,4};base64,/i

/** Longest link accepted, in characters. */
const maxLink = 8192

/** True for a data URL of a picture in base64, complete and with something in it (RFC 2397). */
export function isImageData(text: string): boolean {
  // looked at for every piece of an answer
  if (text.charCodeAt(0) !== 0x64 || !text.startsWith('data:image/')) return false
  const found = head.exec(text.slice(0, 512))
  if (found === null) return false
  const data = text.slice(found[0].length)
  return data.length > 0 && data.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(unpadded(data))
}

/** True for what a model may answer as a picture: image data or an https link. */
export function isImageUrl(text: string): boolean {
  if (isImageData(text)) return true
  if (text.length > maxLink || !text.startsWith('https://')) return false
  const url = URL.parse(text)
  return url !== null && url.username === '' && url.password === ''
}

/** What a report says of a picture; empty for what is neither data nor a link. */
export function imageFacts(url: string): ImageFacts {
  const found = head.exec(url.slice(0, 512))
  if (found === null) {
    const host = url.length > maxLink ? undefined : URL.parse(url)?.host
    return host === undefined || host === '' ? {} : { host }
  }
  const digits = unpadded(url.slice(found[0].length)).length
  return { mediaType: found[1]!.toLowerCase(), bytes: Math.floor((digits * 3) / 4) }
}

function unpadded(base64: string): string {
  return base64.endsWith('==') ? base64.slice(0, -2) : base64.replace(/=$/, '')
}
