import { SallyportError } from '../base/errors.ts'
import { escapeToken, isObject, pointerOf, pointerTokens, type JsonObject } from '../base/json.ts'
import { nearest } from '../base/suggest.ts'
import { shorten } from '../base/text.ts'
import { isNames, keywords, valueProblem, type Dialect, type KeywordKind } from './keywords.ts'

/** Most schemas inside a schema; compiling takes about 0.1 ms for each. */
const maxSchemas = 5000

/** Marks each `$ref`, so that following it can be counted. */
export const stepKeyword = 'sallyport-step'

export type Schema = Readonly<Record<string, unknown>>

export interface RewriteOptions {
  /** True for a `pattern` or `format` that is left out because somebody else checks it too. */
  readonly leaveOut?: (keyword: 'pattern' | 'format', value: string) => boolean
}

/** The dialect a schema declares; 2020-12 when it declares none. Throws `bad-schema`. */
export function dialectOf(schema: Schema): Dialect {
  const declared = schema['$schema']
  if (declared === undefined) return 'draft-2020-12'
  switch (typeof declared === 'string' ? declared.replace(/#$/, '') : '') {
    case 'https://json-schema.org/draft/2020-12/schema':
      return 'draft-2020-12'
    case 'http://json-schema.org/draft-07/schema':
    case 'https://json-schema.org/draft-07/schema':
      return 'draft-07'
    default:
      throw badSchema('/$schema', `the dialect \`${shorten(String(declared), 80)}\` is not known`, {
        help: 'write the schema in draft 2020-12 or draft-07',
      })
  }
}

export function badSchema(
  pointer: string,
  message: string,
  options: { help?: string; cause?: unknown } = {},
): SallyportError {
  const place = pointer === '' ? 'the schema' : `the schema at \`${shorten(pointer, 120)}\``
  return new SallyportError('bad-schema', `${place} is not usable: ${message}`, {
    ...options,
    details: { pointer },
  })
}

/**
 * Checks the shape of every schema inside a schema and returns the copy that is compiled: without
 * annotations, so that nothing can be hidden in them and referred to, and with a counter at each
 * reference. References stay inside the document and name schemas that were seen here; that keeps
 * a schema from a foreign server from reaching outside or around these checks.
 */
export function rewriteSchema(schema: Schema, options: RewriteOptions = {}): Schema {
  const rewriter = new Rewriter(dialectOf(schema), options)
  const copy = rewriter.schema(schema, '')
  rewriter.checkReferences()
  return copy as Schema
}

class Rewriter {
  /** The schemas that have a name, as they were given. */
  readonly anchors = new Map<unknown, Schema>()
  readonly #dialect: Dialect
  readonly #options: RewriteOptions
  readonly #seen = new Set<string>()
  readonly #references: { readonly pointer: string; readonly target: string }[] = []

  constructor(dialect: Dialect, options: RewriteOptions) {
    this.#dialect = dialect
    this.#options = options
  }

  schema(value: unknown, pointer: string): unknown {
    this.#seen.add(pointer)
    if (this.#seen.size > maxSchemas) {
      throw badSchema('', `it has more than ${maxSchemas} schemas inside`)
    }
    if (typeof value === 'boolean') return value
    if (!isObject(value)) throw badSchema(pointer, 'a schema is an object or a boolean')
    const copy: Record<string, unknown> = {}
    for (const [keyword, entry] of Object.entries(value)) {
      const kept = this.#keyword(keyword, entry, `${pointer}/${escapeToken(keyword)}`)
      if (kept !== undefined) copy[keyword] = kept
    }
    if (Object.hasOwn(copy, '$ref')) copy[stepKeyword] = true
    if (Object.hasOwn(copy, '$anchor')) this.anchors.set(copy['$anchor'], value)
    return copy
  }

  checkReferences(): void {
    for (const { pointer, target } of this.#references) {
      if (!this.#isKnown(target)) {
        throw badSchema(pointer, `\`${shorten(target, 120)}\` names no schema in this document`, {
          help: 'put what is referred to under `$defs` and refer to it as `#/$defs/<name>`',
        })
      }
    }
  }

  #isKnown(target: string): boolean {
    if (target === '#') return true
    if (!target.startsWith('#/')) return this.anchors.has(target.slice(1))
    const tokens = pointerTokens(decodeFragment(target.slice(1)))
    return tokens !== undefined && this.#seen.has(pointerOf(tokens))
  }

  #keyword(keyword: string, value: unknown, pointer: string): unknown {
    const kind = keyword.startsWith('x-') ? 'annotation' : keywords.get(keyword)
    if (kind === undefined) throw unknownKeyword(keyword, pointer)
    if (kind === 'annotation') return undefined
    this.#checkValue(kind, value, pointer)
    if (keyword === '$id') return this.#identifier(pointer)
    if (keyword === '$schema') return undefined
    if (keyword === '$ref') this.#references.push({ pointer, target: value as string })
    if (keyword === 'pattern' || keyword === 'format') {
      return this.#options.leaveOut?.(keyword, value as string) === true ? undefined : value
    }
    return this.#nested(kind, value, pointer)
  }

  #identifier(pointer: string): undefined {
    if (pointer !== '/$id') {
      throw badSchema(pointer, 'a schema inside a schema has no `$id`', {
        help: 'name it with `$anchor`, or refer to it as `#/$defs/<name>`',
      })
    }
    return undefined
  }

  #nested(kind: KeywordKind, value: unknown, pointer: string): unknown {
    switch (kind) {
      case 'schema':
        return this.schema(value, pointer)
      case 'schemas':
        return this.#list(value as readonly unknown[], pointer)
      case 'items':
        return Array.isArray(value) ? this.#list(value, pointer) : this.schema(value, pointer)
      case 'schema-map':
      case 'dependencies':
        return this.#map(value as Schema, pointer)
      default:
        return value
    }
  }

  #list(values: readonly unknown[], pointer: string): unknown {
    return values.map((entry, index) => this.schema(entry, `${pointer}/${index}`))
  }

  #map(values: Schema, pointer: string): unknown {
    const copy: Record<string, unknown> = {}
    for (const [name, entry] of Object.entries(values)) {
      if (name === '__proto__') throw badSchema(pointer, 'a name `__proto__` is not accepted')
      const place = `${pointer}/${escapeToken(name)}`
      copy[name] = isNames(entry) ? entry : this.schema(entry, place)
    }
    return copy
  }

  #checkValue(kind: KeywordKind, value: unknown, pointer: string): void {
    const problem = valueProblem(kind, value, this.#dialect)
    if (problem === undefined) return
    const help = kind === 'reference' ? { help: 'copy the foreign schema into `$defs`' } : {}
    throw badSchema(pointer, problem, help)
  }
}

