import { SallyportError } from '../../base/errors.ts'
import type { FilePart, ImagePart, UserPart } from '../../protocol/message.ts'

/** A text block; undefined for a text without visible characters, which the API refuses. */
export function textBlock(text: string): object | undefined {
  return text.trim() === '' ? undefined : { type: 'text', text }
}

/** A part of a user's message as a content block. Throws `bad-option` for what the wire has not. */
export function userBlock(part: UserPart): object | undefined {
  switch (part.type) {
    case 'text':
      return textBlock(part.text)
    case 'image':
      return { type: 'image', source: imageSource(part) }
    case 'file':
      return { type: 'document', source: documentSource(part), title: part.name }
    default:
      throw new SallyportError('bad-option', 'a message has a part of an unknown type')
  }
}

function imageSource({ url }: ImagePart): object {
  const data = dataUrl(url)
  if (data?.base64 === true) return base64Source(data)
  if (isHttps(url)) return { type: 'url', url }
  throw new SallyportError('bad-option', 'a picture is neither an https URL nor a base64 data URL')
}

function documentSource({ name, url }: FilePart): object {
  const data = dataUrl(url)
  if (data?.mediaType === 'application/pdf' && data.base64) return base64Source(data)
  if (data !== undefined && isTextual(data.mediaType)) {
    return { type: 'text', media_type: 'text/plain', data: decoded(data, name) }
  }
  if (data === undefined && isHttps(url)) return { type: 'url', url }
  throw new SallyportError('bad-option', `the file \`${name}\` is neither a text nor a PDF`, {
    help: 'give it as a data URL of type `text/...`, `application/json` or `application/pdf`',
  })
}

interface DataUrl {
  readonly mediaType: string
  readonly base64: boolean
  readonly data: string
}

/** RFC 2397; the default type is plain text. */
function dataUrl(url: string): DataUrl | undefined {
  const comma = url.indexOf(',')
  if (!/^data:/i.test(url) || comma < 0) return undefined
  const [type = '', ...parameters] = url.slice('data:'.length, comma).split(';')
  return {
    mediaType: type.trim().toLowerCase() || 'text/plain',
    base64: parameters.at(-1)?.trim().toLowerCase() === 'base64',
    data: url.slice(comma + 1),
  }
}

function base64Source({ mediaType, data }: DataUrl): object {
  return { type: 'base64', media_type: mediaType, data }
}

function isHttps(url: string): boolean {
  return URL.parse(url)?.protocol === 'https:'
}

function isTextual(mediaType: string): boolean {
  return /^text\/|^application\/(?:.+\+)?(?:json|xml|yaml)$/.test(mediaType)
}

function decoded({ base64, data }: DataUrl, name: string): string {
  try {
    return base64 ? Buffer.from(data, 'base64').toString() : decodeURIComponent(data)
  } catch {
    throw new SallyportError('bad-option', `the data URL of the file \`${name}\` is malformed`)
  }
}
