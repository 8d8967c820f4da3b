import { unpacked, type PageData } from '../packed.ts'

/**
 * The data of the page: base64 of gzip, in a template or, where the host wants scripts in files of
 * their own, put down by the data file.
 */
export async function loadData(): Promise<PageData> {
  const text = new Blob([bytesOf(packed())]).stream().pipeThrough(new DecompressionStream('gzip'))
  return unpacked(await new Response(text).text())
}

/** What browsers of 2025 and later do by themselves. */
interface Decoder {
  fromBase64?(base64: string): Uint8Array<ArrayBuffer>
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as Decoder
  if (fromBase64 !== undefined) return fromBase64.call(Uint8Array, base64)
  const letters = atob(base64)
  const bytes = new Uint8Array(letters.length)
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at)
  return bytes
}

function packed(): string {
  const template = document.querySelector<HTMLTemplateElement>('template#data')
  if (template !== null) return template.content.textContent ?? ''
  const { sallyportReport } = globalThis as { sallyportReport?: unknown }
  return typeof sallyportReport === 'string' ? sallyportReport : ''
}
