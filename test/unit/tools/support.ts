import { systemClock } from '../../../src/base/clock.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import { execute, type ExecuteContext, type Execution } from '../../../src/tools/execute.ts'
import { mintPermit, type Permit } from '../../../src/tools/permit.ts'
import { createRegistry } from '../../../src/tools/registry.ts'
import { checkArguments, type CheckedArguments } from '../../../src/tools/schema.ts'
import { defineTool, type Tool, type ToolDefinition } from '../../../src/tools/tool.ts'

export const anything = { type: 'object', properties: {}, additionalProperties: true }

/** A prepared tool that takes anything, unless the fields say otherwise. */
export async function makeTool(fields: Partial<ToolDefinition> = {}): Promise<Tool> {
  const tool = defineTool({
    name: 'probe',
    description: 'A tool under test.',
    execute: () => null,
    ...fields,
    input: (fields.input ?? anything) as Record<string, unknown>,
  })
  await createRegistry([tool])
  return tool
}

/** The arguments as an in-process schema checks them. */
export async function check(input: object, text: string): Promise<CheckedArguments> {
  const tool = await makeTool({ input: input as Record<string, unknown> })
  return checkArguments(tool, text)
}

export function permitFor(tool: Tool, args: JsonObject = {}): Permit {
  const call = {
    callId: 'run_1-1-0',
    providerId: 'p0',
    turn: 1,
    index: 0,
    tool: tool.name,
    rawArgs: JSON.stringify(args),
  }
  return mintPermit({ call, tool, args: Object.freeze(args), principal: null })
}

export function contextWith(fields: Partial<ExecuteContext> = {}): ExecuteContext {
  return {
    runId: 'run_1',
    signal: new AbortController().signal,
    idempotencyKey: 'key',
    deps: undefined,
    clock: systemClock,
    onProgress: () => undefined,
    onLate: () => undefined,
    ...fields,
  }
}

/** Carries out one call of a tool made of these fields. */
export async function run(
  fields: Partial<ToolDefinition>,
  context: Partial<ExecuteContext> = {},
  args: JsonObject = {},
): Promise<Execution> {
  const tool = await makeTool(fields)
  return execute(permitFor(tool, args), contextWith(context))
}

/** A promise and the functions that settle it. */
export function deferred<Value = void>(): {
  readonly promise: Promise<Value>
  readonly resolve: (value: Value) => void
  readonly reject: (error: unknown) => void
} {
  return Promise.withResolvers<Value>()
}

/** Throws whatever it is called for. */
export function trap(): never {
  throw new Error('trap')
}

/** An object whose `then` is what the function says each time it is looked at. */
export function withThen(get: () => unknown): object {
  const name = ['t', 'hen'].join('')
  return Object.defineProperty({}, name, { get, enumerable: true })
}

/** An async generator that is at its end already. */
export function endedGenerator(value: unknown): unknown {
  return {
    next: () => Promise.resolve({ done: true, value }),
    return: () => Promise.resolve({ done: true, value }),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
