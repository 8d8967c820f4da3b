import { constants, gzipSync } from 'node:zlib'
import type { JsonValue } from '../../base/json.ts'
import { compactJson } from '../json.ts'
import type { CallRow, ModelCallRow } from '../report.ts'
import type { CallSummary } from '../summary.ts'
import { Chosen, isNotable } from './chosen.ts'
import { DigestTaker } from './digests.ts'
import type { CallDetails, PackedData } from './packed.ts'

/** Calls and model responses a page holds data of; of more calls, those that ran well go first. */
export const mostCallsOfData = 20_000

/** Bytes of JSON a page holds, before packing, of its calls, and again of its model responses. */
const mostBytesOfData = 32 * 2 ** 20

/** Longest text in the data, in UTF-16 code units. */
const longestText = 16_384

/**
 * The data of a page, gathered one call after another. What it holds is bounded however long the
 * run is: a call is kept as the bytes it takes in the page.
 */
export class DataOfPage {
  readonly #calls = new Chosen<Buffer>(mostCallsOfData, mostBytesOfData)
  readonly #modelCalls = new Chosen<Buffer>(mostCallsOfData, mostBytesOfData)

  add(call: CallSummary, details: CallDetails | undefined): void {
    const { row } = call
    const text = textOf(details === undefined ? { row } : { details, row })
    this.#calls.add(text, isNotable(call), text.length)
  }

  addModelCall(call: ModelCallRow): void {
    const text = textOf(call)
    this.#modelCalls.add(text, false, text.length)
  }

  /** Calls that the page has no data of. */
  get leftOut(): number {
    return this.#calls.leftOut
  }

  /**
   * Base64 of gzip: letters that can end neither an element nor a string. The same data gives the
   * same bytes with the same build of Node.js. `report` without its calls.
   */
  pack({ report, snippets, whereabouts }: PackedData['outline']): string {
    const lists = { calls: this.#calls.all(), modelCalls: this.#modelCalls.all() }
    const outline = textOf({
      report: { ...report, modelCalls: [], rows: [] },
      snippets,
      whereabouts,
    })
    const taker = new DigestTaker()
    for (const part of [...lists.calls, ...lists.modelCalls, outline]) taker.count(valueOf(part))
    const without = (part: Buffer): Buffer => Buffer.from(JSON.stringify(taker.take(valueOf(part))))
    const pieces = [
      Buffer.from('{"value":{"calls":['),
      ...separated(lists.calls.map(without)),
      Buffer.from('],"modelCalls":['),
      ...separated(lists.modelCalls.map(without)),
      Buffer.from('],"outline":'),
      without(outline),
      Buffer.from(`},"digests":"${taker.digests()}"}`),
    ]
    const packed = gzipSync(Buffer.concat(pieces), { level: constants.Z_BEST_COMPRESSION })
    // RFC 1952 section 2.3.1: the operating system that packed it, which is nobody's business
    packed[9] = 255
    return packed.toString('base64')
  }
}

function separated(parts: readonly Buffer[]): readonly Buffer[] {
  const comma = Buffer.from(',')
  return parts.flatMap((part, at) => (at === 0 ? [part] : [comma, part]))
}

/** Sorted, so that the digests go in the order of the text. */
function textOf(value: unknown): Buffer {
  return Buffer.from(compactJson(cut(value)))
}

function valueOf(text: Buffer): JsonValue {
  return JSON.parse(text.toString()) as JsonValue
}

/** The payloads a page may show: raw text only where pointers had nothing to redact. */
export function showableDetails(
  row: CallRow,
  given: CallDetails | undefined,
): CallDetails | undefined {
  if (given === undefined) return undefined
  const { rawArgs, result } = given
  const raw = row.args === null && row.sensitive === undefined ? rawArgs : undefined
  return {
    ...(raw === undefined ? {} : { rawArgs: raw }),
    ...(result === undefined ? {} : { result }),
  }
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
