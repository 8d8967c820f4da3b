import { isObject } from '../base/json.ts'

export type Dialect = 'draft-07' | 'draft-2020-12'

/**
 * The JSON Schema keywords a tool may use, and what their values must be. `schema`, `schemas` and
 * `schema-map` hold further schemas; an `annotation` says nothing about validity.
 */
export type KeywordKind =
  | 'schema'
  | 'schemas'
  | 'schema-map'
  /** One schema, or (draft-07) a list of them, one for each place of a tuple. */
  | 'items'
  /** A map to schemas or (draft-07) to lists of property names. */
  | 'dependencies'
  | 'names-map'
  | 'count'
  | 'number'
  | 'positive-number'
  | 'text'
  | 'flag'
  | 'names'
  | 'values'
  | 'type'
  | 'value'
  | 'reference'
  | 'annotation'
  /** Not supported: its meaning depends on how the rest of the schema was evaluated. */
  | 'refused'

/** A keyword in neither dialect is refused: a misspelt bound must not silently hold nothing back. */
export const keywords: ReadonlyMap<string, KeywordKind> = new Map<string, KeywordKind>([
  ['type', 'type'],
  ['enum', 'values'],
  ['const', 'value'],
  ['default', 'annotation'],
  ['multipleOf', 'positive-number'],
  ['maximum', 'number'],
  ['exclusiveMaximum', 'number'],
  ['minimum', 'number'],
  ['exclusiveMinimum', 'number'],
  ['maxLength', 'count'],
  ['minLength', 'count'],
  ['pattern', 'text'],
  ['format', 'text'],
  ['items', 'items'],
  ['prefixItems', 'schemas'],
  ['additionalItems', 'schema'],
  ['contains', 'schema'],
  ['maxContains', 'count'],
  ['minContains', 'count'],
  ['maxItems', 'count'],
  ['minItems', 'count'],
  ['uniqueItems', 'flag'],
  ['properties', 'schema-map'],
  ['patternProperties', 'schema-map'],
  ['additionalProperties', 'schema'],
  ['propertyNames', 'schema'],
  ['maxProperties', 'count'],
  ['minProperties', 'count'],
  ['required', 'names'],
  ['dependencies', 'dependencies'],
  ['dependentSchemas', 'schema-map'],
  ['dependentRequired', 'names-map'],
  ['allOf', 'schemas'],
  ['anyOf', 'schemas'],
  ['oneOf', 'schemas'],
  ['not', 'schema'],
  ['if', 'schema'],
  ['then', 'schema'],
  ['else', 'schema'],
  ['$ref', 'reference'],
  ['$defs', 'schema-map'],
  ['definitions', 'schema-map'],
  ['$anchor', 'text'],
  ['$id', 'text'],
  ['$schema', 'text'],
  ['$comment', 'annotation'],
  ['title', 'annotation'],
  ['description', 'annotation'],
  ['examples', 'annotation'],
  ['example', 'annotation'],
  ['deprecated', 'annotation'],
  ['readOnly', 'annotation'],
  ['writeOnly', 'annotation'],
  ['contentEncoding', 'annotation'],
  ['contentMediaType', 'annotation'],
  ['contentSchema', 'annotation'],
  ['$vocabulary', 'refused'],
  ['$dynamicRef', 'refused'],
  ['$dynamicAnchor', 'refused'],
  ['$recursiveRef', 'refused'],
  ['$recursiveAnchor', 'refused'],
  ['unevaluatedProperties', 'refused'],
  ['unevaluatedItems', 'refused'],
])

const typeNames: ReadonlySet<unknown> = new Set([
  'object',
  'array',
  'string',
  'number',
  'integer',
  'boolean',
  'null',
])

/** What is wrong with the value of a keyword; the schemas inside it are looked at later. */
export function valueProblem(
  kind: KeywordKind,
  value: unknown,
  dialect: Dialect,
): string | undefined {
  switch (kind) {
    case 'count':
      return must(Number.isSafeInteger(value) && (value as number) >= 0, 'a whole number from 0 up')
    case 'number':
      return must(Number.isFinite(value), 'a number')
    case 'positive-number':
      return must(Number.isFinite(value) && (value as number) > 0, 'a number above 0')
    case 'text':
      return must(typeof value === 'string', 'a string')
    case 'flag':
      return must(typeof value === 'boolean', 'a boolean')
    case 'names':
      return must(isNames(value), 'a list of different strings')
    case 'values':
      return must(Array.isArray(value) && value.length > 0, 'a list with at least one value')
    case 'schemas':
      return must(Array.isArray(value) && value.length > 0, 'a list with at least one schema')
    case 'schema-map':
      return must(isObject(value) && !Object.values(value).some(Array.isArray), 'a map of schemas')
    case 'dependencies':
      return must(isObject(value), 'a map of schemas or lists of names')
    case 'names-map':
      return must(isObject(value) && Object.values(value).every(isNames), 'a map of lists of names')
    case 'items':
      return must(
        !Array.isArray(value) || dialect === 'draft-07',
        'a schema; a tuple is written as `prefixItems`',
      )
    case 'type':
      return must(
        isType(value),
        'one or more of object, array, string, number, integer, boolean, null',
      )
    case 'reference':
      return must(
        typeof value === 'string' && value.startsWith('#'),
        'a reference into the same document, starting with `#`',
      )
    case 'refused':
      return 'this keyword is not supported'
    default:
      return undefined
  }
}

export function isNames(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((name) => typeof name === 'string') &&
    new Set(value).size === value.length
  )
}

function isType(value: unknown): boolean {
  if (!Array.isArray(value)) return typeNames.has(value)
  return value.length > 0 && isNames(value) && value.every((name) => typeNames.has(name))
}

function must(fits: boolean, what: string): string | undefined {
  return fits ? undefined : `its value must be ${what}`
}
