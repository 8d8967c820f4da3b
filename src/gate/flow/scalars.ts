import { escapeToken, type JsonPrimitive, type JsonValue } from '../../base/json.ts'
import { lengthRead, maxRead } from './allowance.ts'

/** A scalar of a value and its place. */
export interface Place {
  /** JSON pointer. */
  readonly pointer: string
  readonly value: JsonPrimitive
  /** A member name that is a plain word and so no address and no instruction. */
  readonly isPlainName: boolean
}

/** Scalars of one value that are looked at; of a value with more of them, or longer, nothing is known. */
const maxScalars = 4096

/** Names of members that cannot hold an address or an instruction. */
const plainKey = /^[A-Za-z_][A-Za-z0-9_-]{0,31}$/

/**
 * Every scalar of a value and every member name in it; undefined when there are more than 4096, or
 * more text than is read.
 */
export function scalarsOf(value: JsonValue, pointer = ''): readonly Place[] | undefined {
  const places: Place[] = []
  const open: [JsonValue, string][] = [[value, pointer]]
  let left = maxRead
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [part, place] = next
    if (typeof part === 'string') left -= lengthRead(part, left)
    if (typeof part !== 'object' || part === null) {
      places.push({ pointer: place, value: part as JsonPrimitive, isPlainName: false })
    } else {
      for (const [key, child] of Object.entries(part).toReversed()) {
        const below = `${place}/${escapeToken(key)}`
        if (!Array.isArray(part)) {
          left -= lengthRead(key, left)
          places.push({ pointer: below, value: key, isPlainName: plainKey.test(key) })
        }
        open.push([child as JsonValue, below])
      }
    }
    if (left < 0 || places.length + open.length > maxScalars) return undefined
  }
  return places
}

/** The scalars alone, with member names that are more than a plain word. */
export function valuesOf(value: JsonValue): readonly JsonPrimitive[] | undefined {
  return scalarsOf(value)
    ?.filter(({ isPlainName }) => !isPlainName)
    .map((place) => place.value)
}
