import { SallyportError } from './base/errors.ts'
import { shorten } from './base/text.ts'
import { toTools, type JsonSchema, type Tool, type ToolDefinition } from './tools/tool.ts'
import type { GateRun } from './standalone-run.ts'

/** A tool that another program carries out. */
export interface GatedTool extends Pick<
  ToolDefinition,
  | 'name'
  | 'annotations'
  | 'facts'
  | 'requires'
  | 'timeoutMs'
  | 'sensitive'
  | 'editable'
  | 'maxResultBytes'
> {
  readonly description?: string
  /** JSON Schema of the arguments, in the words of the Model Context Protocol. */
  readonly inputSchema?: JsonSchema
  readonly outputSchema?: JsonSchema
  /** No tool of `defineTool`: nobody but a run could carry it out. */
  readonly execute?: never
  readonly input?: never
}

const members: readonly string[] = [
  'name',
  'description',
  'inputSchema',
  'outputSchema',
  'annotations',
  'facts',
  'requires',
  'timeoutMs',
  'sensitive',
  'editable',
  'maxResultBytes',
] satisfies readonly (keyof GatedTool)[]

/** What is said instead where tools are defined. */
const meant: Readonly<Record<string, string>> = {
  input: 'write `inputSchema`; what `defineTool` gives is for a runtime, which carries it out',
  output: 'write `outputSchema`',
  parameters: 'write `inputSchema`',
  input_schema: 'write `inputSchema`',
  execute: 'leave it out: whoever asks the gate carries the call out, and settles it',
}

/**
 * Tools whose execution ends when the host settles it. Throws `bad-tool` for members that would
 * count for nothing, such as a schema by another name.
 */
export function gatedTools(
  given: readonly GatedTool[],
  runs: ReadonlyMap<string, GateRun>,
): readonly Tool[] {
  return toTools(given.map((tool) => carriedOutElsewhere(tool, runs)))
}

function carriedOutElsewhere(given: GatedTool, runs: ReadonlyMap<string, GateRun>): ToolDefinition {
  const strange = Object.keys(given).find((name) => !members.includes(name))
  if (strange !== undefined) throw strangeMember(strange)
  const { inputSchema, outputSchema, description = '', ...rest } = given
  return {
    ...rest,
    description,
    input: inputSchema ?? { type: 'object' },
    ...(outputSchema === undefined ? {} : { output: outputSchema }),
    execute: (args, context) => runs.get(context.runId)!.execute(context.callId, args),
  }
}

function strangeMember(name: string): SallyportError {
  const listed = members.map((member) => `\`${member}\``).join(', ')
  const help = Object.hasOwn(meant, name) ? meant[name]! : `the members are ${listed}`
  return new SallyportError('bad-tool', `a tool of a gate has no member \`${shorten(name, 64)}\``, {
    help,
  })
}
