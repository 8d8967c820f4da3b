import { isObject, pointerTokens, type JsonObject } from '../base/json.ts'

/** The names of all arguments there can be; undefined where the schema leaves others open. */
export function closedNames(schema: JsonObject): readonly string[] | undefined {
  const { additionalProperties, patternProperties, properties = {} } = schema
  const isOpen = additionalProperties !== false || patternProperties !== undefined
  return isOpen || !isObject(properties) ? undefined : Object.keys(properties)
}

/**
 * What is wrong with a pointer into arguments; undefined if nothing is. A pointer that the schema
 * proves to name nothing is a misspelling, and would leave in the open what was meant to be hidden.
 */
export function pointerProblem(schema: JsonObject, pointer: string): string | undefined {
  const tokens = pointerTokens(pointer)
  if (tokens === undefined) return 'is not a JSON Pointer'
  let current: unknown = schema
  for (const token of tokens) {
    if (!isObject(current)) return undefined
    if (isClosedTo(current, token)) return 'names nothing in the schema of the arguments'
    current = below(current, token)
  }
  return undefined
}

/** Whether an object of this schema cannot have the member. */
export function isClosedTo(schema: Record<string, unknown>, token: string): boolean {
  const members = schema['properties']
  return (
    token !== '*' &&
    schema['additionalProperties'] === false &&
    !Object.hasOwn(schema, 'patternProperties') &&
    !(isObject(members) && Object.hasOwn(members, token))
  )
}

/** The schema a token leads to, where that is certain. */
function below(schema: Record<string, unknown>, token: string): unknown {
  const members = schema['properties']
  if (isObject(members) && Object.hasOwn(members, token)) return members[token]
  return /^(?:\*|0|[1-9]\d*)$/.test(token) ? schema['items'] : undefined
}
