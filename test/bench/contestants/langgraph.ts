import { AIMessageChunk, ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { createReactAgent } from '@langchain/langgraph/prebuilt'
import { ChatOpenAI } from '@langchain/openai'

import type { Prepare } from '../contestant.ts'
import { maxTurns, peerTools } from '../peer-tools.ts'
import { promptText, systemText } from '../toolbox.ts'

export const prepare: Prepare = async ({ baseUrl, scenario }) => {
  const llm = new ChatOpenAI({
    model: scenario,
    apiKey: 'bench',
    streaming: true,
    maxRetries: 0,
    useResponsesApi: false,
    configuration: { baseURL: baseUrl },
  })
  const tools = peerTools(scenario).map(({ name, description, schema, run }) =>
    tool(async (args: unknown) => JSON.stringify(await run(args)), { name, description, schema }),
  )
  const agent = createReactAgent({ llm, tools, prompt: systemText })
  return async () => {
    let characters = 0
    let executions = 0
    const stream = await agent.stream(
      { messages: [{ role: 'user', content: promptText }] },
      // a turn is two steps of the graph
      { streamMode: 'messages', recursionLimit: 2 * maxTurns },
    )
    for await (const [message] of stream) {
      if (message instanceof AIMessageChunk) characters += message.text.length
      else if (message instanceof ToolMessage) executions++
    }
    return { characters, executions }
  }
}
