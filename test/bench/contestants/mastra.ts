import { Agent } from '@mastra/core/agent'
import { createTool } from '@mastra/core/tools'

import type { Prepare } from '../contestant.ts'
import { maxTurns, peerTools } from '../peer-tools.ts'
import { promptText, systemText } from '../toolbox.ts'

export const prepare: Prepare = async ({ baseUrl, scenario }) => {
  const agent = new Agent({
    id: 'bench',
    name: 'bench',
    instructions: systemText,
    model: { id: `bench/${scenario}`, url: baseUrl, apiKey: 'bench' },
    tools: Object.fromEntries(
      peerTools(scenario).map(({ name, description, schema, run }) => [
        name,
        createTool({ id: name, description, inputSchema: schema, execute: run }),
      ]),
    ),
  })
  return async () => {
    let characters = 0
    let executions = 0
    const output = await agent.stream(promptText, { maxSteps: maxTurns })
    for await (const chunk of output.fullStream) {
      if (chunk.type === 'text-delta') characters += chunk.payload.text.length
      else if (chunk.type === 'tool-result') executions++
      else if (chunk.type === 'error' || chunk.type === 'tool-error') throw chunk.payload.error
    }
    return { characters, executions }
  }
}
