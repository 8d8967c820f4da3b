import type { Model } from '../../src/protocol/model.ts'
import type { ModelRequest } from '../../src/protocol/request.ts'
import { agentTool, type AgentToolDefinition } from '../../src/sub-agent.ts'
import { scripted, type ScriptedModel, type ScriptedStep } from '../../src/testing/scripted.ts'
import type { ScriptedCall, ScriptedTurn } from '../../src/testing/turn.ts'
import type { Tool } from '../../src/tools/tool.ts'

export interface SubAgent {
  readonly tool: Tool
  readonly model: ScriptedModel
}

/** An agent over a scripted model. */
export function subAgent(
  name: string,
  turns: readonly ScriptedStep[],
  fields: Partial<AgentToolDefinition> = {},
): SubAgent {
  const model = scripted(turns)
  const tool = agentTool({ name, description: `The agent ${name}.`, model, tools: [], ...fields })
  return { tool, model }
}

/** A call of an agent. */
export function asking(agent: string, prompt = 'do it'): ScriptedCall {
  return { tool: agent, args: { prompt } }
}

/** A model that finds each turn from the request, however many there are. */
export function answering(turnOf: (request: ModelRequest) => ScriptedTurn): Model {
  const step: ScriptedStep = (request) => turnOf(request)
  return scripted(Array.from({ length: 10_000 }, () => step))
}

/** How many results of calls a request holds. */
export function resultsIn({ messages }: ModelRequest): number {
  return messages.filter(({ role }) => role === 'tool').length
}
