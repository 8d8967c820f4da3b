import { detached } from '../../base/detached.ts'
import { unescaped } from '../../base/json.ts'

/** What a delta lengthens. */
export interface Growing {
  append(text: string): void
}

/** Members that may differ between two deltas of the same thing. */
const holes = ['delta', 'sequence_number', 'obfuscation'] as const
type Hole = (typeof holes)[number]

/**
 * Stand for any other value while a template is proved. Events that hold one already are not learned:
 * the right value would prove nothing of the place it was put in.
 */
const probes = { delta: 'one probe', sequence_number: 71077345, obfuscation: 'another' } as const

/** Templates kept: as many things may grow by turns. */
const maxTemplates = 4

/** Lessons in a row that helped with no later event, after which learning stops. */
const maxVain = 8

interface Gap {
  readonly hole: Hole
  readonly from: number
  readonly to: number
}

interface Template {
  /** The text before each gap, and after the last one. */
  readonly parts: readonly string[]
  readonly gaps: readonly Hole[]
  readonly growing: Growing
}

/**
 * Reads deltas that differ from an earlier, fully parsed one in nothing but their text, their number
 * and their padding without parsing them. This is exact: the places of these members are proved by
 * parsing the event once with other values in them, and what stands in the gaps has to be one JSON
 * string or one number by itself. It costs a fraction of parsing.
 *
 * Whoever teaches an event promises that one with the same text around the gaps lengthens the same
 * thing, until `forget` is called.
 */
export class DeltaCutter {
  #templates: Template[] = []
  #vain = 0

  /** Takes a delta; false when the event has to be parsed. */
  cut(data: string): boolean {
    const templates = this.#templates
    for (let at = 0; at < templates.length; at++) {
      const template = templates[at]!
      const text = deltaIn(data, template)
      if (text === undefined) continue
      if (at > 0) templates.unshift(...templates.splice(at, 1))
      this.#vain = 0
      template.growing.append(text)
      return true
    }
    return false
  }

  /** Learns from a delta that did nothing but lengthen something. */
  learn(data: string, event: Readonly<Record<string, unknown>>, growing: Growing): void {
    if (this.#vain > maxVain) return
    const gaps = holes
      .filter((hole) => Object.hasOwn(event, hole))
      .map((hole) => gapOf(data, hole))
      .filter((gap) => gap !== undefined)
      .toSorted((a, b) => a.from - b.from)
    const parts = [...gaps, undefined].map((gap, at) =>
      detached(data.slice(gaps[at - 1]?.to ?? 0, gap?.from)),
    )
    const names = gaps.map(({ hole }) => hole)
    if (names.some((hole) => event[hole] === probes[hole])) return
    // where keys or other values are written with escapes, what looks like a key may be none
    if (!names.includes('delta') || parts.some((part) => part.includes('\\'))) return
    this.#vain++
    if (!proves(parts, names, event)) return
    this.#templates = [
      { parts, gaps: names, growing },
      ...this.#templates.slice(0, maxTemplates - 1),
    ]
  }

  /** To be called when a delta may no longer belong where it belonged. */
  forget(): void {
    if (this.#templates.length > 0) this.#templates = []
  }
}

/** Where the value of a member stands; undefined unless its key is written once. */
function gapOf(data: string, hole: Hole): Gap | undefined {
  const key = `"${hole}":`
  const at = data.indexOf(key)
  if (at < 0 || data.includes(key, at + 1)) return undefined
  let from = at + key.length
  while (data.charCodeAt(from) === 0x20) from++
  if (hole === 'sequence_number') return { hole, from, to: endOfDigits(data, from) }
  return { hole, from: from + 1, to: endOfText(data, from + 1) }
}

/** True when the event with the probes in its gaps parses to the same event but for them. */
function proves(
  parts: readonly string[],
  gaps: readonly Hole[],
  event: Readonly<Record<string, unknown>>,
): boolean {
  const text = parts.reduce((joined, part, at) => joined + probes[gaps[at - 1]!] + part)
  try {
    const other = JSON.parse(text) as Record<string, unknown>
    for (const hole of gaps) {
      if (other[hole] !== probes[hole]) return false
      other[hole] = event[hole]
    }
    return JSON.stringify(other) === JSON.stringify(event)
  } catch {
    return false
  }
}

/**
 * The text of a delta; undefined when the event is not what the template says. Slices are compared
 * and characters looked at one by one, because the functions of strings cost more for such short ones.
 */
function deltaIn(data: string, { parts, gaps }: Template): string | undefined {
  let from = parts[0]!.length
  if (data.slice(0, from) !== parts[0]) return undefined
  let text: string | undefined
  for (let at = 0; at < gaps.length; at++) {
    const hole = gaps[at]!
    const to = hole === 'sequence_number' ? endOfNumber(data, from) : endOfText(data, from)
    if (to < 0) return undefined
    if (hole === 'delta') text = data.slice(from, to)
    else if (hole === 'obfuscation' && isWritten(data.slice(from, to))) return undefined
    const next = parts[at + 1]!
    from = to + next.length
    if (data.slice(to, from) !== next) return undefined
  }
  if (from !== data.length || text === undefined) return undefined
  return isWritten(text) ? unescaped(text) : text
}

/** The offset behind a whole number without a sign; -1 where none stands. */
function endOfNumber(data: string, from: number): number {
  const at = endOfDigits(data, from)
  // no number begins with a zero but zero itself
  return at === from || (at > from + 1 && data.charCodeAt(from) === 0x30) ? -1 : at
}

function endOfDigits(data: string, from: number): number {
  let at = from
  while (data.charCodeAt(at) >= 0x30 && data.charCodeAt(at) <= 0x39) at++
  return at
}

/** The offset of the quote that ends a string whose inside begins at `from`; -1 if there is none. */
function endOfText(data: string, from: number): number {
  for (let at = from; at < data.length; at++) {
    const unit = data.charCodeAt(at)
    if (unit === 0x22) return at
    if (unit === 0x5c) at++
  }
  return -1
}

/** True for the inside of a JSON string that is not its value as it stands, or is none at all. */
function isWritten(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === 0x5c || unit < 0x20) return true
  }
  return false
}
