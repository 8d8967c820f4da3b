import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { createOpenRouter } from '@openrouter/ai-sdk-provider'
import { generateText, jsonSchema, streamText, tool, type LanguageModel, type ToolSet } from 'ai'
import type { Answer, Asked, Call, Client, WireName } from '../client.ts'

/** A provider of the AI SDK, asked through the SDK, whose tools take anything and do nothing. */
export function aiClient(
  name: string,
  wire: WireName,
  modelFor: (asked: Asked) => LanguageModel,
): Client {
  return {
    name,
    wire,
    ask: (asked) =>
      asked.stream ? streamed(modelFor(asked), asked) : whole(modelFor(asked), asked),
  }
}

function toolsFor({ tools }: Asked): ToolSet {
  const inputSchema = jsonSchema({})
  return Object.fromEntries(tools.map((name) => [name, tool({ inputSchema })]))
}

async function streamed(model: LanguageModel, asked: Asked): Promise<Answer> {
  let text = ''
  let failed = false
  const calls: Call[] = []
  const onError = (): void => {
    failed = true
  }
  const tools = toolsFor(asked)
  try {
    const result = streamText({ model, prompt: 'hello', tools, maxRetries: 0, onError })
    for await (const part of result.fullStream) {
      if (part.type === 'text-delta') text += part.text
      else if (part.type === 'error') failed = true
      else if (part.type === 'tool-call' && isOurs(part)) {
        calls.push({ name: part.toolName, args: part.input })
      }
    }
  } catch {
    failed = true
  }
  return { text, calls, failed }
}

async function whole(model: LanguageModel, asked: Asked): Promise<Answer> {
  try {
    const tools = toolsFor(asked)
    const result = await generateText({ model, prompt: 'hello', tools, maxRetries: 0 })
    const calls = result.toolCalls.filter(isOurs)
    return {
      text: result.text,
      calls: calls.map(({ toolName, input }) => ({ name: toolName, args: input })),
      failed: false,
    }
  } catch {
    return { text: '', calls: [], failed: true }
  }
}

/** Leaves out what the SDK would not run: calls it found invalid, and those the provider ran. */
function isOurs(call: {
  readonly invalid?: boolean | undefined
  readonly providerExecuted?: boolean | undefined
}): boolean {
  return call.invalid !== true && call.providerExecuted !== true
}

const key = { apiKey: 'none' }

export const aiClients: readonly Client[] = [
  aiClient('ai + openai', 'chat', ({ baseUrl: baseURL }) =>
    createOpenAI({ ...key, baseURL }).chat('m'),
  ),
  aiClient('ai + openai-compatible', 'chat', ({ baseUrl: baseURL }) =>
    createOpenAICompatible({ ...key, baseURL, name: 'local' })('m'),
  ),
  aiClient('ai + openrouter', 'chat', ({ baseUrl: baseURL }) =>
    createOpenRouter({ ...key, baseURL }).chat('m'),
  ),
  aiClient('ai + openai', 'responses', ({ baseUrl: baseURL }) =>
    createOpenAI({ ...key, baseURL }).responses('m'),
  ),
  aiClient('ai + anthropic', 'anthropic', ({ baseUrl: baseURL }) =>
    createAnthropic({ ...key, baseURL })('claude-sonnet-4-5'),
  ),
]
