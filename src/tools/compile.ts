import type { Ajv2020, ErrorObject, Options } from 'ajv/dist/2020.js'
import type { RE2JS } from 're2js'
import { isMultipleOf } from '../base/decimal.ts'
import { canonicalJson } from '../base/digest.ts'
import { messageOf } from '../base/errors.ts'
import { shorten } from '../base/text.ts'
import { formats } from './formats.ts'
import { compilePattern, patternBudget, PatternError } from './pattern.ts'
import { badSchema, dialectOf, rewriteSchema, stepKeyword, type Schema } from './rewrite.ts'

/** References followed for one value, after which it is refused; nested choices multiply them. */
const maxSteps = 1_000_000

/** The first thing a value has wrong; the value itself is never part of it. */
export interface SchemaProblem {
  /** JSON Pointer to the value that does not fit. */
  readonly pointer: string
  readonly message: string
}

export type Validator = (value: unknown) => SchemaProblem | undefined

export interface CompileOptions {
  /**
   * Refuse keywords that hold back nothing because the type they are for is not declared, e.g.
   * `maximum` without `type: number`. Default true.
   */
  readonly typed?: boolean
  /**
   * The schema was derived from a library that checks every value itself: patterns the linear
   * engine cannot run and formats it does not know are left to that library. Default false.
   */
  readonly derived?: boolean
}

interface Engine {
  readonly Ajv2020: new (options: Options) => Ajv2020
  readonly Ajv: new (options: Options) => Ajv2020
  readonly RE2JS: typeof RE2JS
}

/** Loaded on first use: it costs more than the rest of this library together. */
async function loadEngine(): Promise<Engine> {
  const [{ Ajv2020 }, { Ajv }, { RE2JS }] = await Promise.all([
    import('ajv/dist/2020.js'),
    import('ajv'),
    import('re2js'),
  ])
  return { Ajv2020, Ajv: Ajv as unknown as Engine['Ajv'], RE2JS }
}

/**
 * Compiles a JSON Schema (2020-12, or draft-07 when `$schema` says so) into a validator that never
 * changes what it checks. Each schema gets an Ajv of its own (about 0.2 ms), so schemas cannot see
 * or collide with each other and nothing of them stays behind.
 *
 * Refused with `bad-schema`: unknown keywords and formats, references out of the document,
 * `$dynamicRef`, `unevaluated*`, patterns no linear engine can run.
 */
export async function compileSchema(
  schema: Schema,
  options: CompileOptions = {},
): Promise<Validator> {
  const engine = await loadEngine()
  const leaveOut =
    options.derived === true ? (k: string, v: string) => !runs(engine, k, v) : undefined
  const rewritten = rewriteSchema(schema, leaveOut === undefined ? {} : { leaveOut })
  const budget = { left: 0 }
  const ajv = createAjv(engine, schema, options.typed ?? true, budget)
  try {
    const validate = ajv.compile(rewritten)
    return (value) => {
      budget.left = maxSteps
      try {
        if (validate(value)) return undefined
      } catch (error) {
        return {
          pointer: '',
          message: `could not be checked: ${shorten(messageOf(error), 200)}`,
        }
      }
      return problemOf(validate.errors?.[0])
    }
  } catch (error) {
    throw explain(error)
  }
}

function createAjv(
  engine: Engine,
  schema: Schema,
  typed: boolean,
  budget: { left: number },
): Ajv2020 {
  const Class = dialectOf(schema) === 'draft-07' ? engine.Ajv : engine.Ajv2020
  const patterns = patternBudget()
  const ajv = new Class({
    strict: true,
    strictTypes: typed,
    strictRequired: false,
    strictTuples: false,
    allowUnionTypes: true,
    allowMatchingProperties: true,
    ownProperties: true,
    // copying what is referred to would let a small schema become a large program
    inlineRefs: false,
    allErrors: false,
    coerceTypes: false,
    useDefaults: false,
    $data: false,
    meta: false,
    validateSchema: false,
    logger: false,
    formats: { ...formats },
    code: {
      regExp: Object.assign((source: string) => compilePattern(engine.RE2JS, source, patterns), {
        code: 'linear',
      }),
    },
  })
  addKeywords(ajv, budget)
  return ajv
}

/** Keywords whose own form in Ajv is quadratic, inexact, or without a bound. */
function addKeywords(ajv: Ajv2020, budget: { left: number }): void {
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    errors: false,
    validate: (unique: boolean, items: readonly unknown[]) =>
      !unique || new Set(items.map((item) => canonicalJson(item))).size === items.length,
  })
  ajv.removeKeyword('multipleOf')
  ajv.addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    errors: false,
    validate: (step: number, value: number) => isMultipleOf(value, step),
  })
  ajv.addKeyword('$anchor')
  ajv.addKeyword({
    keyword: stepKeyword,
    before: '$ref',
    schemaType: 'boolean',
    errors: false,
    validate: () => {
      if (--budget.left < 0) throw new Error('the schema follows too many references')
      return true
    },
  })
}

function runs(engine: Engine, keyword: string, value: string): boolean {
  if (keyword === 'format') return Object.hasOwn(formats, value)
  try {
    compilePattern(engine.RE2JS, value, patternBudget())
    return true
  } catch {
    return false
  }
}

function explain(error: unknown): Error {
  if (error instanceof PatternError) {
    return badSchema('', `a pattern cannot be used: ${error.message}`, {
      help: 'write patterns without look-around and back-references, or use a `format`',
    })
  }
  if (error instanceof RangeError) return badSchema('', 'it is too large to be compiled')
  return badSchema('', shorten(messageOf(error).replace(/^strict mode: /, ''), 300), {
    help: 'declare a `type` beside each bound; formats have to be known',
    cause: error,
  })
}

const words: Readonly<Record<string, string>> = {
  uniqueItems: 'must not have two equal items',
  multipleOf: 'must be a multiple of the number under `multipleOf`',
  'false schema': 'is not accepted',
}

function problemOf(error: ErrorObject | undefined): SchemaProblem {
  if (error === undefined) return { pointer: '', message: 'does not match the schema' }
  return { pointer: shorten(error.instancePath, 200), message: messageFor(error) }
}

function messageFor({ keyword, message, params }: ErrorObject): string {
  const parameters = params as Readonly<Record<string, unknown>>
  const text = words[keyword] ?? message ?? 'does not match the schema'
  switch (keyword) {
    case 'additionalProperties':
      return `must not have the member \`${shorten(String(parameters['additionalProperty']), 64)}\``
    case 'enum':
      return `must be one of ${shorten(JSON.stringify(parameters['allowedValues']), 200)}`
    case 'const':
      return `must be ${shorten(JSON.stringify(parameters['allowedValue']), 200)}`
    default:
      return shorten(text, 300)
  }
}
