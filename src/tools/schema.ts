import { canonicalJson, sha256 } from '../base/digest.ts'
import { isSallyportError, SallyportError } from '../base/errors.ts'
import {
  deepFreeze,
  isObject,
  parseJson,
  type JsonBounds,
  type JsonObject,
  type JsonValue,
} from '../base/json.ts'
import { after } from '../base/signal.ts'
import { compileSchema, type SchemaProblem, type Validator } from './compile.ts'
import { applyDefaults, planDefaults, type DefaultPlan } from './defaults.ts'
import { checkStandard, type StandardOutcome, type StandardSchema } from './standard-schema.ts'
import { schemaLibrariesOf, type Tool } from './tool.ts'

/** The arguments of a call, or why there are none. */
export type CheckedArguments =
  | {
      readonly ok: true
      /** Frozen through and through; the object that every later step sees. */
      readonly args: JsonObject
      /** JSON Pointers to the members that were not sent but declared as defaults. */
      readonly defaults: readonly string[]
      /** Canonical JSON of `args` (RFC 8785), and its digest. */
      readonly canonical: string
      readonly digest: string
    }
  | {
      readonly ok: false
      readonly step: 'bad_json' | 'bad_args'
      readonly status: 'error-parsing' | 'error-validation'
      readonly message: string
      readonly details: Readonly<Record<string, string>>
    }

interface Prepared {
  readonly input: Validator
  readonly output: Validator | undefined
  readonly defaults: DefaultPlan | undefined
  readonly inputLibrary: StandardSchema | undefined
  readonly outputLibrary: StandardSchema | undefined
}

const prepared = new WeakMap<Tool, Prepared>()

/**
 * Compiles the schemas of a tool, once. Throws `bad-schema` naming the tool. Asynchronous because
 * the schema engine is loaded on first use.
 */
export async function prepareTool(tool: Tool): Promise<void> {
  if (prepared.has(tool)) return
  const { inputLibrary, outputLibrary } = schemaLibrariesOf(tool)
  prepared.set(tool, {
    input: await compileSchemaOf(`input of the tool \`${tool.name}\``, tool.input, inputLibrary),
    output:
      tool.output === undefined
        ? undefined
        : await compileSchemaOf(`output of the tool \`${tool.name}\``, tool.output, outputLibrary),
    defaults: planDefaults(tool.input),
    inputLibrary,
    outputLibrary,
  })
}

/** Compiles a schema; what is wrong with it is told of `what` it is the schema of. */
export async function compileSchemaOf(
  what: string,
  schema: JsonObject,
  library: StandardSchema | undefined,
): Promise<Validator> {
  try {
    return await compileSchema(schema, { derived: library !== undefined })
  } catch (error) {
    if (!isSallyportError(error)) throw error
    const { code, message, help, details } = error
    throw new SallyportError(code, `${what}: ${message}`, { help, details, cause: error })
  }
}

function preparedOf(tool: Tool): Prepared {
  const found = prepared.get(tool)
  if (found !== undefined) return found
  throw new SallyportError('bad-tool', `the tool \`${tool.name}\` has not been prepared`, {
    help: 'take tools out of a registry made by `createRegistry`',
  })
}

/**
 * Reads the argument text of a call: strict JSON, one object at the top, declared defaults filled
 * in, then the schema. Nothing is coerced or repaired: the tool gets what was sent plus the
 * defaults. Empty text is not `{}`. Returns a promise only for a schema library that validates
 * asynchronously.
 */
