import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip, gzipSync } from 'node:zlib'
import { compactJson } from '../json.ts'
import type { CallRow, ModelCallRow } from '../report.ts'
import type { CallSummary } from '../summary.ts'
import { bounded } from './bounded.ts'
import { Chosen, isNotable } from './chosen.ts'
import { DigestTaker } from './digests.ts'
import { betweenParts, type CallDetails, type PackedOutline } from './packed.ts'

/** Calls and model responses a page holds data of; of more calls, those that just ran give way. */
const mostCallsOfData = 20_000

/** UTF-16 code units of JSON a page holds, before packing, of its calls; of its responses as many. */
const mostTextOfData = 20 * 2 ** 20

/**
 * Calls of the first line of calls, and of the longest: each has twice as many as the one before,
 * so that the first are soon there to look at, and later ones make few steps of none too many.
 */
const callsOfLine = { first: 128, most: 2048 }

const packing = { level: constants.Z_BEST_COMPRESSION }

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
   * Base64 of gzip and of digests: letters that can end neither an element nor a string. The same
   * data gives the same bytes with the same build of Node.js.
   */
  pack(outline: PackedOutline): string {
    const taker = new DigestTaker()
    const text = [...this.#pieces(outline, taker)].join('')
    return partsOf(gzipSync(text, packing), taker)
  }

  /** The same bytes, without ever holding the text whole. */
  async packInPieces(outline: PackedOutline): Promise<string> {
    const packed: Buffer[] = []
    const taker = new DigestTaker()
    const pieces = Readable.from(this.#pieces(outline, taker), { objectMode: false })
    await pipeline(pieces, createGzip(packing), async (chunks) => {
      for await (const chunk of chunks as AsyncIterable<Buffer>) packed.push(chunk)
    })
    return partsOf(Buffer.concat(packed), taker)
  }

  /** A line with what stands beside the calls, then lines of calls. */
  *#pieces({ report, ...rest }: PackedOutline, taker: DigestTaker): Generator<string> {
    const [calls, modelCalls] = [this.#calls.all(), this.#modelCalls.all()]
    const outline = textOf({ ...rest, report: { ...report, modelCalls: [], rows: [] } })
    for (const part of [outline, ...modelCalls, ...calls]) taker.count(part)
    const without = (part: string): string => taker.take(part)
    yield `{"calls":${calls.length},"outline":${without(outline)},"modelCalls":[`
    yield* listed(modelCalls, without)
    yield ']}\n'
    let length = callsOfLine.first
    for (let from = 0, to; from < calls.length; from = to) {
      to = from + length
      length = Math.min(2 * length, callsOfLine.most)
      yield '['
      yield* listed(calls.slice(from, to), without)
      yield ']\n'
    }
  }
}

/** The parts with commas between, in texts that are worth a step of the packer. */
function* listed(parts: readonly string[], map: (part: string) => string): Generator<string> {
  for (let from = 0; from < parts.length; from += 32) {
    const text = parts
      .slice(from, from + 32)
      .map(map)
      .join(',')
    yield from === 0 ? text : `,${text}`
  }
}

/**
 * The packed lines, then the digests. RFC 1952 section 2.3.1: which operating system packed something is
 * nobody's business.
 */
function partsOf(packed: Buffer, taker: DigestTaker): string {
  packed[9] = 255
  return `${packed.toString('base64')}${betweenParts}${taker.digests()}`
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
  if (typeof value === 'string') return bounded(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(cut)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [bounded(key), cut(inner)]))
}
