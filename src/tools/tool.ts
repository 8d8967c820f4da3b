import { SallyportError } from '../base/errors.ts'
import { isObject, type JsonObject, type JsonValue } from '../base/json.ts'
import type { ToolFacts } from '../protocol/facts.ts'
import type { Principal } from '../protocol/principal.ts'
import type { TraceHeaders } from '../protocol/request.ts'
import type { FetchedResponse, FetchInit } from './access/fetch.ts'
import type { OpenedFile, OpenFlags } from './access/open.ts'
import { readDefinition } from './definition.ts'
import type { StandardOutput, StandardSchema } from './standard-schema.ts'

const brand = Symbol.for('sallyport.tool')

/** What a tool does to the world, in the words of the Model Context Protocol. */
export interface ToolAnnotations {
  /** Changes nothing. Default false. */
  readonly readOnly: boolean
  /** May destroy or overwrite something. Default true, false for a read-only tool. */
  readonly destructive: boolean
  /** A second call with the same arguments changes nothing more. Default false. */
  readonly idempotent: boolean
  /** Reaches things outside the host's control. Default true. */
  readonly openWorld: boolean
}

/** A floor: what a caller must have whatever a policy says. Roles any of, scopes all of. */
export interface ToolRequirements {
  readonly scopes?: readonly string[]
  readonly roles?: readonly string[]
}

/** Writes a line to the log of the host. */
export type ToolLog = (message: string, data?: JsonValue) => void

/** What a tool is told about the call it carries out. */
export interface ToolContext<Deps = unknown> {
  /** On whose behalf; null for a caller who is not known. */
  readonly principal: Principal | null
  /** Aborts when the call is stopped; a tool that does not obey is left behind. */
  readonly signal: AbortSignal
  readonly runId: string
  readonly callId: string
  readonly turn: number
  /** Counts from 1. */
  readonly attempt: number
  /** The same over retries and resumed runs. */
  readonly idempotencyKey: string
  /** When the call is stopped, in milliseconds since the epoch. */
  readonly deadline: number
  readonly log: ToolLog
  /**
   * What trace the call belongs to, where a plugin says so, such as W3C `traceparent`. `fetch` sends
   * it along; a tool with a connection of its own can, as headers or as `_meta` of MCP.
   */
  readonly trace?: TraceHeaders | undefined
  /** What the host injected; never shown to the model. */
  readonly deps: Deps
  /**
   * Opens a file that the policy's guards of paths let this tool reach, judged again at this
   * moment; links are not followed unnoticed. The tool closes the handle. Default flags `r`. Rejects
   * with `access-denied`, or with the `code` of the system such as `ENOENT`.
   */
  open(path: string, flags?: OpenFlags): Promise<OpenedFile>
  /**
   * Fetches a URL that the policy's guards of the network let this tool reach; addresses and
   * redirects are judged too. At most 32 MiB. Rejects with `access-denied` or `access-too-large`.
   */
  fetch(url: string | URL, init?: FetchInit): Promise<FetchedResponse>
}

/** A JSON Schema as it is written in a program: any plain object. */
export type JsonSchema = Readonly<Record<string, unknown>>

export interface ToolDefinition<Args = JsonObject, Deps = unknown> {
  /** 1 to 128 characters out of `A-Z a-z 0-9 _ . : / -`; matched exactly. */
  readonly name: string
  /** For the model. At most 16,384 characters. */
  readonly description: string
  /**
   * Schema of the arguments, which are always one object. A JSON Schema (2020-12, or draft-07 when
   * `$schema` says so), or a Standard Schema that knows its JSON Schema. Members the schema names
   * nowhere are refused unless the tool is read-only or the schema says what else there may be.
   *
   * A Standard Schema is asked in addition to its JSON Schema. It can refuse arguments and add
   * defaults; a call whose arguments it would coerce, trim, transform or strip is refused.
   */
  readonly input: JsonSchema | StandardSchema
  /** Schema of the result; a result that does not match is an error. */
  readonly output?: JsonSchema | StandardSchema
  readonly annotations?: Partial<ToolAnnotations>
  readonly facts?: ToolFacts
  readonly requires?: ToolRequirements
  /** For all attempts together. Default 30,000; from 1 to 3,600,000. */
  readonly timeoutMs?: number
  /**
   * Attempts after the tool threw, at most 10; more than 1 only for an idempotent tool. The pause
   * starts at `delayMs` (default 100, at most 60,000) and doubles. Default 1 attempt.
   */
  readonly retry?: { readonly attempts: number; readonly delayMs?: number }
  /** Calls with the same key run one after the other. */
  concurrencyKey?(args: Args): string
  /** JSON Pointers into the arguments, `*` for any member, redacted in every output. */
  readonly sensitive?: readonly string[]
  /** JSON Pointers into the arguments at which a person may change them when approving. */
  readonly editable?: readonly string[]
  /** Longest text of a result the model sees, in UTF-8 bytes. Default 65,536; from 256 to 16 MiB. */
  readonly maxResultBytes?: number
  /** Carries out a call. An async generator reports progress by what it yields. */
  execute(args: Args, context: ToolContext<Deps>): unknown
  /**
   * Finds out what became of a call that was started and whose outcome nobody knows, by its
   * `idempotencyKey`. Asked when a run is resumed, under the policy of then; it must change nothing.
   * What it throws, and every other answer, counts as `unknown`.
   */
  reconcile?(args: Args, context: ToolContext<Deps>): Promise<Reconciliation> | Reconciliation
}

/** What became of a call; `result` as `execute` would have returned it. */
export type Reconciliation =
  | { readonly outcome: 'success'; readonly result: unknown }
  | { readonly outcome: 'failed' | 'unknown' }

