import { isDeeper } from '../base/depth.ts'
import { isObject, type JsonValue } from '../base/json.ts'

/**
 * Readers for JSON from a provider, which may be of any shape: what is not as expected counts as
 * absent. Where absence would be unsafe the caller checks for itself.
 */
export function textAt(object: Record<string, unknown>, key: string): string | undefined {
  const value = object[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function objectAt(
  object: Record<string, unknown>,
  key: string,
): Record<string, unknown> | undefined {
  const value = object[key]
  return isObject(value) ? value : undefined
}

export function listAt(object: Record<string, unknown>, key: string): readonly unknown[] {
  const value = object[key]
  return Array.isArray(value) ? value : []
}

/**
 * A number that is not negative, as counts and prices are; of one that no count can be, 2^53 - 1: sums
 * over a run have to stay numbers.
 */
export function countAt(object: Record<string, unknown>, key: string): number | undefined {
  const value = object[key]
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return undefined
  return Math.min(value, Number.MAX_SAFE_INTEGER)
}

/** Like `countAt`, also for a number that is written as a text, as some gateways write counts and prices. */
export function amountAt(object: Record<string, unknown>, key: string): number | undefined {
  const value = object[key]
  const isWritten = typeof value === 'string' && /^\d{1,16}(\.\d{1,32})?(e-?\d{1,2})?$/i.test(value)
  return countAt(isWritten ? { [key]: Number(value) } : object, key)
}

/** A whole number of tokens; none where none are told. */
export function tokensAt(object: Record<string, unknown>, key: string): number {
  return Math.round(amountAt(object, key) ?? 0)
}

/** True when the member `error` tells of one: some endpoints send an empty one with every answer. */
export function hasError(object: Record<string, unknown>): boolean {
  const { error } = object
  return error != null && error !== '' && error !== false
}

/**
 * True when the value is nested at most 64 levels. What is kept and written again later has to
 * pass, because writing recurses and reading does not.
 */
export function isShallow(value: unknown): value is JsonValue {
  return !isDeeper(value, 64)
}

/**
 * True when a record can hold the value and it can be sent back: shallow, and without numbers, texts
 * and keys that no record takes. Not for pieces: a pair of surrogates may be cut in two.
 */
export function isKeepable(value: unknown, levels = 64): value is JsonValue {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  return Object.entries(value).every(
    ([key, member]) => key !== '__proto__' && key.isWellFormed() && isKeepable(member, levels - 1),
  )
}
