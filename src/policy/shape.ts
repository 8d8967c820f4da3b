import type { JsonObject, JsonPrimitive } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import { Diagnostics } from './diagnostic.ts'
import { repairBoolean, repairList, repairMapping, repairNumber, type Repair } from './repair.ts'
import type { Span } from './source.ts'
import { suggestionFor } from './suggest.ts'
import { describe, mapToJson, type MapNode, type Node } from './tree.ts'

/** Reads one kind of value; undefined after it has reported why it cannot. */
export interface Read<T> {
  (node: Node, diagnostics: Diagnostics): T | undefined
  /** What the value is, as a part of a sentence, such as `a list`. */
  readonly form?: string
}

/** Says what is read, for those who miss it. */
export function formed<T>(form: string, read: Read<T>): Read<T> {
  return Object.assign(read, { form })
}

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
  /** Words of other languages, and what is written here in their place, as a sentence. */
  readonly meant?: Readonly<Record<string, string>>
  /** How to mend a value that is no mapping; by default its keys are named. */
  readonly repair?: (node: Node, written: string) => Repair
}

/** A mapping with exactly these keys. `what` names it in messages, such as `a rule`. */
export function mapping<Required extends Readers, Optional extends Readers>(
  what: string,
  required: Required,
  optional: Optional,
  { needed = [], meant = {}, repair }: MappingOptions = {},
): Read<MappingOf<Required, Optional>> {
  const readers = new Map(Object.entries({ ...required, ...optional }))
  const known = [...readers.keys()]
  const complete = Object.keys(required)
  const mandatory = [...complete, ...needed]
  return formed('a mapping', (node, diagnostics) => {
    if (node.kind !== 'map') {
      const help = repair?.(node, writtenAs(node, diagnostics)) ?? repairMapping(known)
      return wrongType(node, diagnostics, `${what} has to be a mapping`, help)
    }
    // begun empty, an object has room for four members; begun with one, for no other
    const result: Record<string, unknown> = {}
    result['at'] = { start: node.start, end: node.end }
    for (let entry = node.entries.first; entry !== undefined; entry = entry.next) {
      const key = entry.name
      const read = readers.get(key)
      if (read !== undefined) {
        const value = read(entry.value, diagnostics)
        if (value !== undefined) result[key] = value
      } else {
        const repaired = Object.hasOwn(meant, key)
          ? { help: meant[key]! }
          : suggestionFor(key, known)
        unknownKey(entry, key, what, repaired, diagnostics)
      }
    }
    for (const key of mandatory) {
      const form = readers.get(key)?.form ?? 'its value'
      if (!node.entries.has(key)) missingKey(node, key, what, form, diagnostics)
    }
    for (const key of complete) if (result[key] === undefined) return undefined
    return result as MappingOf<Required, Optional>
  })
}

/** The value as it stands in the file. */
export function writtenAs({ start, end }: Span, { source }: Diagnostics): string {
  return source.text.slice(start, end)
}

function unknownKey(
  span: Span,
  key: string,
  what: string,
  repair: Repair,
  diagnostics: Diagnostics,
): void {
  const message = `unknown key \`${shorten(key, 64)}\` in ${what}`
  diagnostics.error(span, 'unknown-key', message, repair)
}

function missingKey(
  node: MapNode,
  key: string,
  what: string,
  form: string,
  diagnostics: Diagnostics,
): void {
  const first = node.entries.first ?? { start: node.start, end: node.start + 1 }
  diagnostics.error(first, 'missing-key', `${what} needs the key \`${key}\``, {
    help: `add \`${key}:\` and ${form}`,
  })
}

export function wrongType(
  node: Node,
  diagnostics: Diagnostics,
  message: string,
  repair: Repair,
): undefined {
  return diagnostics.error(node, 'wrong-type', `${message}, not ${describe(node)}`, repair)
}

/** A list of at least `minimum` and at most `maximum` items; by default 1 to 100,000. */
export function listOf<T>(
  what: string,
  read: Read<T>,
  { minimum = 1, maximum = 100_000 }: { readonly minimum?: number; readonly maximum?: number } = {},
): Read<readonly T[]> {
  return formed('a list', (node, diagnostics) => {
    if (node.kind !== 'list') {
      const trial = new Diagnostics(diagnostics.source)
      const isItem = read(node, trial) !== undefined && !trial.hasErrors
      const repair = repairList(writtenAs(node, diagnostics), isItem)
      return wrongType(node, diagnostics, `${what} has to be a list`, repair)
    }
    if (node.items.length < minimum || node.items.length > maximum) {
      const isShort = node.items.length < minimum
      const bound = isShort ? `at least ${minimum}` : `at most ${maximum}`
      const message = `${what} needs ${bound} ${bound.endsWith(' 1') ? 'item' : 'items'}`
      return diagnostics.error(node, 'bad-value', message, {
        help: isShort ? 'add to the list, or remove what holds it' : 'shorten the list',
      })
    }
    // of the length it has: one that grows makes room for more than most lists hold
    return withoutGaps(node.items.map((item) => read(item, diagnostics)))
  })
}

