import { isObject, type JsonObject } from '../base/json.ts'

/** Keywords that say something about members beside `properties`. */
const aboutMembers = [
  'additionalProperties',
  'patternProperties',
  '$ref',
  'allOf',
  'anyOf',
  'oneOf',
  'if',
  'dependentSchemas',
  'dependencies',
] as const

/** The names of all arguments; undefined where the schema names none, or leaves others open. */
export function closedNames(schema: JsonObject): readonly string[] | undefined {
  const { additionalProperties, patternProperties, properties } = schema
  const isOpen = additionalProperties !== false || patternProperties !== undefined
  return isOpen || !isObject(properties) ? undefined : Object.keys(properties)
}

/**
 * The names that the schema lists, where it says nothing about others, which it takes; else
 * undefined.
 */
export function listedNames(schema: JsonObject): readonly string[] | undefined {
  const { properties } = schema
  const isSilent = aboutMembers.every((keyword) => !Object.hasOwn(schema, keyword))
  return isSilent && isObject(properties) ? Object.keys(properties) : undefined
}
