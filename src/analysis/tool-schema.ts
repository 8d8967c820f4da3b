import { getPointer } from '../base/json-path.ts'
import { isObject, pointerTokens, type JsonObject, type JsonValue } from '../base/json.ts'
import type { ArgumentTest, JsonType } from '../policy/document.ts'
import { numberBounds, sizeBounds } from './language.ts'
import type { ArgumentSchema } from './reach.ts'

type Schema = Readonly<Record<string, unknown>>

const nowhere = { start: 0, end: 0 }

/** References that are followed before a schema counts as one that says nothing. */
const maxReferences = 16

/** What the input schema of a tool says about arguments, where it says it plainly. */
export function schemaOf(input: Schema): ArgumentSchema {
  return {
    testOf: (name) => {
      const found = find(input, pathOf(name))
      return found.at === undefined ? undefined : testOf(input, found.at)
    },
    isRequired: (name) => find(input, pathOf(name)).isRequired,
  }
}

/**
 * The names that could stand in the place of the first one the schema does not have; undefined when
 * it has them all or takes any.
 */
export function strangeArgument(
  input: Schema,
  name: string,
): { readonly token: string; readonly known: readonly string[] } | undefined {
  const { strange } = find(input, pathOf(name))
  return strange
}

function pathOf(name: string): readonly string[] {
  return name.startsWith('/') ? (pointerTokens(name) ?? []) : [name]
}

interface Found {
  /** Undefined where nothing is certain. */
  readonly at?: Schema
  readonly isRequired: boolean
  readonly strange?: { readonly token: string; readonly known: readonly string[] }
}

function find(root: Schema, path: readonly string[]): Found {
  let at: Schema | undefined = follow(root, root)
  let isRequired = true
  for (const token of path) {
    if (at === undefined) return { isRequired: false }
    const members: unknown = at['properties']
    const required: unknown = at['required']
    if (isObject(members) && Object.hasOwn(members, token)) {
      isRequired &&= Array.isArray(required) && required.includes(token)
      at = follow(root, members[token])
    } else if (/^(0|[1-9]\d*)$/.test(token) && isObject(at['items'])) {
      isRequired = false
      at = follow(root, at['items'])
    } else if (isClosed(at)) {
      const known = isObject(members) ? Object.keys(members) : []
      return { isRequired: false, strange: { token, known } }
    } else return { isRequired: false }
  }
  return at === undefined ? { isRequired } : { at, isRequired }
}

function isClosed(schema: Schema): boolean {
  const open = ['patternProperties', 'allOf', 'anyOf', 'oneOf', 'if', '$ref', '$dynamicRef']
  return schema['additionalProperties'] === false && !open.some((key) => Object.hasOwn(schema, key))
}

/** The schema behind local references; undefined when it says something only Ajv can tell. */
function follow(root: Schema, schema: unknown): Schema | undefined {
  let current = schema
  for (let count = 0; count < maxReferences; count++) {
    if (!isObject(current)) return undefined
    const reference = current['$ref']
    if (reference === undefined) return current
    if (typeof reference !== 'string' || !reference.startsWith('#/')) return undefined
    current = getPointer(root as JsonObject, reference.slice(1))
  }
  return undefined
}

/** Branches in branches that are looked at; a schema may hold itself. */
const maxDepth = 6

/** The keywords that mean the same here and there; the others make a schema no wider. */
function testOf(root: Schema, schema: Schema, depth = 0): ArgumentTest | undefined {
  const parts: ArgumentTest[] = []
  const add = (part: Omit<ArgumentTest, 'at'>): void => void parts.push({ ...part, at: nowhere })
  const { type } = schema
  if (Array.isArray(type))
    add({ anyOf: type.map((name) => ({ type: name as JsonType, at: nowhere })) })
  else if (typeof type === 'string') add({ type: type as JsonType })
  if (Array.isArray(schema['enum'])) add({ enum: schema['enum'] as readonly JsonValue[] })
  if (schema['const'] !== undefined) add({ const: schema['const'] as JsonValue })
  for (const key of [...numberBounds, ...sizeBounds]) {
    const bound = schema[key]
    if (typeof bound === 'number') add({ [key]: bound })
  }
  for (const key of ['anyOf', 'oneOf'] as const) {
    const branches = branchesOf(root, schema[key], depth)
    if (branches !== undefined) add({ anyOf: branches })
  }
  return merge(parts)
}

/** The branches as tests; undefined when one of them says nothing plainly. */
function branchesOf(
  root: Schema,
  list: unknown,
  depth: number,
): readonly ArgumentTest[] | undefined {
  if (!Array.isArray(list) || depth === maxDepth) return undefined
  const branches = list.map((entry) => {
    const branch = follow(root, entry)
    return branch === undefined ? undefined : testOf(root, branch, depth + 1)
  })
  return branches.every((branch) => branch !== undefined) ? branches : undefined
}

/** All parts at once: a part whose key is taken is wrapped, which means the same. */
function merge(parts: readonly ArgumentTest[]): ArgumentTest | undefined {
  return parts.reduce<ArgumentTest | undefined>((whole, part) => {
    if (whole === undefined) return part
    const clash = Object.keys(part).some((key) => key !== 'at' && Object.hasOwn(whole, key))
    return clash ? { not: { not: whole, at: nowhere }, ...part } : { ...whole, ...part }
  }, undefined)
}
