/** A delta whose only content is a text. */
export interface TextDelta {
  readonly index: number
  readonly type: string
  readonly text: string
}

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

/**
 * Reads the usual form of a text delta without parsing it; undefined for every other event, which
 * has to be parsed. Exact: what stands around the text is compared with what JSON has to be there,
 * and the text has to be one JSON string by itself. Events are padded with spaces at their end.
 */
export function cutDelta(data: string): TextDelta | undefined {
  if (!data.startsWith(head)) return undefined
  let at = head.length
  while (isDigit(data.charCodeAt(at))) at++
  // an index with a leading zero would be no JSON
  if (at === head.length || (data.charCodeAt(head.length) === 0x30 && at > head.length + 1)) {
    return undefined
  }
  const end = endOfText(data)
  for (const { type, text: middle } of middles) {
    if (!data.startsWith(middle, at)) continue
    const start = at + middle.length
    if (end < start) return undefined
    const text = unwritten(data.slice(start, end))
    return text === undefined
      ? undefined
      : { index: Number(data.slice(head.length, at)), type, text }
  }
  return undefined
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

/** The value of the inside of a JSON string; undefined when it is not the inside of one. */
function unwritten(written: string): string | undefined {
  // oxlint-disable-next-line no-control-regex
  if (!/["\\\u0000-\u001f]/.test(written)) return written
  try {
    return JSON.parse(`"${written}"`) as string
  } catch {
    return undefined
  }
}
