import type { Attributes } from '@opentelemetry/api'
import { shorten } from '../../base/text.ts'
import type { Message } from '../../protocol/message.ts'
import { conventional } from './names.ts'

export type ContentKind = 'input' | 'output' | 'arguments' | 'result'

/** Whether what was said is told, or what is told of it. */
export type Content = boolean | ((text: string, kind: ContentKind) => string | undefined)

/** The attributes of something that was said; none where nothing is to be told. */
export type Telling = (kind: ContentKind, said: () => unknown) => Attributes

/** UTF-16 code units. */
const maxLength = 16_384

const names: Readonly<Record<ContentKind, string>> = {
  input: conventional.inputMessages,
  output: conventional.outputMessages,
  arguments: conventional.toolArguments,
  result: conventional.toolResult,
}

export function contentOf(content: Content): Telling {
  if (content === false) return () => ({})
  return (kind, said) => {
    const text = JSON.stringify(said())
    const told = typeof content === 'function' && text !== undefined ? content(text, kind) : text
    return typeof told === 'string' ? { [names[kind]]: shorten(told, maxLength) } : {}
  }
}

/** Messages in the form of the conventions: pictures and files are only named, reasoning is left out. */
export function messageParts(messages: readonly Message[]): readonly object[] {
  return messages.map((message) => ({ role: message.role, parts: partsOf(message) }))
}

function partsOf(message: Message): readonly object[] {
  if (message.role === 'tool') {
    return [{ type: 'tool_call_response', id: message.callId, response: message.content }]
  }
  if (typeof message.content === 'string') return [{ type: 'text', content: message.content }]
  return message.content.flatMap((part): readonly object[] => {
    switch (part.type) {
      case 'text':
      case 'refusal':
        return [{ type: 'text', content: part.text }]
      case 'tool-call':
        // arguments of calls stand on their own spans, redacted as their tools demand
        return [{ type: 'tool_call', id: part.callId, name: part.tool }]
      case 'reasoning':
        return []
      default:
        return [{ type: part.type }]
    }
  })
}
