import { detached } from '../../base/detached.ts'
import { unescaped } from '../../base/json.ts'
import { growingMember } from './reasoning.ts'

/**
 * A place of a chunk whose string may differ from one chunk to the next. Those of `twoPlaces` are two
 * places with the same string: the reasoning, and the only block of the reasoning details.
 */
export type Hole = 'content' | 'reasoning' | 'reasoning_content' | 'arguments' | TwoPlaces

/** By hole, the member of the delta that holds the reasoning. */
const twoPlaces = { detailed: 'reasoning', detailed_content: 'reasoning_content' } as const
type TwoPlaces = keyof typeof twoPlaces

/** How often a text is kept that is more than told: to be sent back under its name, and in its block. */
export const copies = {
  reasoning_content: 2,
  detailed: 2,
  detailed_content: 3,
} as const

/** What one event appended; an event that appended exactly one string can be learned. */
export interface Appended {
  count: number
  hole: Hole | undefined
  slot: number
  text: string
}

/** Lessons in a row that helped with no later event, after which learning stops. */
const maxVain = 8

/**
 * Stand for any other string, and for any other padding, while a template is proved. Events that hold
 * them already are not learned: the right value would prove nothing of the place it was put in.
 */
const probe = 'sallyport probe'
const paddingProbe = 'sallyport padding'

/** What OpenAI pads events with, so that who sees their lengths cannot tell the text. */
const paddingName = 'obfuscation'

interface Template {
  readonly hole: Hole
  /** The call the arguments belong to. */
  readonly slot: number
  readonly prefix: string
  /** Between the two places; undefined when there is one. */
  readonly middle: string | undefined
  /** Between the last place and the padding; undefined when there is none. */
  readonly beforePadding: string | undefined
  readonly suffix: string
}

/**
 * Reads events that differ from an earlier, fully parsed one in a single JSON string, and in padding
 * behind it, without parsing them: the text around the string is compared as it is, and what lies
 * between is the new value. This is exact: the place of the string is proved by parsing the event
 * once with another value in it, and a value with a quote, a backslash or a control character has to
 * parse as one JSON string by itself. Comparing costs about a tenth of parsing.
 *
 * Whoever teaches an event promises that a second one with the same text around the string has the
 * same meaning, except for the string. Endpoints that change more than that in every event (ids,
 * numbers) are given up on after eight lessons without use.
 */
export class DeltaCutter {
  /** The one used last comes first. */
  #templates: Template[] = []
  #vain = 0
  /** Set by `cut`: what the matching template stands for. */
  hole: Hole = 'content'
  slot = 0

  /** The value of the string, or undefined when the event has to be parsed. */
  cut(data: string): string | undefined {
    const templates = this.#templates
    for (let at = 0; at < templates.length; at++) {
      const template = templates[at]!
      const written = valueIn(data, template)
      if (written === undefined) continue
      const value = isPlain(written) ? written : unescaped(written)
      if (value === undefined) return undefined
      if (at > 0) templates.unshift(...templates.splice(at, 1))
      this.#vain = 0
      this.hole = template.hole
      this.slot = template.slot
      return value
    }
    return undefined
  }

  /** Learns from an event whose only effect was the string at the hole. */
  learn(data: string, chunk: unknown, hole: Hole, slot: number, value: string): void {
    if (this.#vain > maxVain) return
    this.#vain++
    if (this.#vain > maxVain) {
      // comparing with what never comes again would only cost time
      this.#templates = []
      return
    }
    const padding = paddingIn(chunk)
    if (value === probe || padding === paddingProbe) return
    const count = isTwice(hole) ? 2 : 1
    const written = JSON.stringify(value)
    const around = split(data, written, count) ?? split(data, inAscii(written), count)
    if (around === undefined) return
    const end = around.at(-1)!
    const ends = padding === undefined ? undefined : split(end, `"${padding}"`, 1)
    const isProved = ends === undefined && count === 1 && isOnly(data, written)
    if (!isProved && !proves(around, ends, chunk, hole, value)) return
    this.forget(hole)
    this.#templates.unshift({
      hole,
      slot,
      prefix: detached(around[0]!),
      middle: around.length === 3 ? detached(around[1]!) : undefined,
      beforePadding: ends && detached(ends[0]!),
      suffix: detached(ends?.[1] ?? end),
    })
  }

  /** To be called when an event at one of the holes may no longer mean what it meant. */
  forget(...holes: readonly Hole[]): void {
    this.#templates = this.#templates.filter((known) => !holes.includes(known.hole))
  }
}

export function isTwice(hole: Hole): hole is TwoPlaces {
  return hole in twoPlaces
}

