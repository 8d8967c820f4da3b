import type { JsonObject } from '../../src/base/json.ts'
import type { LoadedPolicy } from '../../src/loading/file.ts'
import { readPolicyText } from '../../src/loading/text.ts'
import type { Principal } from '../../src/protocol/principal.ts'
import type { RunEvent, StructuralEvent } from '../../src/protocol/run-event.ts'
import type { Run } from '../../src/run/run.ts'
import type { Runtime } from '../../src/runtime-handle.ts'
import type { RunOptions, RunResult, RuntimeOptions } from '../../src/runtime-options.ts'
import { createRuntime } from '../../src/runtime.ts'
import { scripted, type ScriptedModel, type ScriptedStep } from '../../src/testing/scripted.ts'
import { defineTool, type Tool, type ToolDefinition } from '../../src/tools/tool.ts'

export const user: Principal = { subject: 'user-1', roles: ['user'], scopes: [] }

/** A policy that knows the roles user, lead and guest, and allows nothing by itself. */
export function policyOf(sections: JsonObject = {}): LoadedPolicy {
  return readPolicyText(
    JSON.stringify({
      sallyport: 1,
      name: 'desk',
      identity: { anonymous: 'deny' },
      roles: { user: {}, lead: {}, guest: {} },
      rules: [],
      ...sections,
    }),
    'desk.yaml',
  )
}

export function allowing(...tools: string[]): LoadedPolicy {
  return policyOf({ rules: [{ id: 'allowed', allow: tools, who: { roles: ['user'] } }] })
}

/** A tool that takes anything and returns `done`, unless the fields say otherwise. */
export function toolOf(name: string, fields: Partial<ToolDefinition> = {}): Tool {
  return defineTool({
    name,
    description: `The tool ${name}.`,
    execute: () => 'done',
    ...fields,
    input: (fields.input ?? { type: 'object', additionalProperties: true }) as JsonObject,
  })
}

/** A tool that notes what it was called with. */
export function noting(
  name: string,
  fields: Partial<ToolDefinition> = {},
): { readonly tool: Tool; readonly calls: unknown[] } {
  const calls: unknown[] = []
  const { execute } = fields
  const tool = toolOf(name, {
    ...fields,
    execute(args, context) {
      calls.push(args)
      return execute === undefined ? 'done' : execute(args, context)
    },
  })
  return { tool, calls }
}

export interface Agent {
  readonly runtime: Runtime
  readonly model: ScriptedModel
  start(options?: Partial<RunOptions>): Run<RunResult>
}

/** A runtime over a scripted model; runs are started as `user` and end after the given turns. */
export function agentOf(
  turns: readonly ScriptedStep[],
  options: Partial<RuntimeOptions> = {},
): Agent {
  const model = scripted(turns)
  const runtime = createRuntime({
    model,
    authenticator: (given) => given as Principal,
    ...options,
  })
  const start = (run: Partial<RunOptions> = {}): Run<RunResult> =>
    runtime.run({ input: 'go', auth: { custom: user }, ...run })
  return { runtime, model, start }
}

/** How a program may look at a run; behaviours must be the same. */
export const ways = ['iterated', 'result only'] as const

export interface Finished {
  /** What was iterated, or what the journal holds. */
  readonly events: readonly RunEvent[]
  readonly recorded: readonly StructuralEvent[]
  readonly result: RunResult
}

export async function finish(
  run: Run<RunResult>,
  way: (typeof ways)[number] = 'iterated',
): Promise<Finished> {
  const seen: RunEvent[] = []
  if (way === 'iterated') for await (const event of run) seen.push(event)
  const result = await run.result()
  const recorded = await collect(run.events())
  return { events: way === 'iterated' ? seen : recorded, recorded, result }
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const collected: Item[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** The events of one type. */
export function only<Type extends RunEvent['type']>(
  events: readonly RunEvent[],
  type: Type,
): readonly Extract<RunEvent, { type: Type }>[] {
  return events.filter((event) => event.type === type) as Extract<RunEvent, { type: Type }>[]
}

export function statusesOf({ result }: Pick<Finished, 'result'>): readonly string[] {
  return result.report.rows.map((row) => row.status)
}