/**
 * A checked, frozen tool definition. The function that carries out calls cannot be reached from
 * it; a call goes through `execute`, which demands a permit.
 */
export interface Tool {
  readonly [brand]: true
  readonly name: string
  readonly description: string
  /** JSON Schema of the arguments, as the model sees it. */
  readonly input: JsonObject
  readonly output: JsonObject | undefined
  readonly annotations: ToolAnnotations
  readonly facts: ToolFacts
  readonly requires: Required<ToolRequirements>
  readonly timeoutMs: number
  readonly retry: { readonly attempts: number; readonly delayMs: number }
  readonly sensitive: readonly string[]
  readonly editable: readonly string[]
  readonly maxResultBytes: number
  readonly concurrencyKey: ((args: JsonObject) => string) | undefined
}

export type Implementation = (args: JsonObject, context: ToolContext) => unknown

/** The parts of a definition that are not data. */
export interface ToolInternals extends SchemaLibraries {
  readonly implementation: Implementation
  readonly reconciler: Implementation | undefined
}

/** The schemas of a tool that a library checks as well. */
export interface SchemaLibraries {
  readonly inputLibrary: StandardSchema | undefined
  readonly outputLibrary: StandardSchema | undefined
}

const internals = new WeakMap<Tool, ToolInternals>()

/**
 * Checks a tool definition at once and makes a tool of it. The type of the arguments comes from a
 * Standard Schema, or from the type parameter beside a JSON Schema. Throws `bad-tool` and
 * `bad-schema`; what only shows when a schema is compiled is thrown by `createRegistry`.
 *
 * @example
 * ```ts
 * const refund = defineTool<{ order: string; amount: number }>({
 *   name: 'refund',
 *   description: 'Pays an order back.',
 *   input: {
 *     type: 'object',
 *     properties: { order: { type: 'string' }, amount: { type: 'number' } },
 *     required: ['order', 'amount'],
 *   },
 *   execute: ({ order, amount }) => `paid back ${amount} of ${order}`,
 * })
 * ```
 */
export function defineTool<Schema extends StandardSchema, Deps = unknown>(
  definition: ToolDefinition<StandardOutput<Schema>, Deps> & { readonly input: Schema },
): Tool
export function defineTool<Args = JsonObject, Deps = unknown>(
  definition: ToolDefinition<Args, Deps> & { readonly input: JsonSchema },
): Tool
export function defineTool(definition: object): Tool {
  const { data, ...inner } = readDefinition(definition)
  const tool: Tool = Object.freeze({ [brand]: true as const, ...data })
  internals.set(tool, inner)
  return tool
}

/** True for a tool made by this copy of the library. */
export function isTool(value: unknown): value is Tool {
  return typeof value === 'object' && value !== null && internals.has(value as Tool)
}

/**
 * Tools of tools and of plain definitions. Throws `bad-tool` or `bad-schema`, and `bad-tool` for
 * two of one name.
 */
export function toTools(definitions: readonly (Tool | ToolDefinition)[]): readonly Tool[] {
  const tools = definitions.map(toTool)
  const names = new Set<string>()
  for (const { name } of tools) {
    if (names.has(name)) {
      throw new SallyportError('bad-tool', `two tools have the name \`${name}\``, {
        help: 'give each tool a name of its own',
      })
    }
    names.add(name)
  }
  return tools
}

function toTool(definition: Tool | ToolDefinition): Tool {
  if (isTool(definition)) return definition
  if (!isObject(definition)) {
    throw new SallyportError('bad-tool', 'a tool is an object', {
      help: 'pass what `defineTool` returns, or a plain definition',
    })
  }
  if (Object.hasOwn(definition, brand)) {
    throw new SallyportError(
      'bad-tool',
      'this is a copy of a tool, or the tool of another copy of the library',
      { help: 'pass what `defineTool` returned itself, and install the library once' },
    )
  }
  return defineTool(definition as ToolDefinition & { readonly input: Record<string, unknown> })
}

/** Carries out a task as a run of its own; what it resolves with is the result of the call. */
export type Delegate = (prompt: string, signal: AbortSignal) => Promise<unknown>

const delegates = new WeakMap<ToolContext, Delegate>()

/** Only for the context that `execute.ts` makes. */
export function giveDelegate(context: ToolContext, delegate: Delegate): void {
  delegates.set(context, delegate)
}

/** How the call may be carried out as a run; undefined where it cannot. */
export function delegateOf(context: ToolContext): Delegate | undefined {
  return delegates.get(context)
}

/** Only for `execute.ts`, and inside an isolated process: whoever has this can bypass the gate. */
export function implementationOf(tool: Tool): Implementation {
  return internalsOf(tool).implementation
}

/** Whether a tool can tell what became of its calls. */
export function canReconcile(tool: Tool): boolean {
  return internalsOf(tool).reconciler !== undefined
}

/** Only for `execute.ts` too; undefined for a tool that cannot tell. */
export function reconcilerOf(tool: Tool): Implementation | undefined {
  return internalsOf(tool).reconciler
}

export function schemaLibrariesOf(tool: Tool): SchemaLibraries {
  const { inputLibrary, outputLibrary } = internalsOf(tool)
  return { inputLibrary, outputLibrary }
}

function internalsOf(tool: Tool): ToolInternals {
  const found = internals.get(tool)
  if (found === undefined) {
    throw new SallyportError('bad-tool', 'the object was not made by `defineTool`', {
      help: 'pass the tool as `defineTool` returned it; a copy is no tool',
    })
  }
  return found
}
