import { escapeToken, type JsonPrimitive, type JsonValue } from '../../base/json.ts'
import { lengthRead, maxRead } from './allowance.ts'
import { unknownShape, type Shape } from './shape.ts'

/** A scalar of a value and its place. */
export interface Place {
  /** JSON pointer. */
  readonly pointer: string
  readonly value: JsonPrimitive
  /** A member name that is a plain word and so no address and no instruction. */
  readonly isPlainName: boolean
}

/** What is known of every object and list in a value. */
export function shapesIn(value: JsonValue, shape: Shape): ReadonlyMap<JsonValue, Shape> {
  const shapes = new Map<JsonValue, Shape>()
  const open: [JsonValue, Shape][] = [[value, shape]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [part, known] = next
    if (typeof part !== 'object' || part === null) continue
    shapes.set(part, known)
    for (const [key, child] of Object.entries(part)) open.push([child, below(known, part, key)])
  }
  return shapes
}

function below(shape: Shape, part: object, key: string): Shape {
  return Array.isArray(part) ? shape.item(Number(key)) : shape.member(key)
}

/** Scalars of one value that are looked at; of a value with more of them, or longer, nothing is known. */
const maxScalars = 4096

/** Names of members that cannot hold an address or an instruction. */
const plainKey = /^[A-Za-z_][A-Za-z0-9_-]{0,31}$/

/**
 * Every scalar of a value and every member name in it; undefined when there are more than 4096, or
 * more text than is read. Names that the schema of the value leaves open are no plain ones.
 */
export function scalarsOf(
  value: JsonValue,
  pointer = '',
  shape = unknownShape,
): readonly Place[] | undefined {
  const places: Place[] = []
  const open: [JsonValue, string, Shape][] = [[value, pointer, shape]]
  let left = maxRead
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [part, place, known] = next
    if (typeof part === 'string') left -= lengthRead(part, left)
    if (typeof part !== 'object' || part === null) {
      places.push({ pointer: place, value: part as JsonPrimitive, isPlainName: false })
    } else {
      for (const [key, child] of Object.entries(part).toReversed()) {
        const inner = `${place}/${escapeToken(key)}`
        if (!Array.isArray(part)) {
          left -= lengthRead(key, left)
          const isPlainName = plainKey.test(key) && !known.leavesOpen(key)
          places.push({ pointer: inner, value: key, isPlainName })
        }
        open.push([child as JsonValue, inner, below(known, part, key)])
      }
    }
    if (left < 0 || places.length + open.length > maxScalars) return undefined
  }
  return places
}

/** The scalars alone, with member names that are more than a plain word or left open by the schema. */
export function valuesOf(value: JsonValue, shape?: Shape): readonly JsonPrimitive[] | undefined {
  return scalarsOf(value, '', shape)
    ?.filter(({ isPlainName }) => !isPlainName)
    .map((place) => place.value)
}
