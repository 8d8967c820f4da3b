import { messageOf } from './errors.ts'
import type { JsonValue } from './json.ts'
import { shorten } from './text.ts'

export interface PlainBounds {
  /** Upper bound for the length of the JSON text, in UTF-16 code units. */
  readonly maxLength: number
  readonly maxDepth: number
  /** Refuse what JSON would leave out or turn into null: undefined, functions, NaN. Default false. */
  readonly exact?: boolean
}

export type PlainResult =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly message: string }

/**
 * A deeply frozen JSON copy of a value from inside the process, by the rules of `JSON.stringify`:
 * `toJSON` is asked, members that are undefined, functions or symbols are left out (null in an
 * array), numbers that are not finite become null. Every getter is read once, nothing is awaited.
 * Lone surrogates become U+FFFD, since no digest could be made over them.
 *
 * Refused where `JSON.stringify` would lose data silently or fail: bigint, Map, Set, Promise,
 * Error, binary data, an object of any class that has no members of its own (a generator, a stream, a
 * `Response`), cycles, getters that throw, a member `__proto__`, keys with lone surrogates, and what
 * is over the bounds.
 */
export function copyPlain(value: unknown, bounds: PlainBounds): PlainResult {
  const copier = new Copier(bounds)
  try {
    return { ok: true, value: copier.copy(value, '', 0) ?? null }
  } catch (error) {
    return { ok: false, message: NotPlain.is(error) ? error.message : threw(error) }
  }
}

function threw(error: unknown): string {
  return `reading the value failed: ${shorten(messageOf(error), 200)}`
}

class NotPlain extends Error {
  readonly #mark = true

  /** Also safe for a thrown proxy, which `instanceof` would run. */
  static is(value: unknown): value is NotPlain {
    return typeof value === 'object' && value !== null && #mark in value && value.#mark
  }
}

class Copier {
  readonly #maxDepth: number
  readonly #maxLength: number
  readonly #exact: boolean
  #left: number

  constructor({ maxDepth, maxLength, exact }: PlainBounds) {
    this.#exact = exact ?? false
    this.#maxDepth = maxDepth
    this.#maxLength = maxLength
    this.#left = maxLength
  }

  copy(value: unknown, key: string, depth: number): JsonValue | undefined {
    switch (typeof value) {
      case 'string':
        this.#spend(value.length + 2)
        return value.toWellFormed()
      case 'number':
        this.#spend(1)
        if (Number.isFinite(value)) return value
        if (this.#exact) throw new NotPlain('a number that is not finite has no JSON form')
        return null
      case 'boolean':
        this.#spend(4)
        return value
      case 'object':
        return value === null ? null : this.#copyObject(value, key, depth)
      case 'bigint':
        throw new NotPlain('a bigint has no JSON form')
      default:
        if (this.#exact) throw new NotPlain(`a value of type ${typeof value} has no JSON form`)
        return undefined
    }
  }

  #copyObject(value: object, key: string, depth: number): JsonValue | undefined {
    const toJson: unknown = (value as { toJSON?: unknown }).toJSON
    // a Buffer has one, and would become a list of numbers in which nobody looks for text
    const isBinary = ArrayBuffer.isView(value)
    if (isBinary || typeof toJson !== 'function') return this.#copyContainer(value, depth)
    const replaced: unknown = Reflect.apply(toJson, value, [key])
    return typeof replaced === 'object' && replaced !== null
      ? this.#copyContainer(replaced, depth)
      : this.copy(replaced, key, depth)
  }

  #copyContainer(value: object, depth: number): JsonValue {
    if (depth === this.#maxDepth) {
      throw new NotPlain(`the value is cyclic or nested deeper than ${this.#maxDepth} levels`)
    }
    this.#spend(2)
    if (Array.isArray(value)) return this.#copyArray(value, depth)
    const lossy = lossyKind(value)
    if (lossy !== undefined) throw new NotPlain(`a ${lossy} has no JSON form`)
    return this.#copyMembers(value as Record<string, unknown>, depth)
  }

  #copyArray(items: readonly unknown[], depth: number): JsonValue {
    const copy: JsonValue[] = []
    for (let index = 0; index < items.length; index++) {
      this.#spend(1)
      copy.push(this.copy(items[index], String(index), depth + 1) ?? null)
    }
    return Object.freeze(copy)
  }

  #copyMembers(value: Record<string, unknown>, depth: number): JsonValue {
    const copy: Record<string, JsonValue> = {}
    for (const key of Object.keys(value)) {
      if (key === '__proto__') throw new NotPlain('a member `__proto__` is not accepted')
      if (!key.isWellFormed()) throw new NotPlain('a key holds a lone surrogate')
      this.#spend(key.length + 4)
      const member = this.copy(value[key], key, depth + 1)
      if (member !== undefined) copy[key] = member
    }
    return Object.freeze(copy)
  }

  #spend(length: number): void {
    this.#left -= length
    if (this.#left < 0) {
      throw new NotPlain(`the value is longer than ${this.#maxLength} characters of JSON`)
    }
  }
}

function lossyKind(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  // that of objects alone has none itself, also where another realm has made them
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined
  if (value instanceof Map || value instanceof WeakMap) return 'Map'
  if (value instanceof Set || value instanceof WeakSet) return 'Set'
  if (value instanceof Promise) return 'Promise'
  if (value instanceof Error) return 'Error'
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 'block of binary data'
  return Object.keys(value).length === 0 ? 'value of a class without members' : undefined
}
