import { SallyportError } from './base/errors.ts'
import { checkOptions } from './base/options.ts'
import type { Model } from './protocol/model.ts'
import {
  anything,
  areSettings,
  checkGiven,
  isArrayOf,
  isFlag,
  isFunction,
  isModel,
  isOutput,
  isText,
  isToolChoice,
  isToolLike,
  type OptionCheck,
} from './protocol/option-checks.ts'
import type { ModelSettings, ToolChoice } from './protocol/request.ts'
import type { ScopePart } from './protocol/run-event.ts'
import type { OutputOptions } from './run/output.ts'
import type { PrepareTurn } from './run/prepare.ts'
import type { RunLimits, StopCondition } from './run/stop.ts'
import { areLimits } from './runtime-options.ts'
import { delegateOf, defineTool, toTools, type Tool, type ToolDefinition } from './tools/tool.ts'

/** An agent that other agents call as a tool. */
export interface AgentToolDefinition {
  /** Of the tool, and what the policy knows the agent by: `agents` of `who`, `per: agent`. */
  readonly name: string
  /** For the model that calls it. */
  readonly description: string
  /** All it can call, other agents included. The policy of the runtime says of each whether it may. */
  readonly tools: readonly (Tool | ToolDefinition)[]
  /** A system message. */
  readonly instructions?: string
  /** Default: that of the run that calls it. */
  readonly model?: Model
  /** What its task needs of its tools; holds together with the scopes of all runs above. */
  readonly scope?: ScopePart | readonly ScopePart[]
  /** Roles of the caller that it keeps. Default: all. */
  readonly roles?: readonly string[]
  /** Scopes of the caller that it keeps. Default: all. */
  readonly scopes?: readonly string[]
  /**
   * Bounds of one call of it, never wider than those of the run that calls it. What it uses counts
   * against all runs above too. `runTimeoutMs`: at most 3,600,000, default 600,000.
   */
  readonly limits?: Partial<RunLimits>
  /** The form its answer has to have; the result of the call is then data, else the text. */
  readonly output?: OutputOptions
  readonly stopWhen?: readonly StopCondition[]
  readonly prepareTurn?: PrepareTurn
  readonly settings?: ModelSettings
  readonly toolChoice?: ToolChoice
  /** Keeps its last turn for an answer. Default false. */
  readonly finalAnswer?: boolean
}

/** An agent as runs use it. */
export interface Agent extends Omit<AgentToolDefinition, 'tools'> {
  readonly tools: readonly Tool[]
}

const agents = new WeakMap<Tool, Agent>()

const checks: Readonly<Record<keyof AgentToolDefinition, OptionCheck>> = {
  name: isText,
  description: isText,
  tools: isArrayOf('tools', isToolLike),
  instructions: isText,
  model: isModel,
  // read when the agent is called, with the rest of the policy language
  scope: anything,
  roles: isArrayOf('names of roles', isText),
  scopes: isArrayOf('scopes', isText),
  limits: areLimits,
  output: isOutput,
  stopWhen: isArrayOf('functions', isFunction),
  prepareTurn: isFunction,
  settings: areSettings,
  toolChoice: isToolChoice,
  finalAnswer: isFlag,
}

/** Longest task in UTF-16 code units. */
const maxPrompt = 131_072

/**
 * An agent as a tool: a call of it is a run of its own, under the run that calls it, for the same
 * caller and under the same policy, which has to permit the call and every call of the agent. What
 * the agent may do is at most what everybody above it may; it shares their session, so that what
 * it reads counts as read by them. The task comes from a model and is no trusted source.
 * Throws `bad-option` and `bad-tool`.
 *
 * @example
 * ```ts
 * const researcher = agentTool({ name: 'researcher', description: 'Finds things out.', tools: [search] })
 * const runtime = createRuntime({ model, tools: [researcher, send], policy })
 * ```
 */
export function agentTool(definition: AgentToolDefinition): Tool {
  checkOptions('agentTool', definition, Object.keys(checks))
  for (const name of ['name', 'description'] as const) isText(name, definition[name])
  checks.tools('tools', definition.tools)
  checkGiven(definition, checks)
  const { description, limits, name } = definition
  const agent: Agent = Object.freeze({ ...definition, tools: toTools(definition.tools) })
  const tool = defineTool<{ prompt: string }>({
    name,
    description,
    input: {
      type: 'object',
      properties: {
        prompt: {
          type: 'string',
          minLength: 1,
          maxLength: maxPrompt,
          description: 'The task, with everything the agent needs to know: it sees nothing else.',
        },
      },
      required: ['prompt'],
      additionalProperties: false,
    },
    // a second execution of one call goes on with the run that the first one has begun
    annotations: { destructive: false, idempotent: true },
    timeoutMs: Math.min(limits?.runTimeoutMs ?? 600_000, 3_600_000),
    execute({ prompt }, context) {
      const delegate = delegateOf(context)
      if (delegate !== undefined) return delegate(prompt, context.signal)
      throw new SallyportError('bad-option', 'an agent works only in runs of `createRuntime`', {
        help: 'give it to a runtime among its `tools`',
      })
    },
  })
  agents.set(tool, agent)
  return tool
}

/** The agent behind a tool; undefined for a tool that is none. */
export function agentOf(tool: Tool | undefined): Agent | undefined {
  return tool && agents.get(tool)
}

/**
 * The tools with those of their agents, at any depth, each once. Throws `bad-tool` for two tools of
 * one name: a policy could not tell them apart.
 */
export function withToolsOfAgents(tools: readonly Tool[]): readonly Tool[] {
  const found = new Map<string, Tool>()
  const add = (tool: Tool): void => {
    const known = found.get(tool.name)
    if (known === tool) return
    if (known !== undefined) {
      throw new SallyportError('bad-tool', `two tools have the name \`${tool.name}\``, {
        help: 'make the tool once with `defineTool` and give it to both agents, or rename one',
      })
    }
    found.set(tool.name, tool)
    for (const below of agentOf(tool)?.tools ?? []) add(below)
  }
  for (const tool of tools) add(tool)
  return found.size === tools.length ? tools : [...found.values()]
}