function unknownKeyword(keyword: string, pointer: string): SallyportError {
  const near = nearest(keyword, keywords.keys())
  return badSchema(pointer, `there is no keyword \`${shorten(keyword, 64)}\``, {
    help:
      near === undefined
        ? 'remove it, or let its name start with `x-` if it is only a note'
        : `write \`${near}\` instead`,
  })
}

function decodeFragment(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}

/** Keywords that say more about the same object, as a schema, a list or a map of them. */
const alternatives = ['if', 'then', 'else', 'allOf', 'anyOf', 'oneOf'] as const
const dependants = ['dependentSchemas', 'dependencies'] as const

/** Keywords whose members are names of members of that object. */
const naming = ['properties', 'dependentRequired', ...dependants, 'const'] as const

/**
 * The same schema with members refused at the top that are named nowhere in it: neither there nor
 * in what it is made of (`allOf`, `oneOf`, `if`, `$ref` and the like). A schema that says itself
 * what other members may be there stays as it is. Expects one that was checked.
 */
export function closeSchema(schema: JsonObject): JsonObject {
  if (saysOthers(schema, Object.hasOwn(schema, 'additionalProperties'))) return schema
  const rewriter = new Rewriter(dialectOf(schema), {})
  rewriter.schema(schema, '')
  const names = new Set<string>()
  const seen = new Set<unknown>()
  const waiting: unknown[] = [schema]
  while (waiting.length > 0) {
    const part = waiting.pop()
    if (!isObject(part) || seen.has(part)) continue
    seen.add(part)
    if (saysOthers(part, (part['additionalProperties'] ?? false) !== false)) return schema
    for (const name of namesIn(part)) names.add(name)
    waiting.push(...partsOf(part, schema, rewriter.anchors))
  }
  const own = isObject(schema['properties']) ? (schema['properties'] as JsonObject) : {}
  const others = [...names].filter((name) => !Object.hasOwn(own, name)).map((name) => [name, {}])
  const properties = { ...own, ...(Object.fromEntries(others) as JsonObject) }
  return {
    ...schema,
    ...(others.length === 0 ? {} : { properties }),
    additionalProperties: false,
  }
}

function saysOthers(part: Record<string, unknown>, isOpen: boolean): boolean {
  return isOpen || Object.hasOwn(part, 'patternProperties')
}

function namesIn(part: Record<string, unknown>): readonly string[] {
  const { dependencies, dependentRequired, enum: values, propertyNames, required } = part
  const maps = [...naming.map((keyword) => part[keyword]), ...((values ?? []) as unknown[])]
  const allowed = isObject(propertyNames) ? propertyNames : {}
  const lists = [dependencies, dependentRequired].flatMap((map) => Object.values(map ?? {}))
  return [
    ...maps.filter(isObject).flatMap((map) => Object.keys(map)),
    ...[required, ...lists.filter(isNames), allowed['enum'], allowed['const']]
      .flat()
      .filter((name) => typeof name === 'string'),
  ]
}

function partsOf(
  part: Record<string, unknown>,
  root: JsonObject,
  anchors: ReadonlyMap<unknown, Schema>,
): readonly unknown[] {
  const { $ref } = part
  return [
    ...(typeof $ref === 'string' ? [referred($ref.slice(1), root, anchors)] : []),
    ...alternatives.flatMap((keyword) => part[keyword]),
    ...dependants.flatMap((keyword) => Object.values(part[keyword] ?? {})),
  ]
}

function referred(
  fragment: string,
  root: JsonObject,
  anchors: ReadonlyMap<unknown, Schema>,
): unknown {
  if (fragment !== '' && !fragment.startsWith('/')) return anchors.get(fragment)
  const tokens = pointerTokens(decodeFragment(fragment)) ?? []
  return tokens.reduce<unknown>((at, token) => (at as Schema | undefined)?.[token], root)
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
