import { OpenRouter, stepCountIs, tool } from '@openrouter/agent'

import type { Prepare } from '../contestant.ts'
import { maxTurns, peerTools } from '../peer-tools.ts'
import { promptText, systemText } from '../toolbox.ts'

/** It speaks the Responses API only. */
export const prepare: Prepare = async ({ baseUrl, scenario }) => {
  const client = new OpenRouter({ apiKey: 'bench', serverURL: baseUrl })
  const tools = peerTools(scenario).map(({ name, description, schema, run }) =>
    tool({ name, description, inputSchema: schema, execute: run }),
  )
  return async () => {
    let characters = 0
    let executions = 0
    const result = client.callModel({
      model: scenario,
      instructions: systemText,
      input: promptText,
      tools,
      stopWhen: stepCountIs(maxTurns),
    })
    for await (const event of result.getFullResponsesStream()) {
      if (event.type === 'response.output_text.delta') characters += event.delta.length
      else if (event.type === 'tool.result') executions++
    }
    return { characters, executions }
  }
}