export function checkArguments(
  tool: Tool,
  text: string,
  bounds?: JsonBounds,
): CheckedArguments | Promise<CheckedArguments> {
  const parsed = parseJson(text, bounds)
  if (!parsed.ok) return unparsed(parsed.message, parsed.problem)
  if (!isObject(parsed.value))
    return unfit({ pointer: '', message: 'must be one JSON object' }, tool)
  const { defaults: plan, input, inputLibrary } = preparedOf(tool)
  const defaults = plan === undefined ? [] : applyDefaults(plan, parsed.value)
  const problem = input(parsed.value)
  if (problem !== undefined) return unfit(problem, tool)
  const args = deepFreeze(parsed.value as JsonObject)
  if (inputLibrary === undefined) return accept(args, defaults)
  const outcome = withinTime(checkStandard(inputLibrary, args), tool.timeoutMs)
  return outcome instanceof Promise
    ? outcome.then((settled) => conclude(settled, defaults, input, tool))
    : conclude(outcome, defaults, input, tool)
}

function conclude(
  outcome: StandardOutcome,
  defaults: readonly string[],
  input: Validator,
  tool: Tool,
): CheckedArguments {
  if (!outcome.ok) return unfit(outcome.problem, tool)
  // what the library added has to fit the schema the model was told, too
  const problem = outcome.added.length === 0 ? undefined : input(outcome.value)
  if (problem !== undefined) return unfit(problem, tool)
  return accept(outcome.value as JsonObject, [...defaults, ...outcome.added])
}

function accept(args: JsonObject, defaults: readonly string[]): CheckedArguments {
  const canonical = canonicalJson(args)
  return { ok: true, args, defaults, canonical, digest: sha256(canonical) }
}

function unparsed(message: string, problem: string): CheckedArguments {
  return {
    ok: false,
    step: 'bad_json',
    status: 'error-parsing',
    message: `the arguments are not acceptable: ${message}`,
    details: { problem },
  }
}

function unfit(problem: SchemaProblem, { sensitive }: Tool): CheckedArguments {
  const { pointer, message } = withoutSensitiveKeys(problem, sensitive)
  const place = pointer === '' ? 'the arguments' : `the argument \`${pointer}\``
  return {
    ok: false,
    step: 'bad_args',
    status: 'error-validation',
    message: `${place} ${message}`,
    details: { pointer, message },
  }
}

/** A problem at or below a sensitive place is told of that place, in words that quote no key. */
function withoutSensitiveKeys(problem: SchemaProblem, sensitive: readonly string[]): SchemaProblem {
  const tokens = problem.pointer.split('/')
  for (const pointer of sensitive) {
    const hidden = pointer.split('/')
    if (!hidden.every((token, at) => token === '*' || token === tokens[at])) continue
    const isBelow = tokens.length > hidden.length
    const message = isBelow || problem.message.includes('`') ? 'is not accepted' : problem.message
    return { pointer: tokens.slice(0, hidden.length).join('/'), message }
  }
  return problem
}

/** The first problem of a result with the output schema of its tool; none without a schema. */
export function checkOutput(
  tool: Tool,
  value: JsonValue,
): SchemaProblem | undefined | Promise<SchemaProblem | undefined> {
  const found = prepared.get(tool)
  if (found === undefined) return { pointer: '', message: 'cannot be checked: unprepared tool' }
  const { output, outputLibrary } = found
  const problem = output?.(value)
  if (problem !== undefined || outputLibrary === undefined) return problem
  const outcome = withinTime(checkStandard(outputLibrary, value), tool.timeoutMs)
  return outcome instanceof Promise ? outcome.then(outputProblem) : outputProblem(outcome)
}

function outputProblem(outcome: StandardOutcome): SchemaProblem | undefined {
  return outcome.ok ? undefined : outcome.problem
}

/** The outcome, or that there was none in time: a library that never answers must not hold up a run. */
export function withinTime(
  outcome: StandardOutcome | Promise<StandardOutcome>,
  milliseconds: number,
): StandardOutcome | Promise<StandardOutcome> {
  if (!(outcome instanceof Promise)) return outcome
  const late: StandardOutcome = {
    ok: false,
    problem: { pointer: '', message: 'could not be checked in time' },
  }
  return new Promise((resolve) => {
    const cancel = after(milliseconds, () => resolve(late))
    void outcome.then((settled) => {
      cancel()
      resolve(settled)
    })
  })
}
