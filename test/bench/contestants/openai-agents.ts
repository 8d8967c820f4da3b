import {
  Agent,
  OpenAIChatCompletionsModel,
  run,
  setTracingDisabled,
  tool,
  type RunContext,
} from '@openai/agents'
import OpenAI from 'openai'

import type { Prepare } from '../contestant.ts'
import { maxTurns, peerTools } from '../peer-tools.ts'
import { promptText, systemText } from '../toolbox.ts'

interface Counter {
  executions: number
}

setTracingDisabled(true)

export const prepare: Prepare = async ({ baseUrl, scenario }) => {
  const client = new OpenAI({ baseURL: baseUrl, apiKey: 'bench', maxRetries: 0 })
  const agent = new Agent<Counter>({
    name: 'bench',
    instructions: systemText,
    model: new OpenAIChatCompletionsModel(client, scenario),
    tools: peerTools(scenario).map(({ name, description, schema, run: work }) =>
      tool({
        name,
        description,
        parameters: schema,
        errorFunction: null,
        execute: async (args: unknown, context?: RunContext<Counter>) => {
          const result = await work(args)
          context!.context.executions++
          return result
        },
      }),
    ),
  })
  return async () => {
    const context: Counter = { executions: 0 }
    let characters = 0
    const stream = await run(agent, promptText, { stream: true, maxTurns, context })
    for await (const event of stream) {
      if (event.type !== 'raw_model_stream_event') continue
      if (event.data.type === 'output_text_delta') characters += event.data.delta.length
    }
    await stream.completed
    return { characters, executions: context.executions }
  }
}
