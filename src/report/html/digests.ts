import type { JsonValue } from '../../base/json.ts'

// Digests are most of a report's bytes, and hex that is scattered among other text packs badly. They
// are taken out and put back in the order in which they stand in the JSON text.

/** Stands for the next digest; a text that begins with it gets one more. */
const mark = '#'

const start = 'sha256:'

/** Digests that occur more often than this stay: the packer knows them by then. */
const mostTaken = 3

export interface Packed {
  readonly value: JsonValue
  /** The bytes of the digests, one after another, in base64. */
  readonly digests: string
}

/** Takes the digests out of the parts of a value: all are counted first, then taken in their order. */
export class DigestTaker {
  readonly #counts = new Map<string, number>()
  readonly #taken: string[] = []

  count(part: JsonValue): void {
    mapTexts(part, (text) => {
      if (isDigest(text)) this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1)
      return text
    })
  }

  /** The part without its digests. */
  take(part: JsonValue): JsonValue {
    return mapTexts(part, (text) => {
      if (text.startsWith(mark)) return mark + text
      if (!isDigest(text) || this.#counts.get(text)! > mostTaken) return text
      this.#taken.push(text.slice(start.length))
      return mark
    })
  }

  /** What was taken, as `Packed.digests`. */
  digests(): string {
    return Buffer.from(this.#taken.join(''), 'hex').toString('base64')
  }
}

/** The value as it was; it is changed in place, since a copy of a long report takes its time. */
export function putDigests({ value, digests }: Packed): JsonValue {
  const bytes = atob(digests)
  let at = 0
  const next = (): string => {
    let text = start
    for (const end = at + 32; at < end; at++) text += pairs[bytes.charCodeAt(at)]!
    return text
  }
  const restore = (text: string): string => (text === mark ? next() : text.slice(mark.length))
  const visit = (holder: Record<string, unknown>): void => {
    for (const key of Object.keys(holder)) {
      const inner = holder[key]
      if (typeof inner === 'object' && inner !== null) visit(inner as Record<string, unknown>)
      // a member named `__proto__` is the object's own, so that this changes nothing else
      else if (typeof inner === 'string' && inner.startsWith(mark)) holder[key] = restore(inner)
    }
  }
  const whole = { value } as Record<string, unknown>
  visit(whole)
  return whole['value'] as JsonValue
}

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}

/** Every text that is a value, in order; names of members stay. */
function mapTexts(value: JsonValue, map: (text: string) => string): JsonValue {
  if (typeof value === 'string') return map(value)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map((item) => mapTexts(item, map))
  const entries = Object.entries(value)
  // `__proto__` stays a member
  return Object.fromEntries(entries.map(([key, inner]) => [key, mapTexts(inner, map)]))
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
