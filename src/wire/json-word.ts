import type { Message } from '../protocol/message.ts'
import type { ModelRequest } from '../protocol/request.ts'

const wish = JSON.stringify({
  role: 'system',
  content: 'Answer with one JSON object and nothing else.',
})

/**
 * What has to stand before the messages of a request: OpenAI, and many hosts like it, refuse to be
 * asked for any JSON object by messages in which nobody says the word. Empty where somebody does.
 */
export function wishForJson({ messages, output }: ModelRequest): string {
  return output?.type !== 'json' || messages.some(saysJson) ? '' : wish
}

function saysJson(message: Message): boolean {
  if (message.role !== 'system' && message.role !== 'user') return false
  const { content } = message
  const texts =
    typeof content === 'string'
      ? [content]
      : content.map((part) => (part.type === 'text' ? part.text : ''))
  return texts.some((text) => /json/i.test(text))
}
