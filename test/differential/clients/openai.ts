import OpenAI from 'openai'
import { callOf, type Answer, type Asked, type Client } from '../client.ts'

function clientFor({ baseUrl }: Asked): OpenAI {
  return new OpenAI({ apiKey: 'none', baseURL: baseUrl, maxRetries: 0 })
}

const failed: Answer = { text: '', calls: [], failed: true }

export const openaiChat: Client = {
  name: 'openai',
  wire: 'chat',
  async ask(asked) {
    const body = { model: 'm', messages: [{ role: 'user' as const, content: 'hello' }] }
    try {
      const { completions } = clientFor(asked).chat
      const completion = asked.stream
        ? await completions.stream(body).finalChatCompletion()
        : await completions.create(body)
      const message = completion.choices[0]?.message
      const calls = (message?.tool_calls ?? []).filter((call) => call.type === 'function')
      return {
        text: message?.content ?? '',
        calls: calls.map(({ function: { name, arguments: text } }) => callOf(name, text)),
        failed: false,
      }
    } catch {
      return failed
    }
  },
}

export const openaiResponses: Client = {
  name: 'openai',
  wire: 'responses',
  async ask(asked) {
    const body = { model: 'm', input: 'hello', store: false }
    try {
      const { responses } = clientFor(asked)
      const response = asked.stream
        ? await responses.stream(body).finalResponse()
        : await responses.create(body)
      return {
        text: response.output_text,
        calls: response.output.flatMap((item) =>
          item.type === 'function_call' ? [callOf(item.name, item.arguments)] : [],
        ),
        failed: response.status === 'failed',
      }
    } catch {
      return failed
    }
  },
}
