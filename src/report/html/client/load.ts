import { bytesOfBase64 } from '../bytes.ts'
import { betweenParts, PackedLines, type PackedCalls, type PackedHead } from '../packed.ts'

/** The data of the page: its head, then calls as soon as they are unpacked. */
export interface Loading {
  readonly head: PackedHead
  readonly calls: AsyncIterable<PackedCalls>
}

/** Rejects where the page has no data, or what its browser cannot unpack. */
export async function loadData(): Promise<Loading> {
  const lines = readLines()
  const { value } = await lines.next()
  if (value === undefined) throw new Error('the page has no data')
  return { head: value as PackedHead, calls: lines as AsyncIterable<PackedCalls> }
}

async function* readLines(): AsyncGenerator<unknown, undefined> {
  const [packed = '', digests = ''] = carried().split(betweenParts)
  const reader = new Blob([bytesOfBase64(packed)])
    .stream()
    .pipeThrough(new DecompressionStream('gzip'))
    .pipeThrough(new TextDecoderStream())
    .getReader()
  const lines = new PackedLines(digests)
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    yield* lines.add(piece.value)
  }
}

/**
 * Base64 of gzip and of digests: in a template, or where the host wants scripts in files of their
 * own, put down by the data file.
 */
function carried(): string {
  const template = document.querySelector<HTMLTemplateElement>('template#data')
  if (template !== null) return template.content.textContent ?? ''
  const { sallyportReport } = globalThis as { sallyportReport?: unknown }
  return typeof sallyportReport === 'string' ? sallyportReport : ''
}
