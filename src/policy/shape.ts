import type { JsonObject, JsonPrimitive } from '../base/json.ts'
import { visible, shorten } from '../base/text.ts'
import type { DiagnosticCode, Diagnostics } from './diagnostic.ts'
import type { Span } from './source.ts'
import { suggestionFor } from './suggest.ts'
import { describe, mapToJson, type MapNode, type Node } from './tree.ts'

/** Reads one kind of value; undefined after it has reported why it cannot. */
export type Read<T> = (node: Node, diagnostics: Diagnostics) => T | undefined

type ValueOf<R> = R extends Read<infer T> ? T : never
type Readers = Readonly<Record<string, Read<unknown>>>

/** What `mapping` gives: required keys, optional keys, and the place of the whole. */
export type MappingOf<Required extends Readers, Optional extends Readers> = {
  readonly [Key in keyof Required]: ValueOf<Required[Key]>
} & { readonly [Key in keyof Optional]?: ValueOf<Optional[Key]> } & { readonly at: Span }

/** A name with its place, for checks that follow reading. */
export interface Name extends Span {
  readonly text: string
}

interface MappingOptions {
  /** Optional keys that have to be there; without them the rest is read all the same. */
  readonly needed?: readonly string[]
  /** Keys of the policy language that this version refuses rather than ignores. */
  readonly notEvaluated?: readonly string[]
}

/** A mapping with exactly these keys. `what` names it in messages, such as `a rule`. */
export function mapping<Required extends Readers, Optional extends Readers>(
  what: string,
  required: Required,
  optional: Optional,
  { needed = [], notEvaluated = [] }: MappingOptions = {},
): Read<MappingOf<Required, Optional>> {
  const readers = new Map(Object.entries({ ...required, ...optional }))
  const known = [...readers.keys()].filter((key) => !notEvaluated.includes(key))
  const complete = Object.keys(required)
  const mandatory = [...complete, ...needed]
  return (node, diagnostics) => {
    if (node.kind !== 'map') return wrongType(node, diagnostics, `${what} has to be a mapping`)
    const result: Record<string, unknown> = { at: { start: node.start, end: node.end } }
    for (const [key, entry] of node.entries) {
      const read = readers.get(key)
      if (notEvaluated.includes(key)) refuse(entry.key, key, diagnostics)
      else if (read !== undefined) {
        const value = read(entry.value, diagnostics)
        if (value !== undefined) result[key] = value
      } else unknownKey(entry.key, key, what, known, diagnostics)
    }
    for (const key of mandatory) {
      if (!node.entries.has(key)) missingKey(node, key, what, diagnostics)
    }
    for (const key of complete) if (result[key] === undefined) return undefined
    return result as MappingOf<Required, Optional>
  }
}

function refuse(span: Span, key: string, diagnostics: Diagnostics): void {
  diagnostics.error(span, 'not-evaluated', `the key \`${key}\` is not supported`, {
    help: `this version does not evaluate \`${key}\`; remove it, so that nobody relies on it`,
  })
}

function unknownKey(
  span: Span,
  key: string,
  what: string,
  known: readonly string[],
  diagnostics: Diagnostics,
): void {
  const message = `unknown key \`${shorten(key, 64)}\` in ${what}`
  diagnostics.error(span, 'unknown-key', message, suggestionFor(key, known))
}

function missingKey(node: MapNode, key: string, what: string, diagnostics: Diagnostics): void {
  const first = node.entries.values().next().value?.key ?? {
    start: node.start,
    end: node.start + 1,
  }
  diagnostics.error(first, 'missing-key', `${what} needs the key \`${key}\``)
}

export function wrongType(node: Node, diagnostics: Diagnostics, message: string): undefined {
  return diagnostics.error(node, 'wrong-type', `${message}, not ${describe(node)}`)
}

/** A list of at least `minimum` and at most `maximum` items; by default 1 to 100,000. */
export function listOf<T>(
  what: string,
  read: Read<T>,
  { minimum = 1, maximum = 100_000 }: { readonly minimum?: number; readonly maximum?: number } = {},
): Read<readonly T[]> {
  return (node, diagnostics) => {
    if (node.kind !== 'list') return wrongType(node, diagnostics, `${what} has to be a list`)
    if (node.items.length < minimum || node.items.length > maximum) {
      const bound = node.items.length < minimum ? `at least ${minimum}` : `at most ${maximum}`
      return diagnostics.error(
        node,
        'bad-value',
        `${what} needs ${bound} ${bound.endsWith(' 1') ? 'item' : 'items'}`,
      )
    }
    const items: T[] = []
    for (const item of node.items) {
      const value = read(item, diagnostics)
      if (value !== undefined) items.push(value)
    }
    return items
  }
}

/** A mapping from free names to one kind of value, with the places of the names. */
export function recordOf<T>(
  what: string,
  checkKey: (key: Name, diagnostics: Diagnostics) => void,
  read: Read<T>,
  { minimum = 0 }: { readonly minimum?: number } = {},
): Read<readonly { readonly name: Name; readonly value: T }[]> {
  return (node, diagnostics) => {
    if (node.kind !== 'map') return wrongType(node, diagnostics, `${what} has to be a mapping`)
    if (node.entries.size < minimum) {
      return diagnostics.error(node, 'bad-value', `${what} needs at least one entry`)
    }
    const result: { name: Name; value: T }[] = []
    for (const [text, entry] of node.entries) {
      const name = { text, ...entry.key }
      checkKey(name, diagnostics)
      const value = read(entry.value, diagnostics)
      if (value !== undefined) result.push({ name, value })
    }
    return result
  }
}

