import {
  escapeToken,
  isObject,
  type JsonObject,
  type JsonPrimitive,
  type JsonValue,
} from '../../base/json.ts'
import { lengthRead, maxRead } from './allowance.ts'
import { schemaBelow } from './endorsement.ts'

/** A scalar of a value and its place. */
export interface Place {
  /** JSON pointer. */
  readonly pointer: string
  readonly value: JsonPrimitive
  /** A member name that is a plain word and so no address and no instruction. */
  readonly isPlainName: boolean
}

/** Parts of a schema that may declare members which `properties` does not name. */
const elsewhere = ['$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'if', 'dependentSchemas']

/**
 * Whether the schema of a container leaves the name of a member to the caller, so that it is as
 * much a value as the member itself. False where the schema is not known.
 */
function isChosen(schema: JsonValue | undefined, key: string): boolean {
  if (!isObject(schema) || elsewhere.some((keyword) => Object.hasOwn(schema, keyword))) return false
  const { properties } = schema
  return !isObject(properties) || !Object.hasOwn(properties, key)
}

/** The schema of a member or item; below a name that was chosen, that of all such members. */
function below(schema: JsonValue | undefined, key: string, chosen: boolean): JsonValue | undefined {
  if (!chosen) return schemaBelow(schema, key)
  const { additionalProperties } = schema as JsonObject
  return isObject(additionalProperties) ? (additionalProperties as JsonObject) : {}
}

/** The schema of every object and list in a value. */
export function schemasIn(
  value: JsonValue,
  schema: JsonValue | undefined,
): ReadonlyMap<JsonValue, JsonValue | undefined> {
  const schemas = new Map<JsonValue, JsonValue | undefined>()
  const open: [JsonValue, JsonValue | undefined][] = [[value, schema]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [part, shape] = next
    if (typeof part !== 'object' || part === null) continue
    schemas.set(part, shape)
    for (const [key, child] of Object.entries(part)) {
      const chosen = !Array.isArray(part) && isChosen(shape, key)
      open.push([child as JsonValue, below(shape, key, chosen)])
    }
  }
  return schemas
}

/** Scalars of one value that are looked at; of a value with more of them, or longer, nothing is known. */
const maxScalars = 4096

/** Names of members that cannot hold an address or an instruction. */
const plainKey = /^[A-Za-z_][A-Za-z0-9_-]{0,31}$/

/**
 * Every scalar of a value and every member name in it; undefined when there are more than 4096, or
 * more text than is read. With the schema of the value, names that it leaves open are no plain ones.
 */
export function scalarsOf(
  value: JsonValue,
  pointer = '',
  valueSchema?: JsonValue,
): readonly Place[] | undefined {
  const places: Place[] = []
  const open: [JsonValue, string, JsonValue | undefined][] = [[value, pointer, valueSchema]]
  let left = maxRead
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [part, place, schema] = next
    if (typeof part === 'string') left -= lengthRead(part, left)
    if (typeof part !== 'object' || part === null) {
      places.push({ pointer: place, value: part as JsonPrimitive, isPlainName: false })
    } else {
      for (const [key, child] of Object.entries(part).toReversed()) {
        const inner = `${place}/${escapeToken(key)}`
        const chosen = !Array.isArray(part) && isChosen(schema, key)
        if (!Array.isArray(part)) {
          left -= lengthRead(key, left)
          const isPlainName = !chosen && plainKey.test(key)
          places.push({ pointer: inner, value: key, isPlainName })
        }
        open.push([child as JsonValue, inner, below(schema, key, chosen)])
      }
    }
    if (left < 0 || places.length + open.length > maxScalars) return undefined
  }
  return places
}

/** The scalars alone, with member names that are more than a plain word or left open by the schema. */
export function valuesOf(
  value: JsonValue,
  schema?: JsonValue,
): readonly JsonPrimitive[] | undefined {
  return scalarsOf(value, '', schema)
    ?.filter(({ isPlainName }) => !isPlainName)
    .map((place) => place.value)
}
