import Anthropic from '@anthropic-ai/sdk'
import type { Client } from '../client.ts'

export const anthropicMessages: Client = {
  name: 'anthropic',
  wire: 'anthropic',
  async ask({ baseUrl, stream }) {
    const baseURL = baseUrl.replace(/\/v1$/, '')
    const { messages } = new Anthropic({ apiKey: 'none', baseURL, maxRetries: 0 })
    const body = { model: 'm', max_tokens: 9, messages: [{ role: 'user' as const, content: 'hi' }] }
    try {
      const message = stream
        ? await messages.stream(body).finalMessage()
        : await messages.create(body)
      return {
        text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
        calls: message.content.flatMap((block) =>
          block.type === 'tool_use' ? [{ name: block.name, args: block.input }] : [],
        ),
        failed: false,
      }
    } catch {
      return { text: '', calls: [], failed: true }
    }
  },
}
