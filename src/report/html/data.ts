import { constants, gzipSync } from 'node:zlib'
import type { JsonValue } from '../../base/json.ts'
import { compactJson } from '../json.ts'
import type { Report } from '../report.ts'
import type { CallSummary } from '../summary.ts'
import type { Whereabouts } from './command.ts'
import { takeDigests } from './digests.ts'
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

/** Calls a page holds data of; of more, those that ran well are left out first. */
export const mostCallsOfData = 20_000

/** Longest text in the data, in UTF-16 code units. */
const longestText = 16_384

/**
 * The data as base64 of gzip: letters that can end neither an element nor a string. The same data
 * gives the same bytes with the same build of Node.js.
 */
export function packData(data: PageData): string {
  // sorted first: the digests go in the order of the text
  const whole = JSON.parse(compactJson(cut(data))) as JsonValue
  const text = JSON.stringify(takeDigests(whole))
  const packed = gzipSync(text, { level: constants.Z_BEST_COMPRESSION })
  // RFC 1952 section 2.3.1: the operating system that packed it, which is nobody's business
  packed[9] = 255
  return packed.toString('base64')
}

/** The payloads a page may show: raw text only where pointers had nothing to redact. */
export function showableDetails(
  calls: readonly CallSummary[],
  details: ReadonlyMap<string, CallDetails> | undefined,
): PageData['details'] {
  if (details === undefined) return []
  return calls.flatMap(({ row }) => {
    const given = details.get(row.callId)
    if (given === undefined) return []
    const { rawArgs, result } = given
    const raw = row.args === null && row.sensitive === undefined ? rawArgs : undefined
    const shown = {
      ...(raw === undefined ? {} : { rawArgs: raw }),
      ...(result === undefined ? {} : { result }),
    }
    return [[row.callId, shown] as const]
  })
}

function cut(value: unknown): unknown {
  if (typeof value === 'string') return cutText(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(cut)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cutText(key), cut(inner)]))
}

function cutText(text: string): string {
  if (text.length <= longestText) return text
  return `${text.slice(0, longestText)}… (${text.length - longestText} more characters)`
}