/** What could be read of a list. */
export function withoutGaps<T>(items: readonly (T | undefined)[]): readonly T[] {
  return items.includes(undefined)
    ? items.filter((item) => item !== undefined)
    : (items as readonly T[])
}

/** A mapping from free names to one kind of value, with the places of the names. */
export function recordOf<T>(
  what: string,
  checkKey: (key: Name, diagnostics: Diagnostics) => void,
  read: Read<T>,
  { minimum = 0 }: { readonly minimum?: number } = {},
): Read<readonly { readonly name: Name; readonly value: T }[]> {
  return formed('a mapping', (node, diagnostics) => {
    if (node.kind !== 'map') {
      return wrongType(node, diagnostics, `${what} has to be a mapping`, {
        help: 'write a name, a colon and a value for each entry, in braces or line by line',
      })
    }
    if (node.entries.size < minimum) {
      return diagnostics.error(node, 'bad-value', `${what} needs at least one entry`, {
        help: 'add an entry, or remove what holds it',
      })
    }
    const result: { name: Name; value: T }[] = []
    for (const { name: text, start, end, value: written } of node.entries) {
      const name = { text, start, end }
      checkKey(name, diagnostics)
      const value = read(written, diagnostics)
      if (value !== undefined) result.push({ name, value })
    }
    return result
  })
}

/** One of these words (or numbers). */
export function oneOf<const T extends JsonPrimitive>(what: string, values: readonly T[]): Read<T> {
  const words = values.map(String)
  const listed = words.map((word) => `\`${word}\``).join(', ')
  const form = words.length === 1 ? listed : `one of ${listed}`
  return formed(form, (node, diagnostics) => {
    const value = node.kind === 'scalar' ? node.value : undefined
    if (value !== undefined && values.includes(value as T)) return value as T
    const shown = value === undefined ? describe(node) : `\`${shorten(String(value), 64)}\``
    // of the right word, only the quotes are wrong
    const kind = typeof value === 'string' && words.includes(value) ? 'the text ' : ''
    const message = `${what} cannot be ${kind}${shown}`
    return diagnostics.error(node, 'bad-value', message, suggestionFor(String(value ?? ''), words))
  })
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
  const noun = integer ? 'a whole number' : 'a number'
  return formed(noun, (node, diagnostics) => {
    const value = node.kind === 'scalar' ? node.value : undefined
    if (typeof value !== 'number') {
      return wrongType(node, diagnostics, `${what} has to be ${noun}`, repairNumber(node))
    }
    if (integer && !Number.isInteger(value)) {
      return diagnostics.error(node, 'wrong-type', `${what} has to be ${noun}, not ${value}`, {
        help: `write it without a fraction, such as \`${Math.trunc(value)}\``,
      })
    }
    const outside = (bound: string, help: string): undefined =>
      diagnostics.error(node, 'bad-value', `${what} has to be ${bound}`, { help })
    if (minimum !== undefined && value < minimum) {
      return outside(`at least ${minimum}`, `write \`${minimum}\` or more`)
    }
    if (maximum !== undefined && value > maximum) {
      return outside(`at most ${maximum}`, `write \`${maximum}\` or less`)
    }
    if (above !== undefined && value <= above) {
      return outside(`above ${above}`, `write more than \`${above}\``)
    }
    return value
  })
}

export const boolean: Read<boolean> = formed('`true` or `false`', (node, diagnostics) =>
  node.kind === 'scalar' && typeof node.value === 'boolean'
    ? node.value
    : wrongType(node, diagnostics, 'the value has to be `true` or `false`', repairBoolean(node)),
)

export const jsonObject: Read<JsonObject> = (node, diagnostics) =>
  node.kind === 'map'
    ? mapToJson(node)
    : wrongType(node, diagnostics, 'the value has to be a mapping', {
        help: 'write `key: value` in braces, such as `{ order: O-7 }`; an empty one is `{}`',
      })
