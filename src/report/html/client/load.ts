import type { Packed } from '../digests.ts'
import { unpacked, type PageData } from '../packed.ts'

/**
 * The data of the page: base64 of gzip, in a template or, where the host wants scripts in files of
 * their own, put down by the data file.
 */
export async function loadData(): Promise<PageData> {
  const bytes = Uint8Array.from(atob(packed()), (letter) => letter.charCodeAt(0))
  const text = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return unpacked(JSON.parse(await new Response(text).text()) as Packed)
}

function packed(): string {
  const template = document.querySelector<HTMLTemplateElement>('template#data')
  if (template !== null) return template.content.textContent ?? ''
  const { sallyportReport } = globalThis as { sallyportReport?: unknown }
  return typeof sallyportReport === 'string' ? sallyportReport : ''
}
