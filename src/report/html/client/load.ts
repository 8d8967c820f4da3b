import type { PageData } from '../data.ts'
import { putDigests, type Packed } from '../digests.ts'

/**
 * The data of the page: base64 of gzip, in a template or, where the host wants scripts in files of
 * their own, put down by the data file.
 */
export async function loadData(): Promise<PageData> {
  const bytes = Uint8Array.from(atob(packed()), (letter) => letter.charCodeAt(0))
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  const json = JSON.parse(await new Response(unpacked).text()) as Packed
  return putDigests(json) as unknown as PageData
}

function packed(): string {
  const template = document.querySelector<HTMLTemplateElement>('template#data')
  if (template !== null) return template.content.textContent ?? ''
  const { sallyportReport } = globalThis as { sallyportReport?: unknown }
  return typeof sallyportReport === 'string' ? sallyportReport : ''
}
