import { errorData, SallyportError, type ErrorData } from '../base/errors.ts'
import { isObject, parseJson, type JsonObject, type JsonValue } from '../base/json.ts'
import { copyPlain } from '../base/plain.ts'
import type { OutputFormat } from '../protocol/request.ts'
import type { SchemaProblem, Validator } from '../tools/compile.ts'
import { compileSchemaOf, withinTime } from '../tools/schema.ts'
import {
  checkStandard,
  isStandardSchema,
  jsonSchemaOf,
  type StandardOutcome,
  type StandardOutput,
  type StandardSchema,
} from '../tools/standard-schema.ts'
import type { Overdrawn } from './call-budget.ts'

export type OutputSchema = JsonObject | StandardSchema

/** What the answer of a run has to be. */
export interface OutputOptions<Schema extends OutputSchema = OutputSchema> {
  /**
   * JSON Schema, or a Standard Schema that knows its JSON Schema. Default: any JSON object. Values
   * are checked, never altered: a schema that converts what it reads refuses it.
   */
  readonly schema?: Schema
  /** What the model is told it is called: 1 to 64 letters, digits, `_` and `-`. Default `answer`. */
  readonly name?: string
  /**
   * Asks the provider to hold the model to the schema. Some demand that every member is required
   * and no other is allowed. Default true.
   */
  readonly strict?: boolean
}

/** The type of what a schema accepts. */
export type OutputOf<Schema extends OutputSchema> = Schema extends StandardSchema
  ? StandardOutput<Schema>
  : JsonValue

/** An answer that was read, or what is wrong with it. */
export type CheckedAnswer =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly error: ErrorData }

/** The form an answer has to have. */
export interface AnswerForm {
  /** What the model is asked for. */
  readonly format: OutputFormat
  check(text: string): CheckedAnswer | Promise<CheckedAnswer>
}

const schemaBounds = { maxLength: 1024 * 1024, maxDepth: 64 }

/** Time a schema library has for one answer. */
const checkMs = 30_000

/**
 * Compiles what is wanted of an answer. Rejects with `bad-schema` for a schema that cannot be used.
 */
export async function compileOutput(options: OutputOptions): Promise<AnswerForm> {
  const { schema: given, name = 'answer', strict } = options
  if (given === undefined) return { format: { type: 'json' }, check: checkObject }
  const library = isStandardSchema(given) ? given : undefined
  const schema = plainSchema(library === undefined ? given : jsonSchemaOf(library, 'output'))
  const validate = await compileSchemaOf('schema of the output', schema, library)
  return {
    format: { type: 'json-schema', name, schema, ...(strict === undefined ? {} : { strict }) },
    check: (text) => checkAnswer(text, validate, library),
  }
}

/** A frozen copy: the schema that was compiled is the one the model is told. */
function plainSchema(given: unknown): JsonObject {
  const copy = copyPlain(given, schemaBounds)
  if (copy.ok && isObject(copy.value)) return copy.value as JsonObject
  const problem = copy.ok ? 'it is not an object' : copy.message
  throw new SallyportError('bad-schema', `the schema of the output cannot be used: ${problem}`)
}

function checkObject(text: string): CheckedAnswer {
  const parsed = parseJson(text)
  if (!parsed.ok) return wrong(notJson(parsed.message))
  if (isObject(parsed.value)) return { ok: true, value: parsed.value as JsonValue }
  return wrong({ pointer: '', message: 'is not a JSON object' })
}

function checkAnswer(
  text: string,
  validate: Validator,
  library: StandardSchema | undefined,
): CheckedAnswer | Promise<CheckedAnswer> {
  const parsed = parseJson(text)
  if (!parsed.ok) return wrong(notJson(parsed.message))
  const problem = validate(parsed.value)
  if (problem !== undefined) return wrong(problem)
  const value = parsed.value as JsonValue
  if (library === undefined) return { ok: true, value }
  const outcome = withinTime(checkStandard(library, value), checkMs)
  return outcome instanceof Promise ? outcome.then(conclude) : conclude(outcome)
}

function conclude(outcome: StandardOutcome): CheckedAnswer {
  return outcome.ok ? outcome : wrong(outcome.problem)
}

function notJson(problem: string): SchemaProblem {
  return { pointer: '', message: `is not acceptable JSON: ${problem}` }
}

function wrong({ pointer, message }: SchemaProblem): CheckedAnswer {
  const place = pointer === '' ? 'it' : `\`${pointer}\``
  const text = `the answer does not have the form that was asked for: ${place} ${message}`
  const help = 'describe the form in the instructions too, or ask a model that can keep to it'
  return { ok: false, error: errorData('model-output', text, { help, details: { pointer } }) }
}

/** What closes a run to calls while an answer is asked for again. */
export const repairBound: Overdrawn = {
  limit: 'outputRepair',
  max: 0,
  message: 'no calls run while an answer is asked for again',
}

/** Longest schema that is told again, in characters of JSON. */
const maxTold = 16_384

/** What the model is told about an answer that does not have its form. */
export function repairRequest({ format }: AnswerForm, { message }: ErrorData): string {
  const schema = format.type === 'json' ? undefined : JSON.stringify(format.schema)
  const told = schema !== undefined && schema.length <= maxTold ? ` that matches ${schema}` : ''
  return `Your last answer cannot be used: ${message}. Answer again, with nothing but JSON${told}.`
}