/** True when JSON.parse would take the text between quotes as it is. */
function isPlain(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const unit = value.charCodeAt(at)
    if (unit === 0x22 || unit === 0x5c || unit < 0x20) return false
  }
  return true
}

/** What stands in the gaps of the template; undefined when the text around them differs. */
function valueIn(data: string, template: Template): string | undefined {
  const { prefix, middle } = template
  if (data.slice(0, prefix.length) !== prefix) return undefined
  const end = endOfValues(data, template)
  if (end <= prefix.length) return undefined
  if (middle === undefined) return data.slice(prefix.length, end)
  const length = (end - prefix.length - middle.length) / 2
  if (length < 1 || !Number.isInteger(length)) return undefined
  const value = data.slice(prefix.length, prefix.length + length)
  return data.slice(prefix.length + length, end) === middle + value ? value : undefined
}

/** Where the last gap ends; -1 when what follows differs. */
function endOfValues(data: string, { beforePadding, suffix }: Template): number {
  const end = data.length - suffix.length
  if (data.slice(end) !== suffix) return -1
  if (beforePadding === undefined) return end
  const from = data.lastIndexOf('"', end - 1) + 1
  const before = from - beforePadding.length
  const isSame = data.slice(before, from) === beforePadding && isPlain(data.slice(from, end))
  return isSame ? before : -1
}

/** The padding of a chunk, where what stands for it in the text is known. */
function paddingIn(chunk: unknown): string | undefined {
  const padding = (chunk as Readonly<Record<string, unknown>>)[paddingName]
  return typeof padding === 'string' && isPlain(padding) ? padding : undefined
}

/** The text around the first `count` strings that are written so; undefined if there are fewer. */
function split(data: string, written: string, count: number): readonly string[] | undefined {
  const parts: string[] = []
  let from = 0
  for (let found = 0; found < count; found++) {
    const at = data.indexOf(written, from)
    if (at < 0) return undefined
    parts.push(data.slice(from, at + 1))
    from = at + written.length - 1
  }
  return [...parts, data.slice(from)]
}

/** The same JSON text as writers have it that write ASCII alone, which many do by default. */
function inAscii(json: string): string {
  return json.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * True when a string can only be where its text stands, which spares the proof by parsing once more.
 * The text in quotes stands once, and there are no escapes but those in it: no other string can have
 * the same value then, neither with escapes nor, where this one needs them, without. Nor can its
 * first quote end another string, for what follows up to a backslash would stand outside of any.
 */
function isOnly(data: string, written: string): boolean {
  const at = data.indexOf(written)
  if (at < 0 || data.lastIndexOf(written) !== at) return false
  const escape = data.indexOf('\\')
  if (escape < 0) return true
  return escape > at && data.lastIndexOf('\\') < at + written.length
}

/** True when the event with the probes in its gaps parses to the same chunk but for them. */
function proves(
  around: readonly string[],
  ends: readonly string[] | undefined,
  chunk: unknown,
  hole: Hole,
  value: string,
): boolean {
  const end = ends?.join(paddingProbe) ?? around.at(-1)!
  try {
    const other = JSON.parse([...around.slice(0, -1), end].join(probe)) as Record<string, unknown>
    for (const [holder, key] of placesOf(other, hole)) {
      if (holder?.[key] !== probe) return false
      holder[key] = value
    }
    if (ends !== undefined) {
      if (other[paddingName] !== paddingProbe) return false
      other[paddingName] = paddingIn(chunk)
    }
    return JSON.stringify(other) === JSON.stringify(chunk)
  } catch {
    return false
  }
}

interface Chunk {
  readonly choices?: readonly {
    readonly index?: unknown
    readonly delta?: Record<string, unknown> & {
      readonly tool_calls?: readonly { readonly function?: Record<string, unknown> }[]
      readonly reasoning_details?: readonly Record<string, unknown>[]
    }
  }[]
}

type Place = readonly [Record<string, unknown> | undefined, string]

function placesOf(chunk: unknown, hole: Hole): readonly Place[] {
  const choice = (chunk as Chunk).choices?.[0]
  // of several choices only the one with index 0 is read
  const delta = (choice?.index ?? 0) === 0 ? choice?.delta : undefined
  if (hole === 'arguments') return [[delta?.tool_calls?.[0]?.function, hole]]
  if (!isTwice(hole)) return [[delta, hole]]
  const block = delta?.reasoning_details?.[0]
  return [
    [delta, twoPlaces[hole]],
    [block, growingMember(block?.['type']) ?? ''],
  ]
}
