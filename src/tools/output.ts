import { canonicalJson, sha256 } from '../base/digest.ts'
import type { ErrorData } from '../base/errors.ts'
import { isObject, type JsonValue } from '../base/json.ts'
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
  /** What the policy took out; digest and length are of what is left. */
  readonly changes?: readonly OutputChange[]
}

/** Something that was taken out of a result, and how often. */
export interface OutputChange {
  readonly what: string
  readonly count: number
}

/** A result after the rules of a policy. */
export interface RefinedOutput {
  readonly value: JsonValue
  readonly changes: readonly OutputChange[]
  /** What the model sees of it at most, in UTF-8 bytes. */
  readonly maxBytes?: number
}

/** Takes out of a result what the policy says; never throws. */
export type Refine = (value: JsonValue) => RefinedOutput

/** What a tool returned, as plain data. */
export interface CopiedOutput {
  /** Frozen; only a text over 4 Mi characters is cut here too. */
  readonly value: JsonValue
  /** UTF-8 length of a text that was cut. */
  readonly cutBytes?: number
}

/**
 * Turns what a tool returned into plain data. Returns what is wrong, as a string, for a value that
 * is not JSON or over 4 Mi characters (unless it is one text).
 */
export function copyOutput(returned: unknown): CopiedOutput | string {
  if (typeof returned === 'string' && returned.length > keptLength) {
    const value = returned.slice(0, codePointBorder(returned, keptLength)).toWellFormed()
    return { value, cutBytes: Buffer.byteLength(returned) }
  }
  const copy = copyPlain(returned, { maxLength: keptLength + 2, maxDepth: keptDepth })
  return copy.ok ? { value: copy.value } : copy.message
}

/**
 * Whether a value is another one, or what is left of it without some members of objects and last items
 * of lists: then every part is what stood at its place. Texts are taken as a whole, as a piece of one
 * may read as something else.
 */
export function isPartOf(part: JsonValue, whole: JsonValue): boolean {
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) && part.every((item, at) => at in whole && isPartOf(item, whole[at]))
    )
  }
  if (!isObject(part)) return part === whole
  if (!isObject(whole)) return false
  return Object.entries(part).every(
    ([name, member]) =>
      Object.hasOwn(whole, name) && isPartOf(member as JsonValue, whole[name] as JsonValue),
  )
}

/**
 * The result as it is recorded and the text for the model: a string as it is, anything else as
 * JSON, cut to `maxBytes` of UTF-8 with a mark inside that bound.
 */
export function presentOutput(
  { value, cutBytes }: CopiedOutput,
  maxBytes: number,
  refine?: Refine,
): ToolOutput {
  const refined = refine?.(value) ?? { value, changes: [] }
  const most = Math.min(maxBytes, refined.maxBytes ?? maxBytes)
  const result = refined.value
  const changes = refined.changes.length === 0 ? {} : { changes: refined.changes }
  const text = typeof result === 'string' ? result : JSON.stringify(result)
  if (cutBytes !== undefined) {
    return { result, ...cut(text, cutBytes, most), resultBytes: cutBytes, ...changes }
  }
  const canonical = canonicalJson(result)
  const bytes = Buffer.byteLength(text)
  return {
    result,
    ...(bytes <= most ? { content: text } : cut(text, bytes, most)),
    resultDigest: sha256(canonical),
    resultBytes: Buffer.byteLength(canonical),
    ...changes,
  }
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
