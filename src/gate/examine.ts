import { digestJson, sha256 } from '../base/digest.ts'
import { errorData, messageOf, type ErrorData } from '../base/errors.ts'
import {
  deepFreeze,
  escapeToken,
  isObject,
  parseJson,
  type JsonBounds,
  type JsonObject,
  type JsonValue,
} from '../base/json.ts'
import { nearest } from '../base/suggest.ts'
import { shorten } from '../base/text.ts'
import type { ToolCall } from '../protocol/call.ts'
import { hideSensitive } from '../tools/failure.ts'
import { checkArguments, type CheckedArguments } from '../tools/schema.ts'
import type { ToolView } from '../tools/registry.ts'
import type { Tool } from '../tools/tool.ts'
import type { Defect, ExaminedCall } from './verdict.ts'

/** Examines a call; what fails inside is a defect of the call. */
export function examineSafely(
  call: ToolCall,
  registry: ToolView,
  bounds: JsonBounds | undefined,
): ExaminedCall | Promise<ExaminedCall> {
  try {
    const examined = examine(call, registry, bounds)
    return examined instanceof Promise
      ? examined.catch((error: unknown) => unexamined(call, error))
      : examined
  } catch (error) {
    return unexamined(call, error)
  }
}

/** The call with other arguments; an edit does not change its tool. */
export function examineEdited(
  { call, tool }: ExaminedCall,
  args: JsonObject,
  bounds: JsonBounds | undefined,
): ExaminedCall | Promise<ExaminedCall> {
  const view: ToolView = { get: () => tool, names: [] }
  return examineSafely({ ...call, rawArgs: JSON.stringify(args) }, view, bounds)
}

/**
 * Steps 1 to 5 of the pipeline: find the tool by its exact name, parse the argument text,
 * validate, fill in declared defaults, freeze, digest. Every later step, the tool included, sees
 * the one object that comes out.
 */
function examine(
  call: ToolCall,
  registry: ToolView,
  bounds: JsonBounds | undefined,
): ExaminedCall | Promise<ExaminedCall> {
  const tool = registry.get(call.tool)
  const defect = earlyDefect(call, tool, registry)
  if (defect !== undefined || tool === undefined) {
    const refused = unread(call, tool, defect, bounds)
    return tool === undefined && mayBeSensitive(call.tool, registry)
      ? { ...refused, sensitive: [''] }
      : refused
  }
  const checked = checkArguments(tool, call.rawArgs, bounds)
  return checked instanceof Promise
    ? checked.then((result) => conclude(call, tool, result, bounds))
    : conclude(call, tool, checked, bounds)
}

function conclude(
  call: ToolCall,
  tool: Tool,
  checked: CheckedArguments,
  bounds: JsonBounds | undefined,
): ExaminedCall {
  if (checked.ok) {
    return { call, tool, args: checked.args, argsDigest: checked.digest, defect: undefined }
  }
  const { step, status, details } = checked
  const refused = unread(call, tool, undefined, bounds)
  const hide = (text: string): string => hideSensitive(text, refused.args, tool.sensitive)
  const error = errorData(step === 'bad_json' ? 'bad-json' : 'bad-args', hide(checked.message), {
    details: mapTexts(details, hide),
  })
  const sensitive = [...tool.sensitive, ...undeclared(tool, refused.args)]
  const defect = { status, step, error }
  return { ...refused, defect, ...(tool.sensitive.length === 0 ? {} : { sensitive }) }
}

/** Members the schema does not declare may be misspelt sensitive ones. */
function undeclared(tool: Tool, args: JsonValue | null): readonly string[] {
  const declared = tool.input['properties']
  if (!isObject(args) || !isObject(declared)) return []
  const keys = Object.keys(args).filter((key) => !Object.hasOwn(declared, key))
  // each pointer costs a copy of the arguments, so many are hidden as one
  return keys.length > 16 ? [''] : keys.map((key) => `/${escapeToken(key)}`)
}

/** Whether arguments in a call of this name may hold what a tool calls sensitive. */
export function hidesArguments(name: string, registry: ToolView): boolean {
  const tool = registry.get(name)
  return tool === undefined ? mayBeSensitive(name, registry) : tool.sensitive.length > 0
}

/** Whether a name that no tool has is near to that of a tool with sensitive arguments. */
function mayBeSensitive(name: string, registry: ToolView): boolean {
  const plain = name.trim().toLowerCase()
  return registry.names.some(
    (known) =>
      registry.get(known)!.sensitive.length > 0 &&
      (known.toLowerCase() === plain || nearest(plain, [known]) !== undefined),
  )
}

function mapTexts(
  texts: Readonly<Record<string, string>>,
  change: (text: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, change(text)]))
}

function earlyDefect(
  call: ToolCall,
  tool: Tool | undefined,
  registry: ToolView,
): Defect | undefined {
  if (call.defect?.status === 'truncated') {
    return {
      status: 'truncated',
      step: 'truncated',
      error: errorData('truncated', call.defect.message),
    }
  }
  if (tool === undefined) return unknownTool(call.tool, registry)
  if (call.defect === undefined) return undefined
  return {
    status: 'error-parsing',
    step: 'bad_json',
    error: errorData('bad-json', call.defect.message),
  }
}

function unknownTool(name: string, registry: ToolView): Defect {
  const error: ErrorData = errorData('unknown-tool', `there is no tool \`${shorten(name, 128)}\``, {
    help: `the tools are ${registry.names.map((known) => `\`${known}\``).join(', ')}`,
  })
  return { status: 'error-not-found', step: 'unknown_tool', error }
}

/** A call at which the examination itself failed: refused, with nothing shown of it. */
function unexamined(call: ToolCall, error: unknown): ExaminedCall {
  const message = `the gate failed: ${messageOf(error)}`
  return {
    call,
    tool: undefined,
    args: null,
    argsDigest: sha256(call.rawArgs.toWellFormed()),
    defect: { status: 'error-security', step: 'gate_error', error: errorData('internal', message) },
  }
}

/** A call that will not run; its arguments are still shown where they parse. */
function unread(
  call: ToolCall,
  tool: Tool | undefined,
  defect: Defect | undefined,
  bounds: JsonBounds | undefined,
): ExaminedCall {
  const parsed = parseJson(call.rawArgs, bounds)
  const args: JsonValue | null = parsed.ok ? deepFreeze(parsed.value) : null
  const argsDigest = parsed.ok ? digestJson(parsed.value) : sha256(call.rawArgs.toWellFormed())
  return { call, tool, args, argsDigest, defect }
}
