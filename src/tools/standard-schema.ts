import { messageOf } from '../base/errors.ts'
import { copyPlain } from '../base/plain.ts'
import { escapeToken, isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { shorten } from '../base/text.ts'
import type { SchemaProblem } from './compile.ts'
import { badSchema } from './rewrite.ts'

/**
 * What is used of a Standard Schema (standardschema.dev, version 1): its validation, and its JSON
 * Schema, which zod 4.2, arktype 2.1.28 and valibot (`toStandardJsonSchema`) provide.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: string }) => Record<string, unknown>
      readonly output: (options: { readonly target: string }) => Record<string, unknown>
    }
  }
}

export type StandardOutput<Schema extends StandardSchema> = NonNullable<
  Schema['~standard']['types']
>['output']

type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** True for schema objects of libraries; some of them are functions. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    '~standard' in value
  )
}

/** The JSON Schema of a library's schema; throws `bad-schema` when the library has none for it. */
export function jsonSchemaOf(schema: StandardSchema, side: 'input' | 'output'): unknown {
  const { vendor, jsonSchema } = schema['~standard']
  if (jsonSchema === undefined) {
    throw badSchema('', `\`${shorten(vendor, 40)}\` does not say what it is as JSON Schema`, {
      help: 'pass a JSON Schema, or wrap the schema with the JSON Schema converter of its library',
    })
  }
  try {
    return jsonSchema[side]({ target: 'draft-2020-12' })
  } catch (error) {
    throw badSchema('', shorten(messageOf(error), 200), { cause: error })
  }
}

export type StandardOutcome =
  | { readonly ok: true; readonly value: JsonValue; readonly added: readonly string[] }
  | { readonly ok: false; readonly problem: SchemaProblem }

/**
 * Asks the library about a frozen value. What the library returns is compared, not used: a value
 * it changed (coerced, trimmed, transformed, stripped) is a problem, because policy and tool would
 * see something else than was proposed. Only members it added, as defaults are, are taken over.
 */
export function checkStandard(
  schema: StandardSchema,
  value: JsonValue,
): StandardOutcome | Promise<StandardOutcome> {
  try {
    const result = schema['~standard'].validate(value)
    return result instanceof Promise
      ? result.then((settled) => conclude(value, settled)).catch(failed)
      : conclude(value, result)
  } catch (error) {
    return failed(error)
  }
}

function failed(error: unknown): StandardOutcome {
  const message = `could not be checked: ${shorten(messageOf(error), 200)}`
  return { ok: false, problem: { pointer: '', message } }
}

function conclude(value: JsonValue, result: StandardResult<unknown>): StandardOutcome {
  if (result.issues !== undefined) return { ok: false, problem: issueProblem(result.issues[0]) }
  const added: string[] = []
  try {
    return { ok: true, value: reconcile(value, result.value, '', added), added }
  } catch (error) {
    if (!(error instanceof ChangedValue)) throw error
    return { ok: false, problem: { pointer: error.pointer, message: error.message } }
  }
}

function issueProblem(issue: StandardIssue | undefined): SchemaProblem {
  const path = issue?.path ?? []
  const tokens = path.map((step) => (typeof step === 'object' ? step.key : step))
  const pointer = tokens.map((token) => `/${escapeToken(String(token))}`).join('')
  return {
    pointer: shorten(pointer, 200),
    message: shorten(issue?.message ?? 'is not accepted', 200),
  }
}

class ChangedValue extends Error {
  readonly pointer: string

  constructor(pointer: string, message: string) {
    super(message)
    this.pointer = shorten(pointer, 200)
  }
}

/** `before`, with the members that `after` has more. Throws where they differ otherwise. */
function reconcile(before: JsonValue, after: unknown, pointer: string, added: string[]): JsonValue {
  if (Array.isArray(before)) return reconcileArray(before, after, pointer, added)
  if (isObject(before)) return reconcileObject(before as JsonObject, after, pointer, added)
  if (before !== after) throw changed(pointer)
  return before
}

function reconcileArray(
  before: readonly JsonValue[],
  after: unknown,
  pointer: string,
  added: string[],
): JsonValue {
  if (!Array.isArray(after) || after.length !== before.length) throw changed(pointer)
  const known = added.length
  const items = before.map((item, index) =>
    reconcile(item, after[index], `${pointer}/${index}`, added),
  )
  return added.length === known ? before : Object.freeze(items)
}

function reconcileObject(
  before: JsonObject,
  after: unknown,
  pointer: string,
  added: string[],
): JsonValue {
  if (!isObject(after) || !isPlain(after)) throw changed(pointer)
  const known = added.length
  const merged: Record<string, JsonValue> = {}
  for (const [key, member] of Object.entries(before)) {
    const place = `${pointer}/${escapeToken(key)}`
    if (!Object.hasOwn(after, key)) throw new ChangedValue(place, 'is not accepted')
    merged[key] = reconcile(member, after[key], place, added)
  }
  for (const key of Object.keys(after)) {
    if (Object.hasOwn(before, key)) continue
    const member = addition(after[key], `${pointer}/${escapeToken(key)}`)
    if (member === undefined) continue
    merged[key] = member
    added.push(`${pointer}/${escapeToken(key)}`)
  }
  return added.length === known ? before : Object.freeze(merged)
}

function addition(value: unknown, pointer: string): JsonValue | undefined {
  if (value === undefined) return undefined
  if (pointer.endsWith('/__proto__')) throw changed(pointer)
  const copy = copyPlain(value, { maxLength: 65_536, maxDepth: 32 })
  if (!copy.ok) throw new ChangedValue(pointer, `was given a default that is not JSON`)
  return copy.value
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function changed(pointer: string): ChangedValue {
  return new ChangedValue(pointer, 'is changed by the schema; values are never altered')
}
