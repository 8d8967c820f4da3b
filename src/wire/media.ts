import { SallyportError } from '../base/errors.ts'
import { shorten } from '../base/text.ts'
import type { FilePart, ImagePart } from '../protocol/message.ts'

/** The parts of a data URL (RFC 2397). */
export interface DataUrl {
  /** In lower case, without parameters; plain text when it is not given. */
  readonly mediaType: string
  readonly isBase64: boolean
  /** As it stands in the URL. */
  readonly data: string
}

/** Undefined for other URLs. */
function dataUrlOf(url: string): DataUrl | undefined {
  const comma = url.indexOf(',')
  if (!/^data:/i.test(url) || comma < 0) return undefined
  const [type = '', ...parameters] = url.slice('data:'.length, comma).split(';')
  return {
    mediaType: type.trim().toLowerCase() || 'text/plain',
    isBase64: parameters.at(-1)?.trim().toLowerCase() === 'base64',
    data: url.slice(comma + 1),
  }
}

/**
 * Where a picture lies: itself as base64, or an https address. Throws `bad-option` for other
 * addresses: the endpoint would look them up in its own network or on its own disk.
 */
export function pictureAt({ url }: ImagePart): DataUrl | string {
  const data = dataUrlOf(url)
  if (data?.isBase64 === true) return data
  if (data === undefined && isHttps(url)) return url
  throw new SallyportError(
    'bad-option',
    'a picture is neither an https URL nor a base64 data URL',
    {
      help: 'write `https://...` or `data:image/png;base64,...`',
    },
  )
}

/** The same of a file, whose data may also be written out. */
export function fileAt({ name, url }: FilePart): DataUrl | string {
  const data = dataUrlOf(url)
  if (data !== undefined) return data
  if (isHttps(url)) return url
  throw new SallyportError(
    'bad-option',
    `the file \`${name}\` is neither an https URL nor a data URL`,
    { help: 'write `https://...` or `data:application/pdf;base64,...`' },
  )
}

/** A file as a data URL in base64, which endpoints expect. */
export function base64Url(file: DataUrl, name: string): string {
  const data = file.isBase64 ? file.data : Buffer.from(textIn(file, name)).toString('base64')
  return `data:${file.mediaType};base64,${data}`
}

/** The text that the data of a file stand for. */
export function textIn({ isBase64, data }: DataUrl, name: string): string {
  try {
    return isBase64 ? Buffer.from(data, 'base64').toString() : decodeURIComponent(data)
  } catch {
    throw new SallyportError('bad-option', `the data URL of the file \`${name}\` is malformed`, {
      help: 'write its data in base64 behind `;base64,`, else percent-encoded',
    })
  }
}

/** For data of the host that no compiler has seen. */
export function unknownPart(part: never): SallyportError {
  const { type } = part as { readonly type?: unknown }
  const message = `a message has a part of the unknown type \`${shorten(String(type), 40)}\``
  return new SallyportError('bad-option', message, {
    help: 'the parts of what a user says are `text`, `image` and `file`',
  })
}

function isHttps(url: string): boolean {
  return URL.parse(url)?.protocol === 'https:'
}
