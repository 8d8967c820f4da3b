import { SallyportError } from '../../base/errors.ts'
import type { FilePart, ImagePart, UserPart } from '../../protocol/message.ts'
import { fileAt, pictureAt, textIn, unknownPart, type DataUrl } from '../media.ts'

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
      throw unknownPart(part)
  }
}

function imageSource(part: ImagePart): object {
  const found = pictureAt(part)
  return typeof found === 'string' ? { type: 'url', url: found } : base64Source(found)
}

function documentSource(part: FilePart): object {
  const found = fileAt(part)
  if (typeof found === 'string') return { type: 'url', url: found }
  if (found.mediaType === 'application/pdf' && found.isBase64) return base64Source(found)
  if (isTextual(found.mediaType)) {
    return { type: 'text', media_type: 'text/plain', data: textIn(found, part.name) }
  }
  throw new SallyportError('bad-option', `the file \`${part.name}\` is neither a text nor a PDF`, {
    help: 'give it as a data URL of type `text/...`, `application/json` or `application/pdf`',
  })
}

function base64Source({ mediaType, data }: DataUrl): object {
  return { type: 'base64', media_type: mediaType, data }
}

function isTextual(mediaType: string): boolean {
  return /^text\/|^application\/(?:.+\+)?(?:json|xml|yaml)$/.test(mediaType)
}