export interface TextRule {
  /** What the text is, such as `an id`. */
  readonly what: string
  readonly pattern?: RegExp
  readonly maxLength?: number
  readonly help?: string
  /** True when the text may be a secret: it is neither shown nor quoted. */
  readonly secret?: boolean
}

const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** Text without invisible characters, not empty, at most 1,024 characters unless told. */
export function textOf(rule: TextRule): Read<string> {
  return (node, diagnostics) => {
    if (node.kind !== 'scalar' || typeof node.value !== 'string') {
      const message = `${rule.what} has to be a string, not ${describe(node)}`
      return diagnostics.error(node, 'wrong-type', message, extraOf(rule))
    }
    const problem = textProblem(node.value, rule)
    return problem === undefined
      ? node.value
      : diagnostics.error(node, problem.code, problem.message, extraOf(rule))
  }
}

function extraOf({ help, secret }: TextRule): Pick<TextRule, 'help' | 'secret'> {
  return { ...(help === undefined ? {} : { help }), ...(secret === undefined ? {} : { secret }) }
}

/** Also for keys of a mapping. */
export function textProblem(
  value: string,
  { what, pattern, maxLength = 1024, secret = false }: TextRule,
): { readonly code: DiagnosticCode; readonly message: string } | undefined {
  if (unseen.test(value)) {
    return { code: 'invisible', message: `${what} holds an invisible or control character` }
  }
  if (value === '') return { code: 'bad-value', message: `${what} is empty` }
  if (value.length > maxLength) {
    return { code: 'bad-value', message: `${what} is longer than ${maxLength} characters` }
  }
  if (pattern === undefined || pattern.test(value)) return undefined
  const shown = secret ? 'the value' : `\`${visible(value.slice(0, 64))}\``
  return { code: 'bad-value', message: `${shown} is not ${what}` }
}

/** The same text with its place. */
export function named(read: Read<string>): Read<Name> {
  return (node, diagnostics) => {
    const value = read(node, diagnostics)
    return value === undefined ? undefined : { text: value, start: node.start, end: node.end }
  }
}

/** Turns a text that was read into something else; `parse` gives undefined when it cannot. */
export function parsed<T>(rule: TextRule, parse: (value: string) => T | undefined): Read<T> {
  const read = textOf(rule)
  return (node, diagnostics) => {
    const value = read(node, diagnostics)
    if (value === undefined) return undefined
    const result = parse(value)
    if (result !== undefined) return result
    const message = `\`${visible(value.slice(0, 64))}\` is not ${rule.what}`
    return diagnostics.error(node, 'bad-value', message, { help: rule.help })
  }
}

/** One of these words (or numbers). */
export function oneOf<const T extends JsonPrimitive>(what: string, values: readonly T[]): Read<T> {
  const words = values.map(String)
  return (node, diagnostics) => {
    const value = node.kind === 'scalar' ? node.value : undefined
    if (value !== undefined && values.includes(value as T)) return value as T
    const shown = value === undefined ? describe(node) : `\`${shorten(String(value), 64)}\``
    const message = `${what} cannot be ${shown}`
    return diagnostics.error(node, 'bad-value', message, suggestionFor(String(value ?? ''), words))
  }
}

interface NumberRule {
  readonly integer?: boolean
  readonly minimum?: number
  readonly maximum?: number
  /** The value has to be larger than this. */
  readonly above?: number
}

export function numberOf(
  what: string,
  { integer = false, minimum, maximum, above }: NumberRule = {},
): Read<number> {
  return (node, diagnostics) => {
    const value = node.kind === 'scalar' ? node.value : undefined
    const noun = integer ? 'a whole number' : 'a number'
    if (typeof value !== 'number') {
      return wrongType(node, diagnostics, `${what} has to be ${noun}`)
    }
    if (integer && !Number.isInteger(value)) {
      return diagnostics.error(node, 'wrong-type', `${what} has to be ${noun}, not ${value}`)
    }
    if (minimum !== undefined && value < minimum) {
      return diagnostics.error(node, 'bad-value', `${what} has to be at least ${minimum}`)
    }
    if (maximum !== undefined && value > maximum) {
      return diagnostics.error(node, 'bad-value', `${what} has to be at most ${maximum}`)
    }
    if (above !== undefined && value <= above) {
      return diagnostics.error(node, 'bad-value', `${what} has to be above ${above}`)
    }
    return value
  }
}

export const boolean: Read<boolean> = (node, diagnostics) =>
  node.kind === 'scalar' && typeof node.value === 'boolean'
    ? node.value
    : wrongType(node, diagnostics, 'the value has to be `true` or `false`')

export const jsonObject: Read<JsonObject> = (node, diagnostics) =>
  node.kind === 'map'
    ? mapToJson(node)
    : wrongType(node, diagnostics, 'the value has to be a mapping')
