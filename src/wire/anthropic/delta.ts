import { detached } from '../../base/detached.ts'

/** The member that holds the text, by type of delta. */
export const textMembers: ReadonlyMap<string, string> = new Map([
  ['text_delta', 'text'],
  ['thinking_delta', 'thinking'],
  ['input_json_delta', 'partial_json'],
])

const head = '{"type":"content_block_delta","index":'
const middles = [...textMembers].map(([type, member]) => ({
  type,
  text: `,"delta":{"type":"${type}","${member}":"`,
}))

/** What stands before the text of a delta. */
interface Opening {
  readonly text: string
  readonly index: number
  readonly type: string
}

/**
 * Reads the usual form of text deltas without parsing them. Exact: what stands around the text is
 * compared with what JSON has to be there, and the text has to be one JSON string by itself. Events
 * are padded with spaces at their end. Deltas of a block come in a row, so that the opening of the
 * last one mostly fits again.
 */
export class DeltaCutter {
  #opening: Opening = { text: '', index: -1, type: '' }

  /** Of the delta that was cut last. */
  get index(): number {
    return this.#opening.index
  }

  get type(): string {
    return this.#opening.type
  }

  /** The text of the delta, or undefined for every other event, which has to be parsed. */
  cut(data: string): string | undefined {
    if (this.#opening.text === '' || !data.startsWith(this.#opening.text)) {
      const opening = openingOf(data)
      if (opening === undefined) return undefined
      this.#opening = opening
    }
    const from = this.#opening.text.length
    const to = endOfText(data)
    return to < from ? undefined : textBetween(data, from, to)
  }
}

function openingOf(data: string): Opening | undefined {
  if (!data.startsWith(head)) return undefined
  let at = head.length
  while (isDigit(data.charCodeAt(at))) at++
  const digits = data.slice(head.length, at)
  // an index with a leading zero would be no JSON
  if (digits === '' || (digits.length > 1 && digits.startsWith('0'))) return undefined
  const middle = middles.find(({ text }) => data.startsWith(text, at))
  if (middle === undefined) return undefined
  const text = detached(data.slice(0, at + middle.text.length))
  return { text, index: Number(digits), type: middle.type }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** The offset of the quote that ends the text, when the event ends as it should; else -1. */
function endOfText(data: string): number {
  let at = data.length - 1
  if (data.charCodeAt(at) !== 0x7d) return -1
  do at--
  while (data.charCodeAt(at) === 0x20)
  return data.charCodeAt(at) === 0x7d && data.charCodeAt(at - 1) === 0x22 ? at - 1 : -1
}

/** The value of one JSON string whose inside stands there; undefined when it is not one. */
function textBetween(data: string, from: number, to: number): string | undefined {
  for (let at = from; at < to; at++) {
    const unit = data.charCodeAt(at)
    if (unit === 0x22 || unit === 0x5c || unit < 0x20) return parsedBetween(data, from, to)
  }
  return data.slice(from, to)
}

function parsedBetween(data: string, from: number, to: number): string | undefined {
  try {
    return JSON.parse(data.slice(from - 1, to + 1)) as string
  } catch {
    return undefined
  }
}
