import { imageFacts, isImageData } from '../protocol/image.ts'
import { formatImage } from '../report/format.ts'
import { outJson, type Io } from './io.ts'

/** `outJson`, on a terminal with the kind and size of pictures in place of their data. */
export function outWithPictures(io: Io, value: unknown): void {
  outJson(io, io.outIsTerminal ? JSON.parse(JSON.stringify(value, described)) : value)
}

function described(_key: string, value: unknown): unknown {
  return typeof value === 'string' && isImageData(value) ? formatImage(imageFacts(value)) : value
}
