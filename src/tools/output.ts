import { canonicalJson, sha256 } from '../base/digest.ts'
import type { ErrorData } from '../base/errors.ts'
import type { JsonValue } from '../base/json.ts'
import { copyPlain } from '../base/plain.ts'
import { codePointBorder } from '../base/text.ts'

/** Most that is kept of a result, in UTF-16 code units of its JSON text. */
const keptLength = 4 * 1024 * 1024
const keptDepth = 64

/** Room for the mark that tells how much of a text was left out. */
const markBytes = 96

/** A result, as it is recorded and as the model sees it. */
export interface ToolOutput {
  /** Frozen plain data. Only a text over 4 Mi characters is cut here too. */
  readonly result: JsonValue
  readonly content: string
  /** Over the canonical JSON of `result`; absent when `result` itself was cut. */
  readonly resultDigest?: string
  /** UTF-8 length of the canonical JSON of what was returned; of the text itself when it was cut. */
  readonly resultBytes: number
  /** Present and true when the model does not see everything. */
  readonly truncated?: true
}

/**
 * Turns what a tool returned into plain data and into the text for the model: a string as it is,
 * anything else as JSON, cut to `maxBytes` of UTF-8 with a mark inside that bound. Returns what is
 * wrong, as a string, for a value that is not JSON or over 4 Mi characters (unless it is one text).
 */
export function readOutput(returned: unknown, maxBytes: number): ToolOutput | string {
  if (typeof returned === 'string' && returned.length > keptLength)
    return hugeText(returned, maxBytes)
  const copy = copyPlain(returned, { maxLength: keptLength + 2, maxDepth: keptDepth })
  if (!copy.ok) return copy.message
  const result = copy.value
  const canonical = canonicalJson(result)
  const text = typeof result === 'string' ? result : JSON.stringify(result)
  const bytes = Buffer.byteLength(text)
  return {
    result,
    ...(bytes <= maxBytes ? { content: text } : cut(text, bytes, maxBytes)),
    resultDigest: sha256(canonical),
    resultBytes: Buffer.byteLength(canonical),
  }
}

function hugeText(text: string, maxBytes: number): ToolOutput {
  const bytes = Buffer.byteLength(text)
  const result = text.slice(0, codePointBorder(text, keptLength)).toWellFormed()
  return { result, ...cut(result, bytes, maxBytes), resultBytes: bytes }
}

/** The start of a text and a mark, together at most `maxBytes`, cut between two code points. */
function cut(
  text: string,
  bytes: number,
  maxBytes: number,
): { readonly content: string; readonly truncated: true } {
  const room = Buffer.alloc(maxBytes - markBytes)
  const { read, written } = new TextEncoder().encodeInto(text, room)
  const mark = `\n[the result was cut: ${written} of ${bytes} bytes are shown]`
  return { content: text.slice(0, read) + mark, truncated: true }
}

/** What the model is told about a call that has no result. */
export function describeError({ code, message, help }: ErrorData): string {
  return `error ${code}: ${message}${help === undefined ? '' : ` (${help})`}`
}
