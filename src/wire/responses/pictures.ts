import { isImageUrl } from '../../protocol/image.ts'
import { textAt } from '../read.ts'

/** The picture of an `image_generation_call` as a URL; undefined when it holds none. */
export function pictureOf(item: Record<string, unknown>): string | undefined {
  const result = textAt(item, 'result')
  if (result === undefined) return undefined
  const format = textAt(item, 'output_format') ?? 'png'
  const url = /^(data|https):/.test(result) ? result : `data:image/${format};base64,${result}`
  return isImageUrl(url) ? url : undefined
}

/** What `result` was for the picture. */
export function resultOf(url: string): string {
  return url.startsWith('data:') ? url.slice(url.indexOf(',') + 1) : url
}
