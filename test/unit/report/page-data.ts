import { gunzipSync } from 'node:zlib'
import { unpacked, type PageData } from '../../../src/report/html/packed.ts'

/** What a page packed for its script. */
export function unpack(packed: string): PageData {
  return unpacked(gunzipSync(Buffer.from(packed, 'base64')).toString())
}

/** The data a page carries. Searching the page alone finds nothing of it: it is compressed. */
export function dataOf(html: string): PageData {
  return unpack(/<template id="data">([A-Za-z0-9+/=]+)<\/template>/.exec(html)![1]!)
}

/** A page with its data unpacked, for tests that search for what should be in no output. */
export function openPage(html: string): string {
  return `${html}\n${JSON.stringify(dataOf(html))}`
}
