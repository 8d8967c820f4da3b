import { gunzipSync } from 'node:zlib'
import { expect } from 'vitest'
import {
  betweenParts,
  PackedLines,
  type CallDetails,
  type PackedCalls,
  type PackedHead,
  type PackedOutline,
} from '../../../src/report/html/packed.ts'
import type { Report } from '../../../src/report/report.ts'

/** What a page carries, put together again. */
export interface PageData extends PackedOutline {
  readonly report: Report
  readonly details: readonly (readonly [callId: string, details: CallDetails])[]
}

/** What a page packed for its script. */
export function unpack(carried: string): PageData {
  const [head, ...lines] = linesOf(carried) as [PackedHead, ...PackedCalls[]]
  const calls = lines.flat()
  const { modelCalls, outline } = head
  expect(calls).toHaveLength(head.calls)
  return {
    ...outline,
    report: { ...outline.report, modelCalls, rows: calls.map(({ row }) => row) },
    details: calls.flatMap(({ details, row }) =>
      details === undefined ? [] : [[row.callId, details] as const],
    ),
  }
}

/** The lines of what a page packed, which may come in pieces of any length. */
export function linesOf(carried: string, pieceLength = Number.POSITIVE_INFINITY): unknown[] {
  const [packed, digests] = carried.split(betweenParts) as [string, string]
  const text = gunzipSync(Buffer.from(packed, 'base64')).toString()
  const lines = new PackedLines(digests)
  const length = Math.min(text.length, pieceLength)
  return Array.from({ length: Math.ceil(text.length / length) }, (_, at) => [
    ...lines.add(text.slice(at * length, (at + 1) * length)),
  ]).flat()
}

/** The data a page carries. Searching the page alone finds nothing of it: it is compressed. */
export function dataOf(html: string): PageData {
  return unpack(carriedBy(html))
}

export function carriedBy(html: string): string {
  return /<template id="data">([A-Za-z0-9+/=.]+)<\/template>/.exec(html)![1]!
}

/** A page with its data unpacked, for tests that search for what should be in no output. */
export function openPage(html: string): string {
  return `${html}\n${JSON.stringify(dataOf(html))}`
}
