import { bytesOfBase64 } from '../bytes.ts'
import { placeName } from '../look.ts'
import { betweenParts, PackedLines, type PackedCalls, type PackedHead } from '../packed.ts'

/** The data of the page: its head, then calls as soon as they are unpacked. */
export interface Loading {
  readonly head: PackedHead
  readonly calls: AsyncIterable<PackedCalls>
}

/**
 * The data for a place of the page, which names the run and tells how many calls there are. Rejects
 * where the page has no data, that of another page, or what its browser cannot unpack.
 */
export async function loadData({ dataset }: HTMLElement): Promise<Loading> {
  const lines = readLines()
  const { value } = await lines.next()
  if (value === undefined) throw new Error('the page has no data')
  const head = value as PackedHead
  const { runId } = head.outline.report.header
  // in a file of its own it may be that of an earlier page, or of another one
  if (placeName(runId) !== dataset['run'] || String(head.calls) !== dataset['calls']) {
    throw new Error('the data is that of another page')
  }
  return { head, calls: allCalls(lines as AsyncIterable<PackedCalls>, head) }
}

async function* allCalls(
  lines: AsyncIterable<PackedCalls>,
  { calls }: PackedHead,
): AsyncGenerator<PackedCalls> {
  let count = 0
  for await (const some of lines) {
    count += some.length
    yield some
  }
  if (count !== calls) throw new Error(`of ${calls} calls ${count} are there`)
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
  lines.end()
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
