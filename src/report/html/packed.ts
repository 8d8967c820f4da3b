import type { JsonValue } from '../../base/json.ts'
import type { CallRow, ModelCallRow, Report } from '../report.ts'
import type { Whereabouts } from './command.ts'
import { putDigests } from './digests.ts'
import type { Snippet } from './policy.ts'

/** What a host may add to a call: payloads that the report itself leaves out. */
export interface CallDetails {
  /** Argument text as sent; shown only where it did not parse and the tool has no secrets. */
  readonly rawArgs?: string
  readonly result?: JsonValue
}

/** What the script of the page works with. */
export interface PageData {
  readonly report: Report
  /** By call id; a list, since an id is data and no member name. */
  readonly details: readonly (readonly [callId: string, details: CallDetails])[]
  readonly snippets: readonly Snippet[]
  readonly whereabouts: Whereabouts
}

/** The same as it is carried, in the order in which its digests are taken. */
export interface PackedData {
  readonly calls: readonly { readonly row: CallRow; readonly details?: CallDetails }[]
  readonly modelCalls: readonly ModelCallRow[]
  /** The report without its calls and model responses. */
  readonly outline: Omit<PageData, 'details'>
}

/** What a page carries, put together again. */
export function unpacked(packed: string): PageData {
  const end = packed.lastIndexOf('\n')
  const text = putDigests(packed.slice(0, end), packed.slice(end + 1))
  const { calls, modelCalls, outline } = JSON.parse(text) as PackedData
  return {
    ...outline,
    report: { ...outline.report, modelCalls, rows: calls.map(({ row }) => row) },
    details: calls.flatMap(({ details, row }) =>
      details === undefined ? [] : [[row.callId, details] as const],
    ),
  }
}
