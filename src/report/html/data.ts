import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip, gzipSync } from 'node:zlib'
import { compactJson } from '../json.ts'
import type { CallRow, ModelCallRow } from '../report.ts'
import type { CallSummary } from '../summary.ts'
import { Chosen, isNotable } from './chosen.ts'
import { DigestTaker } from './digests.ts'
import type { CallDetails, PackedData } from './packed.ts'

/** Calls and model responses a page holds data of; of more calls, those that just ran give way. */
const mostCallsOfData = 20_000

/** UTF-16 code units of JSON a page holds, before packing, of its calls; of its responses as many. */
const mostTextOfData = 20 * 2 ** 20

const packing = { level: constants.Z_BEST_COMPRESSION }

/** Longest text in the data, in UTF-16 code units. */
const longestText = 16_384

/**
 * The data of a page, gathered one call after another. What it holds is bounded however long the
 * run is: a call is kept as the text it takes in the page.
 */
export class DataOfPage {
  readonly #calls = new Chosen<string>(mostCallsOfData, mostTextOfData)
  readonly #modelCalls = new Chosen<string>(mostCallsOfData, mostTextOfData)

  add(call: CallSummary, detailsOf: (row: CallRow) => CallDetails | undefined): void {
    const { row } = call
    const make = (): string => {
      const details = detailsOf(row)
      return textOf(details === undefined ? { row } : { details, row })
    }
    this.#calls.add(isNotable(call), make, lengthOf)
  }

  addModelCall(call: ModelCallRow): void {
    this.#modelCalls.add(false, () => textOf(call), lengthOf)
  }

  /** Calls that the page has no data of. */
  get leftOut(): number {
    return this.#calls.leftOut
  }

  /**
   * Base64 of gzip: letters that can end neither an element nor a string. The same data gives the
   * same bytes with the same build of Node.js. `report` without its calls.
   */
  pack(outline: PackedData['outline']): string {
    const text = [...this.#pieces(outline)].join('')
    return withoutSystem(gzipSync(text, packing))
  }

  /** The same bytes, without ever holding the text whole. */
  async packInPieces(outline: PackedData['outline']): Promise<string> {
    const packed: Buffer[] = []
    const pieces = Readable.from(this.#pieces(outline), { objectMode: false })
    await pipeline(pieces, createGzip(packing), async (chunks) => {
      for await (const chunk of chunks as AsyncIterable<Buffer>) packed.push(chunk)
    })
    return withoutSystem(Buffer.concat(packed))
  }

  *#pieces({ report, snippets, whereabouts }: PackedData['outline']): Generator<string> {
    const lists = { calls: this.#calls.all(), modelCalls: this.#modelCalls.all() }
    const outline = textOf({
      report: { ...report, modelCalls: [], rows: [] },
      snippets,
      whereabouts,
    })
    const taker = new DigestTaker()
    for (const part of [...lists.calls, ...lists.modelCalls, outline]) taker.count(part)
    const without = (part: string): string => taker.take(part)
    yield '{"calls":['
    yield* portions(lists.calls, without)
    yield '],"modelCalls":['
    yield* portions(lists.modelCalls, without)
    yield `],"outline":${without(outline)}}\n${taker.digests()}`
  }
}

/** The parts with commas between, in texts that are worth a step of the packer. */
function* portions(parts: readonly string[], map: (part: string) => string): Generator<string> {
  for (let from = 0; from < parts.length; from += 32) {
    const text = parts
      .slice(from, from + 32)
      .map(map)
      .join(',')
    yield from === 0 ? text : `,${text}`
  }
}

/** RFC 1952 section 2.3.1: which operating system packed something is nobody's business. */
function withoutSystem(packed: Buffer): string {
  packed[9] = 255
  return packed.toString('base64')
}

/** Sorted, so that the digests go in the order of the text. */
function textOf(value: unknown): string {
  return compactJson(cut(value))
}

function lengthOf(text: string): number {
  return text.length
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
