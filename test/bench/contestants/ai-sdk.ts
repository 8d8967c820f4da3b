import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { isStepCount, streamText, tool } from 'ai'

import type { Prepare } from '../contestant.ts'
import { maxTurns, peerTools } from '../peer-tools.ts'
import { promptText, systemText } from '../toolbox.ts'

export const prepare: Prepare = async ({ baseUrl, scenario }) => {
  const provider = createOpenAICompatible({ name: 'bench', baseURL: baseUrl, apiKey: 'bench' })
  const model = provider(scenario)
  const tools = Object.fromEntries(
    peerTools(scenario).map(({ name, description, schema, run }) => [
      name,
      tool({ description, inputSchema: schema, execute: run }),
    ]),
  )
  return async () => {
    let characters = 0
    let executions = 0
    const result = streamText({
      model,
      tools,
      instructions: systemText,
      prompt: promptText,
      stopWhen: isStepCount(maxTurns),
      maxRetries: 0,
      telemetry: { isEnabled: false },
    })
    for await (const part of result.fullStream) {
      if (part.type === 'text-delta') characters += part.text.length
      else if (part.type === 'tool-result') executions++
      else if (part.type === 'error' || part.type === 'tool-error') throw part.error
    }
    return { characters, executions }
  }
}
