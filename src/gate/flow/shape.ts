import { getPointer } from '../../base/json-path.ts'
import { isObject, type JsonObject, type JsonPrimitive, type JsonValue } from '../../base/json.ts'

/** Keywords whose schemas are about the same value: one, or a list. */
const alike = ['allOf', 'anyOf', 'oneOf', 'if', 'then', 'else'] as const
/** The same, one for each name; `dependencies` also hold lists of names. */
const alikeByName = ['dependentSchemas', 'dependencies'] as const

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
  #declared: ReadonlyMap<string, readonly JsonValue[]> | undefined
  #names: readonly Shape[] | undefined
  #listed: ReadonlySet<JsonValue> | undefined

  private constructor(root: JsonValue | undefined, schemas: readonly JsonValue[] | undefined) {
    this.#root = root
    this.#parts = schemas && partsOf(schemas, root!)
  }

  static of(schema: JsonValue | undefined): Shape {
    return new Shape(schema, schema === undefined ? undefined : [schema])
  }

  /** Whether a member of this name is declared. */
  declares(name: string): boolean {
    if (this.#members.has(name)) return true
    this.#names ??= (this.#parts ?? [])
      .flatMap(({ propertyNames }) => (propertyNames === undefined ? [] : [propertyNames]))
      .map((names) => new Shape(this.#root, [names]))
    return this.#names.some((names) => names.lists(name))
  }

  /** Whether whoever makes the value chooses the name, so that it is as much a value as its member. */
  leavesOpen(name: string): boolean {
    return this.#parts !== undefined && !this.declares(name)
  }

  /** Whether the value is one of those that the schema lists. */
  lists(value: JsonPrimitive): boolean {
    this.#listed ??= new Set(this.#parts?.flatMap(listedIn))
    return this.#listed.has(inNfc(value))
  }

  /** Of a member; below a name that is left open, of all such members. */
  member(name: string): Shape {
    const declared = this.#members.get(name)
    if (declared !== undefined) return this.#kept(`/${name}`, () => declared)
    return this.#kept('', (parts) =>
      parts.flatMap(({ additionalProperties, patternProperties }) =>
        objectsOf([additionalProperties, ...valuesOf(patternProperties)]),
      ),
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

  /** The schemas of each declared member. */
  get #members(): ReadonlyMap<string, readonly JsonValue[]> {
    return (this.#declared ??= declaredIn(this.#parts ?? []))
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
    if (Object.hasOwn(part, '$ref')) {
      const target = targetOf(part['$ref']!, root)
      if (target === undefined) return undefined
      open.push(target)
    }
    for (const keyword of alike) {
      const about = part[keyword]
      if (about !== undefined) open.push(...(Array.isArray(about) ? about : [about]))
    }
    for (const keyword of alikeByName) open.push(...objectsOf(valuesOf(part[keyword])))
  }
  return [...parts]
}

/** What a reference within the schema leads to. */
function targetOf(reference: JsonValue, root: JsonValue): JsonValue | undefined {
  if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined
  if (/^#[^/]/.test(reference)) return anchored(reference.slice(1), root)
  try {
    return getPointer(root, decodeURIComponent(reference.slice(1)))
  } catch {
    return undefined
  }
}

function anchored(name: string, root: JsonValue): JsonValue | undefined {
  const open = [root]
  for (const value of open) {
    if (typeof value !== 'object' || value === null) continue
    if (isObject(value) && value['$anchor'] === name) return value
    for (const child of Object.values(value)) open.push(child as JsonValue)
  }
  return undefined
}

function declaredIn(parts: readonly JsonObject[]): ReadonlyMap<string, readonly JsonValue[]> {
  const members = new Map<string, JsonValue[]>()
  for (const { properties } of parts) {
    if (!isObject(properties)) continue
    for (const [name, schema] of Object.entries(properties as JsonObject)) {
      const known = members.get(name)
      if (known === undefined) members.set(name, [schema])
      else known.push(schema)
    }
  }
  return members
}

function listedIn(part: JsonObject): readonly JsonValue[] {
  const listed = part['enum'] ?? (Object.hasOwn(part, 'const') ? [part['const']!] : [])
  return Array.isArray(listed) ? (listed as readonly JsonValue[]).map(inNfc) : []
}

function inNfc(value: JsonValue): JsonValue {
  return typeof value === 'string' ? value.normalize('NFC') : value
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
