import { getPointer } from '../../base/json-path.ts'
import { isObject, type JsonObject, type JsonValue } from '../../base/json.ts'
import { sameJson } from '../../policy/equality.ts'

/** Keywords whose schemas are about the same value: one, a list, or one for each name. */
const alike = ['allOf', 'anyOf', 'oneOf', 'if', 'then', 'else', 'dependentSchemas'] as const
const references = ['$ref', '$dynamicRef'] as const

/**
 * What the schema of a tool says about one value: all its parts that may be about it, by references
 * within the schema and combinations too. Nothing is known without a schema, and where it refers to
 * something else.
 */
export class Shape {
  readonly #root: JsonValue | undefined
  /** Undefined when they are not known. */
  readonly #parts: readonly JsonObject[] | undefined
  readonly #below = new Map<string, Shape>()

  private constructor(root: JsonValue | undefined, schemas: readonly JsonValue[] | undefined) {
    this.#root = root
    this.#parts = schemas && partsOf(schemas, root!)
  }

  static of(schema: JsonValue | undefined): Shape {
    return new Shape(schema, schema === undefined ? undefined : [schema])
  }

  /** Whether a member of this name is declared. */
  declares(name: string): boolean {
    return (this.#parts ?? []).some(({ properties, propertyNames }) => {
      if (isObject(properties) && Object.hasOwn(properties, name)) return true
      return propertyNames !== undefined && new Shape(this.#root, [propertyNames]).lists(name)
    })
  }

  /** Whether whoever makes the value chooses the name, so that it is as much a value as its member. */
  leavesOpen(name: string): boolean {
    return this.#parts !== undefined && !this.declares(name)
  }

  /** Whether the value is one of those that the schema lists. */
  lists(value: JsonValue): boolean {
    return (this.#parts ?? []).some((part) => {
      const listed = part['enum'] ?? (Object.hasOwn(part, 'const') ? [part['const']!] : undefined)
      return Array.isArray(listed) && listed.some((item) => sameJson(item as JsonValue, value))
    })
  }

  /** Of a member; below a name that is left open, of all such members. */
  member(name: string): Shape {
    const declared = (this.#parts ?? []).flatMap(({ properties }) =>
      isObject(properties) && Object.hasOwn(properties, name)
        ? [properties[name] as JsonValue]
        : [],
    )
    if (declared.length > 0) return this.#kept(`/${name}`, () => declared)
    return this.#kept('', (parts) =>
      parts.flatMap(({ additionalProperties, patternProperties, unevaluatedProperties }) => [
        ...objectsOf([additionalProperties, unevaluatedProperties]),
        ...valuesOf(patternProperties),
      ]),
    )
  }

  /** Of an item of a list. */
  item(index: number): Shape {
    const first = this.#parts?.some((part) => index < tupleOf(part).length) === true ? index : ''
    return this.#kept(`#${first}`, (parts) =>
      parts.flatMap((part) => {
        const tuple = tupleOf(part)
        if (index < tuple.length) return [tuple[index]!]
        const rest = tuple === part['items'] ? part['additionalItems'] : part['items']
        return rest === undefined ? [] : [rest]
      }),
    )
  }

  /** Where no part speaks of what is below, it may be anything. */
  #kept(key: string, below: (parts: readonly JsonObject[]) => readonly JsonValue[]): Shape {
    const parts = this.#parts
    if (parts === undefined) return unknownShape
    const known = this.#below.get(key)
    if (known !== undefined) return known
    const schemas = below(parts)
    const shape = new Shape(this.#root, schemas.length === 0 ? [true] : schemas)
    this.#below.set(key, shape)
    return shape
  }
}

/** Of a value of which no schema says anything. */
export const unknownShape = Shape.of(undefined)

function partsOf(
  schemas: readonly JsonValue[],
  root: JsonValue,
): readonly JsonObject[] | undefined {
  const parts = new Set<JsonObject>()
  const open = [...schemas]
  for (const schema of open) {
    if (typeof schema === 'boolean') continue
    if (!isObject(schema)) return undefined
    const part = schema as JsonObject
    if (parts.has(part)) continue
    parts.add(part)
    for (const keyword of references) {
      if (!Object.hasOwn(part, keyword)) continue
      const target = targetOf(part[keyword]!, root)
      if (target === undefined) return undefined
      open.push(target)
    }
    for (const keyword of alike) {
      const about = part[keyword]
      if (keyword === 'dependentSchemas') open.push(...valuesOf(about))
      else if (about !== undefined) open.push(...(Array.isArray(about) ? about : [about]))
    }
  }
  return [...parts]
}

/** What a reference within the schema leads to. */
function targetOf(reference: JsonValue, root: JsonValue): JsonValue | undefined {
  if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined
  try {
    return getPointer(root, decodeURIComponent(reference.slice(1)))
  } catch {
    return undefined
  }
}

function tupleOf({ items, prefixItems }: JsonObject): readonly JsonValue[] {
  if (Array.isArray(prefixItems)) return prefixItems
  return Array.isArray(items) ? items : []
}

function valuesOf(named: JsonValue | undefined): readonly JsonValue[] {
  return isObject(named) ? Object.values(named as JsonObject) : []
}

function objectsOf(schemas: readonly (JsonValue | undefined)[]): readonly JsonObject[] {
  return schemas.filter(isObject) as readonly JsonObject[]
}
